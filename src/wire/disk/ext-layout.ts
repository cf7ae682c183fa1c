/**
 * Superblock, group descriptors and inodes of ext2, ext3 and ext4. Says where an inode is and what
 * stands in it; knows nothing of file contents and names.
 *
 * Source: Linux, Documentation/filesystems/ext4 (super.rst, group_descr.rst, inodes.rst).
 */
import { ProtocolError } from '../../core/errors.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { Fields } from '../fields.ts'

export interface ExtSuperblock {
  readonly format: 'ext2' | 'ext3' | 'ext4'
  readonly label: string
  readonly blockSize: number
  /** As many as really fit into the partition. */
  readonly blocks: number
  readonly inodes: number
  readonly inodesPerGroup: number
  readonly inodeSize: number
  readonly descriptorSize: number
  /** Octets from the start of the partition. */
  readonly descriptorsAt: number
}

export interface ExtInode {
  readonly number: number
  readonly type: 'file' | 'folder' | 'link' | 'other'
  readonly size: number
  readonly usesExtents: boolean
  /** The 60 octets that are block numbers, an extent tree, or a short link. */
  readonly map: Fields
}

const superblockAt = 1024
const magic = 0xef53

const compatibleJournal = 0x4
/** Features that change how files are read, by their bits. */
const incompatible = {
  extents: 0x40,
  wide: 0x80,
  /** No difference for reading: directory types, journal to replay, mmp, flex_bg, seeds, casefold… */
  harmless: 0x2 | 0x4 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x2_0000,
} as const
const fileTypes: Readonly<Record<number, ExtInode['type']>> = {
  0x8000: 'file',
  0x4000: 'folder',
  0xa000: 'link',
}
const usesExtentsFlag = 0x8_0000

/** Undefined where there is no ext file system; throws ProtocolError where there is a damaged one. */
export async function readExtSuperblock(source: ByteSource): Promise<ExtSuperblock | undefined> {
  if (source.size < superblockAt + 1024) return undefined
  const octets = await readExactly(source, superblockAt, 1024, 'ext superblock')
  const fields = new Fields(octets, 'ext superblock', superblockAt)
  if (fields.u16(56) !== magic) return undefined
  const features = fields.u32(96)
  const known = incompatible.extents | incompatible.wide | incompatible.harmless
  if ((features & ~known) !== 0) {
    throw fields.wrong(96, `features 0x${(features & ~known).toString(16)} are not known`)
  }
  const blockSize = blockSizeOf(fields)
  const hasExtents = (features & incompatible.extents) !== 0
  const hasJournal = (fields.u32(92) & compatibleJournal) !== 0
  return {
    format: hasExtents ? 'ext4' : hasJournal ? 'ext3' : 'ext2',
    label: new TextDecoder().decode(fields.slice(120, 16)).replace(/\0.*$/s, ''),
    blockSize,
    blocks: Math.floor(source.size / blockSize),
    ...inodeLayout(fields),
    descriptorSize: (features & incompatible.wide) !== 0 ? descriptorSizeOf(fields) : 32,
    descriptorsAt: (fields.u32(20) + 1) * blockSize,
  }
}

function blockSizeOf(fields: Fields): number {
  const shift = fields.u32(24)
  if (shift > 6) throw fields.wrong(24, `blocks of 2^${10 + shift} octets`)
  return 1024 << shift
}

function inodeLayout(
  fields: Fields,
): Pick<ExtSuperblock, 'inodes' | 'inodesPerGroup' | 'inodeSize'> {
  const inodesPerGroup = fields.u32(40)
  if (inodesPerGroup === 0) throw fields.wrong(40, 'no inodes in a group')
  const inodeSize = fields.u32(76) === 0 ? 128 : fields.u16(88)
  if (inodeSize < 128 || inodeSize > 4096) throw fields.wrong(88, `inodes of ${inodeSize} octets`)
  return { inodes: fields.u32(0), inodesPerGroup, inodeSize }
}

function descriptorSizeOf(fields: Fields): number {
  const size = fields.u16(254)
  if (size < 32 || size > 1024) throw fields.wrong(254, `group descriptors of ${size} octets`)
  return size
}

/** Throws ProtocolError where there is no such inode. */
export async function readExtInode(
  source: ByteSource,
  layout: ExtSuperblock,
  number: number,
): Promise<ExtInode> {
  const name = `inode ${number}`
  if (number < 1 || number > layout.inodes) throw new ProtocolError(name, 'there is no such inode')
  const group = Math.floor((number - 1) / layout.inodesPerGroup)
  const index = (number - 1) % layout.inodesPerGroup
  const at = (await inodeTable(source, layout, group)) * layout.blockSize + index * layout.inodeSize
  const fields = new Fields(await readExactly(source, at, 128, name), name, at)
  const type = fileTypes[fields.u16(0) & 0xf000] ?? 'other'
  // Sizes above 4 GiB are only of files: the same field means something else in a folder.
  const high = type === 'file' ? fields.u32(108) : 0
  const size = fields.u32(4) + high * 2 ** 32
  if (!Number.isSafeInteger(size)) throw fields.wrong(108, `${size} octets`)
  return {
    number,
    type,
    size,
    usesExtents: (fields.u32(32) & usesExtentsFlag) !== 0,
    map: new Fields(fields.slice(40, 60), name, at + 40),
  }
}

/** Block number of a group's inode table. */
async function inodeTable(
  source: ByteSource,
  { descriptorsAt, descriptorSize }: ExtSuperblock,
  group: number,
): Promise<number> {
  const at = descriptorsAt + group * descriptorSize
  const octets = await readExactly(source, at, descriptorSize, 'group descriptor')
  const fields = new Fields(octets, `group descriptor ${group}`, at)
  return fields.u32(8) + (descriptorSize >= 64 ? fields.u32(40) * 2 ** 32 : 0)
}
