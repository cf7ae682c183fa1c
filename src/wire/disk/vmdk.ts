/**
 * A sparse VMDK extent as the disk that it holds: stream-optimised, as OVAs have it, or plain
 * ("hosted sparse"). Grains are read, and unpacked, only when they are asked for. Opens no other
 * file and unpacks nothing itself: inflating is an argument.
 *
 * Source: VMware, Virtual Disk Format 5.0, "Hosted Sparse Extents", "Stream-Optimized Compressed
 * Sparse Extents".
 */
import { ProtocolError } from '../../core/errors.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { Fields } from '../fields.ts'

/** Unpacks zlib data of at most `limit` octets; rejects where it is damaged or holds more. */
export type Inflate = (octets: Uint8Array, limit: number) => Promise<Uint8Array>

const sector = 512
const headerMagic = 'KDMV'
const flags = { compressed: 1 << 16, markers: 1 << 17 } as const
/** Octets of a grain: the format's usual is 64 KiB. */
const grainLimits = { least: 4096, most: 4 * 1024 * 1024 } as const
/** Octets of the disk that VMware's products can make at most. */
const largestDisk = 62 * 2 ** 40

interface Layout {
  /** Octets of the disk. */
  readonly size: number
  readonly grainSize: number
  readonly tableEntries: number
  /** Sector numbers of the grain tables; 0 where there is none. */
  readonly directory: Fields
  readonly compressed: boolean
}

export function isSparseVmdk(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(0, 4)) === headerMagic
}

/** The text embedded in the extent; empty where there is none. */
export async function embeddedDescriptor(source: ByteSource): Promise<string> {
  const header = await readHeader(source, 0)
  const position = header.u64(28) * sector
  const length = header.u64(36) * sector
  if (position === 0 || length === 0) return ''
  if (length > 1024 * 1024) throw header.wrong(36, `a descriptor of ${length} octets`)
  return new TextDecoder().decode(await readExactly(source, position, length, 'VMDK descriptor'))
}

/** The disk in the extent. Throws ProtocolError saying what is damaged, and where. */
export async function openSparseVmdk(source: ByteSource, inflate: Inflate): Promise<ByteSource> {
  const layout = await readLayout(source)
  const grains = new Grains(source, layout, inflate)
  return {
    size: layout.size,
    read: async (buffer, position) => {
      const end = Math.min(position + buffer.length, layout.size)
      for (let at = position; at < end;) {
        const inGrain = at % layout.grainSize
        const length = Math.min(layout.grainSize - inGrain, end - at)
        const target = buffer.subarray(at - position, at - position + length)
        await grains.read(target, Math.floor(at / layout.grainSize), inGrain)
        at += length
      }
      return Math.max(0, end - position)
    },
  }
}

async function readHeader(source: ByteSource, at: number): Promise<Fields> {
  const header = new Fields(await readExactly(source, at, sector, 'VMDK header'), 'VMDK header', at)
  if (header.text(0, 4) !== headerMagic) throw header.wrong(0, 'is no sparse VMDK extent')
  const version = header.u32(4)
  if (version < 1 || version > 3) throw header.wrong(4, `version ${version} is not known`)
  return header
}

async function readLayout(source: ByteSource): Promise<Layout> {
  const first = await readHeader(source, 0)
  const header = isAtEnd(first) ? await readFooter(source) : first
  const size = header.u64(12) * sector
  const grainSize = header.u64(20) * sector
  const tableEntries = header.u32(44)
  const { least, most } = grainLimits
  if (size === 0 || size > largestDisk) throw header.wrong(12, `a disk of ${size} octets`)
  if (grainSize < least || grainSize > most || (grainSize & (grainSize - 1)) !== 0) {
    throw header.wrong(20, `grains of ${grainSize} octets`)
  }
  if (tableEntries < 1 || tableEntries > 4096) {
    throw header.wrong(44, `grain tables of ${tableEntries} entries`)
  }
  const tables = Math.ceil(size / (grainSize * tableEntries))
  const at = header.u64(56) * sector
  const octets = await readExactly(source, at, tables * 4, 'VMDK grain directory')
  const directory = new Fields(octets, 'VMDK grain directory', at)
  const compressed = (first.u32(8) & flags.compressed) !== 0
  if (compressed && first.u16(77) !== 1) throw first.wrong(77, 'its compression is not known')
  return { size, grainSize, tableEntries, directory, compressed }
}

/** Its writer streamed it, and knew only at the end where the directory is: GD_AT_END. */
function isAtEnd(header: Fields): boolean {
  return header.u32(56) === 0xffff_ffff && header.u32(60) === 0xffff_ffff
}

/** The footer stands before the end-of-stream marker, which is the last sector. */
async function readFooter(source: ByteSource): Promise<Fields> {
  const at = source.size - 2 * sector
  if (at < sector) throw new ProtocolError('VMDK footer', `is cut off at octet ${source.size}`)
  try {
    return await readHeader(source, at)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new ProtocolError('VMDK footer', `is not there (at octet ${at}): the file is not whole`)
  }
}

class Grains {
  readonly #source: ByteSource
  readonly #layout: Layout
  readonly #inflate: Inflate
  /** The grain table used last: neighbours share it. */
  #table: { readonly index: number; readonly fields: Promise<Fields> } | undefined

  constructor(source: ByteSource, layout: Layout, inflate: Inflate) {
    this.#source = source
    this.#layout = layout
    this.#inflate = inflate
  }

  /** Fills `target` from the grain's octet `from`. */
  async read(target: Uint8Array, grain: number, from: number): Promise<void> {
    const at = await this.#find(grain)
    if (at === 0) target.fill(0)
    else if (this.#layout.compressed) await this.#readCompressed(target, at, from)
    else {
      const position = at + from
      target.set(await readExactly(this.#source, position, target.length, 'VMDK grain'))
    }
  }

  /** Where the grain lies; 0 where it was never written. */
  async #find(grain: number): Promise<number> {
    const { tableEntries, directory } = this.#layout
    const index = Math.floor(grain / tableEntries)
    const at = directory.u32(index * 4)
    if (at === 0) return 0
    if (this.#table?.index !== index) {
      const fields = this.#readTable(at * sector)
      this.#table = { index, fields }
      fields.catch(() => (this.#table = undefined)) // the disk may read the next time
    }
    const sectorNumber = (await this.#table.fields).u32((grain % tableEntries) * 4)
    // 1 stands for a grain of zeros, where the header allows it.
    return sectorNumber <= 1 ? 0 : sectorNumber * sector
  }

  async #readTable(at: number): Promise<Fields> {
    const length = this.#layout.tableEntries * 4
    return new Fields(
      await readExactly(this.#source, at, length, 'VMDK grain table'),
      'VMDK grain table',
      at,
    )
  }

  async #readCompressed(target: Uint8Array, at: number, from: number): Promise<void> {
    const { grainSize } = this.#layout
    const head = new Fields(await readExactly(this.#source, at, 12, 'VMDK grain'), 'VMDK grain', at)
    const length = head.u32(8)
    // What cannot be made smaller grows a little.
    if (length === 0 || length > grainSize + 4096)
      throw head.wrong(8, `${length} octets in a grain`)
    const packed = await readExactly(this.#source, at + 12, length, 'VMDK grain')
    const octets = await this.#inflate(packed, grainSize).catch(() => {
      throw head.wrong(12, 'it is damaged')
    })
    if (octets.length < from + target.length) {
      throw head.wrong(12, `it holds ${octets.length} octets instead of ${grainSize}`)
    }
    target.set(octets.subarray(from, from + target.length))
  }
}
