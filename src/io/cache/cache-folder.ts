/**
 * The cache's folder as seen from outside a running service: what is in it, whether it is whole, and
 * the taking away of things. Needs no lock: it never writes, the service takes a body that is gone
 * for a miss, and every body gets its name when it is complete.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { contentPath } from './cache-layout.ts'
import type { IndexEntry } from './index-entry.ts'
import { type LoadedEntry, readIndex } from './index-journal.ts'

/** Least recently used first; of what has its body. */
export function cacheEntries(directory: string): readonly LoadedEntry[] {
  return readIndex(directory).filter(({ entry }) =>
    existsSync(contentPath(directory, entry.sha256)),
  )
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
 * Takes a body away, and with it every object that has it: what has no body is a miss for the
 * service, which then asks the origin again.
 */
export async function removeBody(
  directory: string,
  { sha256 }: Pick<IndexEntry, 'sha256'>,
): Promise<void> {
  await rm(contentPath(directory, sha256), { force: true })
}
