/**
 * ISO 9660, read in place: Rock Ridge names and links where there are any, else Joliet's, else the
 * plain ones in lower case; files of several extents. No UDF, no zisofs.
 *
 * Sources: ECMA-119 (ISO 9660), and those of iso-records.ts.
 */
import { ProtocolError } from '../../core/errors.ts'
import { type ByteSource, type Span, joined, readExactly } from '../byte-source.ts'
import { type BootImage, readBootImages } from './el-torito.ts'
import { Fields } from '../fields.ts'
import { FolderLists } from './folder-lists.ts'
import { type FolderNode, type ImageNode, type Volume, isName } from './image-node.ts'
import {
  type IsoNames,
  type IsoRecord,
  emptyRockRidge,
  isoRecord,
  isoSector,
  readRockRidge,
  withRockRidge,
} from './iso-records.ts'

const firstDescriptor = 16
const mostDescriptors = 64
const largestFolder = 16 * 1024 * 1024
/** Continuations of one record's system use area, and octets of each, at most. */
const mostContinuations = 32

export interface IsoVolume extends Volume {
  /** Who made it, as VIC's images say and are told by. */
  readonly publisher: string
  /** What BIOS and UEFI start from it as from a disc. */
  bootImages(): Promise<readonly BootImage[]>
}

/** Undefined where there is no ISO 9660; throws ProtocolError where there is a damaged one. */
export async function openIso(source: ByteSource): Promise<IsoVolume | undefined> {
  const { primary, joliet, catalog } = await readDescriptors(source)
  if (primary === undefined) return undefined
  checkWhole(source, primary)
  const reader = new IsoReader(source)
  const skip = await reader.rockRidgeSkip(rootOf(primary))
  const names: IsoNames =
    skip !== undefined ? 'Rock Ridge' : joliet === undefined ? 'plain' : 'Joliet'
  const descriptor = names === 'Joliet' && joliet !== undefined ? joliet : primary
  return {
    format: `ISO 9660${names === 'plain' ? '' : ` with ${names}`}`,
    label: primary.text(40, 32).trim(),
    publisher: primary.text(318, 128).trim(),
    bootImages: async () => (catalog === undefined ? [] : readBootImages(source, catalog)),
    root: reader.folder('', rootOf(descriptor), { names, skip: skip ?? 0 }),
  }
}

/** What writers put behind the end, and people cut off: 150 sectors. */
const padding = 150 * isoSector

/** A disc that was copied only in part looks right in its folders. */
function checkWhole(source: ByteSource, primary: Fields): void {
  const size = primary.u32(80) * isoSector
  if (source.size >= size - padding) return
  throw primary.wrong(80, `the disc has ${size} octets, of which ${source.size} are there`)
}

interface Descriptors {
  readonly primary?: Fields
  readonly joliet?: Fields
  /** Sector of the boot catalog. */
  readonly catalog?: number
}

async function readDescriptors(source: ByteSource): Promise<Descriptors> {
  let found: Descriptors = {}
  for (let index = 0; index < mostDescriptors; index++) {
    const at = (firstDescriptor + index) * isoSector
    if (at + isoSector > source.size) break
    const octets = await readExactly(source, at, isoSector, 'volume descriptor')
    const fields = new Fields(octets, 'volume descriptor', at)
    if (fields.text(1, 5) !== 'CD001') break
    const type = fields.u8(0)
    if (type === 255) break
    if (type === 1 && found.primary === undefined) found = { ...found, primary: fields }
    if (type === 2 && /^%\/[@CE]/.test(fields.text(88, 3))) found = { ...found, joliet: fields }
    if (type === 0 && fields.text(7, 23) === 'EL TORITO SPECIFICATION') {
      found = { ...found, catalog: fields.u32(71) }
    }
  }
  return found
}

interface Place {
  readonly extent: number
  readonly size: number
}

/** The root's own record stands in the descriptor. */
function rootOf(descriptor: Fields): Place {
  const blockSize = descriptor.u16(128)
  if (blockSize !== isoSector) throw descriptor.wrong(128, `blocks of ${blockSize} octets`)
  return { extent: descriptor.u32(156 + 2), size: descriptor.u32(156 + 10) }
}

interface Reading {
  readonly names: IsoNames
  /** Octets before each system use area. */
  readonly skip: number
}

