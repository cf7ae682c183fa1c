/** Where what lies in the cache's folder: one place for the store and for those who look from outside. */
import { join } from 'node:path'
import { entryName } from './index-entry.ts'

/** Whole bodies, never anything else: `ab/abcdef…`, by their SHA-256. */
export function contentFolder(directory: string): string {
  return join(directory, 'content-v1')
}

/** One entry per key: `12/1234….json`. */
export function indexFolder(directory: string): string {
  return join(directory, 'index-v1')
}

/** What is being written. */
export function temporaryFolder(directory: string): string {
  return join(directory, 'tmp')
}

export function contentPath(directory: string, sha256: string): string {
  return join(contentFolder(directory), sha256.slice(0, 2), sha256)
}

export function entryPath(directory: string, key: string): string {
  const name = entryName(key)
  return join(indexFolder(directory), name.slice(0, 2), `${name}.json`)
}
