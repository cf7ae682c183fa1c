/**
 * FAT12, FAT16 and FAT32 with long names, read only.
 *
 * Source: Microsoft, FAT File System Specification, "FAT Directory Structure", "FAT Long Directory
 * Entries".
 */
import { type ByteSource, type Span, joined, readExactly } from '../byte-source.ts'
import { type FatLayout, FatTable, readFatLayout } from './fat-layout.ts'
import { Fields } from '../fields.ts'
import { FolderLists } from './folder-lists.ts'
import { type FolderNode, type ImageNode, type Volume, isName } from './image-node.ts'

const entrySize = 32
/** Octets of a folder at most: 65,536 entries. */
const largestFolder = 65_536 * entrySize

const attributes = { volume: 0x08, folder: 0x10, longName: 0x0f } as const
/** Windows NT keeps here which half of a short name is in lower case. */
const lowerCase = { name: 0x08, extension: 0x10 } as const

/** Undefined where there is no FAT file system. */
export async function openFat(source: ByteSource): Promise<Volume | undefined> {
  const layout = await readFatLayout(source)
  if (layout === undefined) return undefined
  const { bits, label } = layout
  const root = new FatReader(source, layout).root()
  return { format: `FAT${bits}`, label: label === 'NO NAME' ? '' : label, root }
}

class FatReader {
  readonly #source: ByteSource
  readonly #layout: FatLayout
  readonly #table: FatTable
  readonly #lists = new FolderLists()

  constructor(source: ByteSource, layout: FatLayout) {
    this.#source = source
    this.#layout = layout
    this.#table = new FatTable(source, layout)
  }

  root(): FolderNode {
    const { root } = this.#layout
    if ('cluster' in root) return this.#folder('', root.cluster)
    const { at: position, length } = root
    const spans = () => Promise.resolve([{ source: this.#source, position, length }])
    return { type: 'folder', name: '', list: () => this.#lists.list(0, () => this.#list(spans)) }
  }

  #folder(name: string, cluster: number): FolderNode {
    const spans = () => this.#table.chain(cluster, largestFolder)
    return { type: 'folder', name, list: () => this.#lists.list(cluster, () => this.#list(spans)) }
  }

  async #list(spans: () => Promise<readonly Span[]>): Promise<readonly ImageNode[]> {
    const content = joined(await spans())
    const octets = await readExactly(content, 0, content.size, 'FAT folder')
    this.#lists.count(Math.floor(octets.length / entrySize))
    const nodes: ImageNode[] = []
    let long: LongName | undefined
    for (let at = 0; at + entrySize <= octets.length; at += entrySize) {
      const entry = new Fields(octets.subarray(at, at + entrySize), 'FAT folder', at)
      const first = entry.u8(0)
      if (first === 0) break
      const isLong = (entry.u8(11) & 0x3f) === attributes.longName
      if (first !== 0xe5 && isLong) {
        long = withPart(long, entry)
        continue
      }
      if (first !== 0xe5) nodes.push(...this.#node(entry, long))
      long = undefined
    }
    return nodes
  }

  #node(entry: Fields, long: LongName | undefined): ImageNode[] {
    const attribute = entry.u8(11)
    if ((attribute & attributes.volume) !== 0) return []
    const name = longNameOf(long, entry) ?? shortName(entry)
    if (!isName(name)) return []
    const cluster = entry.u16(26) + (this.#layout.bits === 32 ? entry.u16(20) * 2 ** 16 : 0)
    if ((attribute & attributes.folder) !== 0) return [this.#folder(name, cluster)]
    const size = entry.u32(28)
    const open = async () => joined(size === 0 ? [] : await this.#table.chain(cluster, size, size))
    return [{ type: 'file', name, size, open }]
  }
}

/** Short names are in the code page of the first PCs: characters 128 to 255 of CP437. */
const codePage =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐' +
  '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ '

/** Parts of a long name come last first, each numbered; all carry the sum of the short one. */
interface LongName {
  readonly next: number
  readonly sum: number
  readonly text: string
}

const longNamePlaces: readonly (readonly [at: number, characters: number])[] = [
  [1, 5],
  [14, 6],
  [28, 2],
]

function withPart(long: LongName | undefined, entry: Fields): LongName | undefined {
  const order = entry.u8(0) & 0x1f
  const isLast = (entry.u8(0) & 0x40) !== 0
  const sum = entry.u8(13)
  if (!isLast && (long?.next !== order || long.sum !== sum)) return undefined
  let text = ''
  for (const [at, characters] of longNamePlaces) {
    for (let index = 0; index < characters; index++) {
      text += String.fromCharCode(entry.u16(at + index * 2))
    }
  }
  return { next: order - 1, sum, text: text + (isLast ? '' : (long?.text ?? '')) }
}

function longNameOf(long: LongName | undefined, entry: Fields): string | undefined {
  if (long?.next !== 0 || long.sum !== shortSum(entry.slice(0, 11))) return undefined
  return long.text.replace(/\0.*$/s, '')
}

function shortSum(name: Uint8Array): number {
  return name.reduce((sum, octet) => (((sum & 1) << 7) + (sum >> 1) + octet) & 0xff, 0)
}

function shortName(entry: Fields): string {
  const flags = entry.u8(12)
  const name = half(entry.slice(0, 8), (flags & lowerCase.name) !== 0)
  const extension = half(entry.slice(8, 3), (flags & lowerCase.extension) !== 0)
  return extension === '' ? name : `${name}.${extension}`
}

function half(octets: Uint8Array, isLower: boolean): string {
  const characters = Array.from(octets, (octet) =>
    octet < 128 ? String.fromCharCode(octet) : (codePage[octet - 128] ?? '?'),
  )
  const text = characters.join('').trimEnd()
  return isLower ? text.toLowerCase() : text
}
