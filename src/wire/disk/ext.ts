/**
 * ext2, ext3 and ext4, read only: folders (also hashed ones, which read as plain ones), files and
 * symbolic links. No journal is replayed: an image comes from a machine that was switched off. No
 * encryption, no compression, no inline data.
 *
 * Source: Linux, Documentation/filesystems/ext4 (directory.rst, special_inodes.rst).
 */
import { type ByteSource, joined, readExactly } from '../byte-source.ts'
import { extSpans } from './ext-blocks.ts'
import { type ExtInode, type ExtSuperblock, readExtInode, readExtSuperblock } from './ext-layout.ts'
import { Fields } from '../fields.ts'
import { FolderLists } from './folder-lists.ts'
import { type FolderNode, type ImageNode, type Volume, isName } from './image-node.ts'

const rootInode = 2
/** Octets of a folder and of a link at most. */
const largestFolder = 16 * 1024 * 1024
const longestLink = 4096
/** A link that is shorter stands in its inode. */
const inlineLink = 60

/** Undefined where there is no ext file system; throws ProtocolError where there is a damaged one. */
export async function openExt(source: ByteSource): Promise<Volume | undefined> {
  const layout = await readExtSuperblock(source)
  if (layout === undefined) return undefined
  const reader = new ExtReader(source, layout)
  return { format: layout.format, label: layout.label, root: reader.folder('', rootInode) }
}

class ExtReader {
  readonly #source: ByteSource
  readonly #layout: ExtSuperblock
  readonly #lists = new FolderLists()

  constructor(source: ByteSource, layout: ExtSuperblock) {
    this.#source = source
    this.#layout = layout
  }

  folder(name: string, number: number): FolderNode {
    return { type: 'folder', name, list: () => this.#lists.list(number, () => this.#list(number)) }
  }

  async #list(number: number): Promise<readonly ImageNode[]> {
    const inode = await this.#inode(number)
    if (inode.type !== 'folder') throw inode.map.wrong(0, `inode ${number} is no folder`)
    if (inode.size > largestFolder) throw inode.map.wrong(0, `a folder of ${inode.size} octets`)
    const octets = await this.#whole(inode)
    const nodes: ImageNode[] = []
    for (const { name, inode: child } of this.#entries(octets, inode)) {
      nodes.push(...(await this.#node(name, child)))
    }
    return nodes
  }

  *#entries(octets: Uint8Array, { number }: ExtInode): Iterable<{ name: string; inode: number }> {
    const fields = new Fields(octets, `folder of inode ${number}`)
    const { blockSize } = this.#layout
    for (let at = 0; at < octets.length;) {
      const length = recordLength(fields.u16(at + 4), blockSize)
      const nameLength = fields.u8(at + 6)
      if (length < 8 || length % 4 !== 0 || (at % blockSize) + length > blockSize) {
        throw fields.wrong(at + 4, `an entry of ${length} octets`)
      }
      if (8 + nameLength > length) throw fields.wrong(at + 6, `a name of ${nameLength} octets`)
      this.#lists.count(1)
      const inode = fields.u32(at)
      const name = new TextDecoder().decode(fields.slice(at + 8, nameLength))
      if (inode !== 0 && isName(name)) yield { name, inode }
      at += length
    }
  }

  async #node(name: string, number: number): Promise<ImageNode[]> {
    const inode = await this.#inode(number)
    switch (inode.type) {
      case 'folder':
        return [this.folder(name, number)]
      case 'file':
        return [{ type: 'file', name, size: inode.size, open: () => this.#content(inode) }]
      case 'link':
        return [{ type: 'link', name, target: () => this.#target(inode) }]
      case 'other':
        return []
    }
  }

  async #target(inode: ExtInode): Promise<string> {
    if (inode.size > longestLink) throw inode.map.wrong(0, `a link of ${inode.size} octets`)
    const octets =
      inode.size < inlineLink && !inode.usesExtents
        ? inode.map.slice(0, inode.size)
        : await this.#whole(inode)
    return new TextDecoder().decode(octets)
  }

  async #whole(inode: ExtInode): Promise<Uint8Array> {
    return readExactly(await this.#content(inode), 0, inode.size, `inode ${inode.number}`)
  }

  async #content(inode: ExtInode): Promise<ByteSource> {
    return joined(await extSpans(this.#source, this.#layout, inode))
  }

  #inode(number: number): Promise<ExtInode> {
    return readExtInode(this.#source, this.#layout, number)
  }
}

/** 64 KiB does not fit into the field. */
function recordLength(value: number, blockSize: number): number {
  return blockSize === 65_536 && (value === 0 || value === 0xffff) ? blockSize : value
}