class IsoReader {
  readonly #source: ByteSource
  readonly #lists = new FolderLists()

  constructor(source: ByteSource) {
    this.#source = source
  }

  folder(name: string, place: Place, reading: Reading): FolderNode {
    const { extent, size } = place
    const read = () => this.#list(place, reading)
    return { type: 'folder', name, list: () => this.#lists.list(`${extent} ${size}`, read) }
  }

  /** Octets to skip in system use areas; undefined where the image has no Rock Ridge. */
  async rockRidgeSkip(root: Place): Promise<number | undefined> {
    const fields = await this.#records(root)
    const from = systemUseOf(fields, 0)
    const end = fields.u8(0)
    if (from + 7 > end || fields.text(from, 2) !== 'SP') return undefined
    // Somebody else's use of the same area has neither.
    return /RR|PX|ER|CE/.test(fields.text(from, end - from)) ? fields.u8(from + 6) : undefined
  }

  async #records({ extent, size }: Place): Promise<Fields> {
    const at = extent * isoSector
    const name = `folder at sector ${extent}`
    if (size > largestFolder) throw new ProtocolError(name, `${size} octets are too many`)
    return new Fields(await readExactly(this.#source, at, size, name), name, at)
  }

  async #list(place: Place, reading: Reading): Promise<readonly ImageNode[]> {
    const fields = await this.#records(place)
    const nodes: ImageNode[] = []
    let spans: Span[] = []
    for (let at = 0; at < fields.octets.length;) {
      const length = fields.u8(at)
      if (length === 0) {
        at = (Math.floor(at / isoSector) + 1) * isoSector // records do not cross sectors
        continue
      }
      if (length < 34 || 33 + fields.u8(at + 32) > length) {
        throw fields.wrong(at, `a record of ${length} octets`)
      }
      this.#lists.count(1)
      const record = await this.#record(fields, at, reading)
      at += length
      if (record === undefined || record.relocated || !isName(record.name)) continue
      spans.push({
        source: this.#source,
        position: record.extent * isoSector,
        length: record.size,
      })
      if (record.continues) continue
      nodes.push(...(await this.#node(record, spans, reading)))
      spans = []
    }
    return nodes
  }

  async #record(fields: Fields, at: number, reading: Reading): Promise<IsoRecord | undefined> {
    const record = isoRecord(fields, at, reading.names)
    if (record === undefined || reading.names !== 'Rock Ridge') return record
    const found = emptyRockRidge()
    const end = at + fields.u8(at)
    readRockRidge(fields, systemUseOf(fields, at) + reading.skip, end, found)
    for (let count = 0; found.continuation !== undefined; count++) {
      const { at: start, length } = found.continuation
      if (count === mostContinuations || length > isoSector) {
        throw fields.wrong(at, 'its system use area has no end')
      }
      const octets = await readExactly(this.#source, start, length, 'system use area')
      readRockRidge(new Fields(octets, 'system use area', start), 0, length, found)
    }
    return withRockRidge(record, found)
  }

  async #node(record: IsoRecord, spans: readonly Span[], reading: Reading): Promise<ImageNode[]> {
    const { name, type, target, child, extent, size } = record
    switch (type) {
      case 'folder': {
        const place = child === undefined ? { extent, size } : await this.#moved(child)
        return [this.folder(name, place, reading)]
      }
      case 'link':
        return [{ type: 'link', name, target: () => Promise.resolve(target) }]
      case 'file': {
        const content = joined(spans)
        const end = Math.max(...spans.map(({ position = 0, length }) => position + length))
        const open = async () => {
          if (end <= this.#source.size) return content
          throw new ProtocolError(name, `ends at octet ${end}, behind the end of the disc`)
        }
        return [{ type: 'file', name, size: content.size, open }]
      }
      case 'other':
        return []
    }
  }

  /** A folder that lies elsewhere says its size in its own first record. */
  async #moved(extent: number): Promise<Place> {
    const at = extent * isoSector
    const octets = await readExactly(this.#source, at, 34, `folder at sector ${extent}`)
    return { extent, size: new Fields(octets, `folder at sector ${extent}`, at).u32(10) }
  }
}

/** Behind the name, which is padded to an even place. */
function systemUseOf(fields: Fields, at: number): number {
  const nameLength = fields.u8(at + 32)
  return at + 33 + nameLength + ((nameLength + 1) % 2)
}
