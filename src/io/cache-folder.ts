/**
 * The cache's folder as seen from outside a running service: what is in it, whether it is whole, and
 * the taking away of things. Needs no lock: the service takes a body that is gone for a miss, and
 * every file in the folder gets its name when it is complete.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { contentPath, entryPath, indexFolder } from './cache-layout.ts'
import type { IndexEntry } from './index-entry.ts'
import { type LoadedEntry, readIndex } from './index-loader.ts'

/** Least recently used first; what cannot be read is left out, and left alone. */
export function cacheEntries(directory: string): readonly LoadedEntry[] {
  return readIndex(indexFolder(directory)).loaded
}

/** `gone`: no body under that name, which is a miss and no damage. */
export type BodyState = 'whole' | 'damaged' | 'gone'

/** What a reader of much may do between two pieces of a body: wait. */
export interface ReadingPace {
  readonly pieceRead?: (octets: number) => Promise<void>
}

/** Reads all of a body and compares it with its name. */
export async function checkBody(
  directory: string,
  { sha256, size }: Pick<IndexEntry, 'sha256' | 'size'>,
  { pieceRead }: ReadingPace = {},
): Promise<BodyState> {
  const handle = await open(contentPath(directory, sha256), 'r').catch(() => undefined)
  if (handle === undefined) return 'gone'
  try {
    if ((await handle.stat()).size !== size) return 'damaged'
    const hash = createHash('sha256')
    const buffer = Buffer.allocUnsafe(pieceSize)
    for (;;) {
      const bytesRead = await readPiece(handle, buffer)
      if (bytesRead === undefined) return 'damaged'
      if (bytesRead === 0) break
      hash.update(buffer.subarray(0, bytesRead))
      await pieceRead?.(bytesRead)
    }
    return hash.digest('hex') === sha256 ? 'whole' : 'damaged'
  } finally {
    await handle.close()
  }
}

/** Undefined when the disk cannot read what it has: as bad as other octets. */
async function readPiece(handle: FileHandle, buffer: Uint8Array): Promise<number | undefined> {
  try {
    return (await handle.read(buffer, 0, buffer.length)).bytesRead
  } catch {
    return undefined
  }
}

const pieceSize = 1 << 20

/**
 * Takes an object away. Its body goes, too, even if it is another key's as well: the service has the
 * key in memory, and only a body that is gone makes it ask the origin again.
 */
export async function removeObject(
  directory: string,
  { key, sha256 }: Pick<IndexEntry, 'key' | 'sha256'>,
): Promise<void> {
  await rm(contentPath(directory, sha256), { force: true })
  await rm(entryPath(directory, key), { force: true })
}

/** Whether there is such a folder at all. */
export async function isCacheFolder(directory: string): Promise<boolean> {
  const found = await stat(indexFolder(directory)).catch(() => undefined)
  return found?.isDirectory() === true
}
