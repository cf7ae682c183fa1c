/** Where what lies in the cache's folder: one place for the store and for those who look from outside. */
import { join } from 'node:path'

/** Whole bodies, never anything else: `ab/abcdef…`, by their SHA-256. */
export function contentFolder(directory: string): string {
  return join(directory, 'content-v1')
}

/** Which key has which body: `index-journal.ts`. */
export function indexFile(directory: string): string {
  return join(directory, 'index-v2')
}

/** What is being written. */
export function temporaryFolder(directory: string): string {
  return join(directory, 'tmp')
}

export function contentPath(directory: string, sha256: string): string {
  return join(contentFolder(directory), sha256.slice(0, 2), sha256)
}
