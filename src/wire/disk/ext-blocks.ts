/**
 * Where the content of an ext inode lies: extent trees (ext4) and block maps (ext2, ext3), as spans
 * of the partition. Work and memory follow what is really mapped, never what a size claims.
 *
 * Source: Linux, Documentation/filesystems/ext4 (ifork.rst).
 */
import { type ByteSource, type Span, mostPieces, readExactly } from '../byte-source.ts'
import type { ExtInode, ExtSuperblock } from './ext-layout.ts'
import { Fields } from '../fields.ts'

/** A stretch of a file that has blocks; what lies between is zeros. Counted in blocks. */
interface Mapped {
  readonly logical: number
  readonly physical: number
  readonly count: number
}

/** The whole content, holes included. */
export async function extSpans(
  source: ByteSource,
  layout: ExtSuperblock,
  inode: ExtInode,
): Promise<readonly Span[]> {
  const reader = new MapReader(source, layout, inode)
  const mapped = inode.usesExtents ? await reader.extents() : await reader.blockMap()
  const { blockSize } = layout
  const spans: Span[] = []
  let at = 0
  for (const { logical, physical, count } of mapped) {
    const start = logical * blockSize
    const length = Math.min(count * blockSize, inode.size - start)
    if (length <= 0) break
    if (start > at) spans.push({ length: start - at })
    spans.push({ source, position: physical * blockSize, length })
    at = start + length
  }
  if (at < inode.size) spans.push({ length: inode.size - at })
  return spans
}

const extentMagic = 0xf30a
const mostDepth = 5
/** Blocks of a file's map at most: those of 16 GiB in blocks of 1 KiB. */
const mostMapBlocks = 65_536
/** An extent that is longer is reserved, and reads as zeros. */
const longestExtent = 32_768
const directBlocks = 12

class MapReader {
  readonly #source: ByteSource
  readonly #layout: ExtSuperblock
  readonly #inode: ExtInode
  readonly #mapped: Mapped[] = []
  /** Of the last stretch, in blocks: what follows may not lie before it. */
  #end = 0
  #total = 0
  #mapBlocks = 0

  constructor(source: ByteSource, layout: ExtSuperblock, inode: ExtInode) {
    this.#source = source
    this.#layout = layout
    this.#inode = inode
  }

  async extents(): Promise<readonly Mapped[]> {
    await this.#extentNode(this.#inode.map, mostDepth)
    return this.#mapped
  }

  async blockMap(): Promise<readonly Mapped[]> {
    const { map } = this.#inode
    for (let index = 0; index < directBlocks; index++) this.#add(map, index, index)
    let logical = directBlocks
    for (const [index, depth] of [1, 2, 3].entries()) {
      const block = map.u32((directBlocks + index) * 4)
      await this.#indirect(block, depth, logical)
      logical += this.#perBlock ** depth
    }
    return this.#mapped
  }

  get #perBlock(): number {
    return this.#layout.blockSize / 4
  }

  /** `depth` is the most that a node here may say: trees grow downwards only. */
  async #extentNode(node: Fields, depth: number): Promise<void> {
    if (node.u16(0) !== extentMagic) throw node.wrong(0, 'is no extent tree')
    const own = node.u16(6)
    if (own > depth) throw node.wrong(6, `a tree of depth ${own} where at most ${depth} can be`)
    for (let index = 1; index <= node.u16(2); index++) {
      const at = index * 12
      if (own === 0) this.#extent(node, at)
      else {
        const block = node.u32(at + 4) + node.u16(at + 8) * 2 ** 32
        await this.#extentNode(await this.#block(block), own - 1)
      }
    }
  }

  #extent(node: Fields, at: number): void {
    const logical = node.u32(at)
    const length = node.u16(at + 4)
    const physical = node.u32(at + 8) + node.u16(at + 6) * 2 ** 32
    if (logical < this.#end) throw node.wrong(at, 'extents are not in order')
    if (length <= longestExtent) this.#push(node, { logical, physical, count: length })
    else this.#end = logical + length - longestExtent
  }

  /** A block of block numbers; 0 is a hole as large as all that could stand below it. */
  async #indirect(block: number, depth: number, logical: number): Promise<void> {
    if (block === 0 || logical * this.#layout.blockSize >= this.#inode.size) return
    const node = await this.#block(block)
    const step = this.#perBlock ** (depth - 1)
    for (let index = 0; index < this.#perBlock; index++) {
      if (depth === 1) this.#add(node, index, logical + index)
      else await this.#indirect(node.u32(index * 4), depth - 1, logical + index * step)
    }
  }

  #add(node: Fields, index: number, logical: number): void {
    const physical = node.u32(index * 4)
    if (physical !== 0) this.#push(node, { logical, physical, count: 1 })
  }

  #push(node: Fields, next: Mapped): void {
    const { blocks } = this.#layout
    this.#total += next.count
    // Each block of the disk can stand in a file once: no file maps more than there are.
    if (next.physical + next.count > blocks || this.#total > blocks) {
      throw node.wrong(0, `block ${next.physical} lies outside the ${blocks} that are there`)
    }
    const last = this.#mapped.at(-1)
    this.#end = next.logical + next.count
    if (
      last?.logical === next.logical - (last?.count ?? 0) &&
      last.physical + last.count === next.physical
    ) {
      this.#mapped[this.#mapped.length - 1] = { ...last, count: last.count + next.count }
    } else this.#mapped.push(next)
    if (this.#mapped.length > mostPieces) throw node.wrong(0, 'the file is in too many pieces')
  }

  async #block(number: number): Promise<Fields> {
    const { blockSize, blocks } = this.#layout
    const name = `a block map of inode ${this.#inode.number}`
    if (++this.#mapBlocks > Math.min(blocks, mostMapBlocks)) {
      throw this.#inode.map.wrong(0, 'its block map goes in a ring, or is too large')
    }
    const at = number * blockSize
    return new Fields(await readExactly(this.#source, at, blockSize, name), name, at)
  }
}
