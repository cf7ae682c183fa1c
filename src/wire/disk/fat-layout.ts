/**
 * The boot sector and the allocation table of FAT12, FAT16 and FAT32: which clusters belong
 * together, and where they lie.
 *
 * Source: Microsoft, FAT File System Specification, "Boot Sector and BPB", "FAT Data Structure".
 */
import { ProtocolError } from '../../core/errors.ts'
import { type ByteSource, type Span, append, mostPieces, readExactly } from '../byte-source.ts'
import { Fields } from '../fields.ts'

export interface FatLayout {
  readonly bits: 12 | 16 | 32
  readonly label: string
  readonly clusterSize: number
  /** That are really there and in the table, which counts them from 2. */
  readonly clusters: number
  /** Octets from the start of the partition. */
  readonly tableAt: number
  readonly dataAt: number
  /** The root folder: a place of its own, or a chain like any other (FAT32). */
  readonly root: { readonly at: number; readonly length: number } | { readonly cluster: number }
}

/** Undefined where there is no FAT file system. */
export async function readFatLayout(source: ByteSource): Promise<FatLayout | undefined> {
  if (source.size < 512) return undefined
  const fields = new Fields(await readExactly(source, 0, 512, 'FAT boot sector'), 'FAT boot sector')
  const geometry = geometryOf(fields)
  if (geometry === undefined) return undefined
  const { sectorSize, reserved, tableSectors, tables, rootEntries, isWide } = geometry
  const rootAt = (reserved + tables * tableSectors) * sectorSize
  const dataAt = rootAt + Math.ceil((rootEntries * 32) / sectorSize) * sectorSize
  const clusterSize = geometry.perCluster * sectorSize
  const claimed = Math.floor((geometry.sectors * sectorSize - dataAt) / clusterSize)
  if (claimed < 1 || dataAt > source.size) return undefined
  const bits = isWide ? 32 : claimed < 4085 ? 12 : 16
  const inTable = Math.floor((tableSectors * sectorSize * 8) / bits) - 2
  const inSource = Math.ceil((source.size - dataAt) / clusterSize)
  return {
    bits,
    label: fields.text(isWide ? 71 : 43, 11).trim(),
    clusterSize,
    clusters: Math.min(claimed, inTable, inSource),
    tableAt: reserved * sectorSize,
    dataAt,
    root: isWide ? { cluster: fields.u32(44) } : { at: rootAt, length: rootEntries * 32 },
  }
}

interface Geometry {
  readonly sectorSize: number
  readonly perCluster: number
  readonly reserved: number
  readonly tables: number
  readonly rootEntries: number
  readonly sectors: number
  readonly tableSectors: number
  /** FAT32, as Linux tells it: the place for a short table's length is empty. */
  readonly isWide: boolean
}

/** Undefined where the values are none that a FAT can have: any other boot sector. */
function geometryOf(fields: Fields): Geometry | undefined {
  const jumps = fields.u8(0) === 0xe9 || (fields.u8(0) === 0xeb && fields.u8(2) === 0x90)
  const geometry: Geometry = {
    sectorSize: fields.u16(11),
    perCluster: fields.u8(13),
    reserved: fields.u16(14),
    tables: fields.u8(16),
    rootEntries: fields.u16(17),
    sectors: fields.u16(19) || fields.u32(32),
    tableSectors: fields.u16(22) || fields.u32(36),
    isWide: fields.u16(22) === 0,
  }
  return jumps && isPossible(geometry) ? geometry : undefined
}

function isPossible(geometry: Geometry): boolean {
  const { sectorSize, perCluster, reserved, tables, rootEntries, sectors, tableSectors } = geometry
  const sizes =
    [512, 1024, 2048, 4096].includes(sectorSize) &&
    perCluster > 0 &&
    (perCluster & (perCluster - 1)) === 0
  const counts = reserved > 0 && (tables === 1 || tables === 2) && sectors > 0 && tableSectors > 0
  return sizes && counts && geometry.isWide === (rootEntries === 0)
}

/** Octets of the table looked at at once: a multiple of what 12, 16 and 32 bits need. */
const windowSize = 48 * 1024

/** Follows chains through the table, which may be far larger than memory should be. */
export class FatTable {
  readonly #source: ByteSource
  readonly #layout: FatLayout
  #window: { readonly at: number; readonly fields: Fields } | undefined

  constructor(source: ByteSource, layout: FatLayout) {
    this.#source = source
    this.#layout = layout
  }

  /** `wanted` octets from the first cluster on; all of the chain, to that limit, without it. */
  async chain(first: number, limit: number, wanted?: number): Promise<readonly Span[]> {
    const { clusterSize, clusters, dataAt } = this.#layout
    const spans: Span[] = []
    let left = wanted ?? limit
    for (let cluster = first; left > 0;) {
      if (cluster < 2 || cluster > clusters + 1) {
        if (wanted === undefined && this.#isEnd(cluster)) break
        throw new ProtocolError(
          'FAT',
          `cluster ${cluster} is none of the ${clusters} that are there`,
        )
      }
      const length = Math.min(clusterSize, left)
      const position = dataAt + (cluster - 2) * clusterSize
      append(spans, { source: this.#source, position, length })
      if (spans.length > mostPieces) throw new ProtocolError('FAT', 'a file in too many pieces')
      left -= length
      if (left === 0 && wanted === undefined) throw new ProtocolError('FAT', 'a folder without end')
      if (left > 0) cluster = await this.#next(cluster)
    }
    return spans
  }

  #isEnd(cluster: number): boolean {
    return cluster >= { 12: 0xff8, 16: 0xfff8, 32: 0x0fff_fff8 }[this.#layout.bits]
  }

  async #next(cluster: number): Promise<number> {
    const { bits } = this.#layout
    const at = Math.floor((cluster * bits) / 8)
    const fields = await this.#windowAt(at - (at % windowSize))
    const inside = at % windowSize
    if (bits === 32) return fields.u32(inside) & 0x0fff_ffff
    if (bits === 16) return fields.u16(inside)
    const pair = fields.u8(inside) + fields.u8(inside + 1) * 256
    return cluster % 2 === 0 ? pair & 0xfff : pair >> 4
  }

  async #windowAt(at: number): Promise<Fields> {
    const { tableAt, dataAt } = this.#layout
    if (this.#window?.at !== at) {
      const length = Math.min(windowSize, dataAt - tableAt - at)
      const octets = await readExactly(this.#source, tableAt + at, length, 'FAT')
      this.#window = { at, fields: new Fields(octets, 'FAT', tableAt + at) }
    }
    return this.#window.fields
  }
}
