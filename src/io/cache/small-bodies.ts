/**
 * Small bodies of the store that were asked for lately, in memory: opening, reading and closing a
 * file costs three times what sending a kilobyte does. Named by their SHA-256, so never stale; one
 * whose file is gone or has another size is not given, because the disk decides what is stored.
 */
import { statSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'

/** Octets; above, the kernel sends the file itself as fast. */
const largest = 64 << 10
/** Octets in all, where nobody says. */
const usualBudget = 512 << 20
/** What an entry costs beside its octets. */
const overhead = 512

/** Which body, and where it lies. */
export interface StoredBody {
  readonly sha256: string
  readonly size: number
  readonly path: string
}

export class SmallBodies {
  readonly #bodies: LRUCache<string, Uint8Array>

  constructor(budget = usualBudget) {
    this.#bodies = new LRUCache<string, Uint8Array>({
      maxSize: Math.max(1, Math.floor(budget)),
      sizeCalculation: (octets) => octets.length + overhead,
    })
  }

  find({ sha256, size, path }: StoredBody): Uint8Array | undefined {
    const octets = this.#bodies.get(sha256)
    if (octets === undefined) return undefined
    // Synchronous: the kernel has the answer in memory, and a worker thread would cost more.
    if (statSync(path, { throwIfNoEntry: false })?.size === size) return octets
    this.#bodies.delete(sha256)
    return undefined
  }

  /** The body out of its open file, kept; undefined for a large one, or if it cannot be read whole. */
  async take({ sha256, size }: StoredBody, handle: FileHandle): Promise<Uint8Array | undefined> {
    if (size > largest) return undefined
    const octets = new Uint8Array(size)
    const { bytesRead } = await handle.read(octets, 0, size, 0).catch(() => ({ bytesRead: -1 }))
    if (bytesRead < size) return undefined
    this.#bodies.set(sha256, octets)
    return octets
  }
}
