/** Bodies in the cache's folder: what is there that no key names, and what keys name that is not. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { contentFolder } from './cache-layout.ts'

/** SHA-256 of every body that is there. */
export async function storedBodies(directory: string): Promise<ReadonlySet<string>> {
  const root = contentFolder(directory)
  const found = new Set<string>()
  for (const shard of await names(root)) {
    for (const name of await names(join(root, shard))) found.add(name)
  }
  return found
}

/** The index of before, one file per entry. */
export async function removeOldIndex(directory: string): Promise<void> {
  await rm(join(directory, 'index-v1'), { recursive: true, force: true })
}

/** A folder that is missing has none. */
async function names(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => [])
}
