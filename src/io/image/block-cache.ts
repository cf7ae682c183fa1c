/** Remembers the blocks of a source that were read last, for sources whose every read is work. */
import { LRUCache } from 'lru-cache'
import type { ByteSource } from '../../wire/byte-source.ts'

const blockSize = 64 * 1024
/** 64 MiB for each image: what a small system boots of it, so that a rack inflates it once. */
const blocks = 1024

export function cachedSource(source: ByteSource): ByteSource {
  const cache = new LRUCache<number, Promise<Uint8Array>>({ max: blocks })
  const load = (index: number): Promise<Uint8Array> => {
    const known = cache.get(index)
    if (known !== undefined) return known
    const block = readBlock(source, index)
    cache.set(index, block)
    // What failed once may work the next time: another reader asks anew.
    block.catch(() => cache.delete(index))
    return block
  }
  return {
    size: source.size,
    read: async (buffer, position) => {
      const end = Math.min(position + buffer.length, source.size)
      const first = Math.floor(position / blockSize)
      const count = Math.max(0, Math.ceil(end / blockSize) - first)
      const loaded = await Promise.all(Array.from({ length: count }, (_, at) => load(first + at)))
      let filled = 0
      for (const [at, block] of loaded.entries()) {
        const from = at === 0 ? position % blockSize : 0
        const piece = block.subarray(from, from + buffer.length - filled)
        buffer.set(piece, filled)
        filled += piece.length
        if (block.length < blockSize) break
      }
      return filled
    },
  }
}

async function readBlock(source: ByteSource, index: number): Promise<Uint8Array> {
  const at = index * blockSize
  const block = new Uint8Array(Math.min(blockSize, source.size - at))
  return block.subarray(0, await source.read(block, at))
}
