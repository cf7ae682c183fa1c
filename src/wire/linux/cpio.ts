/**
 * cpio archives in the "newc" form: what the Linux kernel unpacks as an initramfs. Writes and reads
 * whole archives in memory. The same entries give the same octets: inode numbers are counted, time
 * stamps are an argument, owner is root unless an entry says otherwise. No hard links, no check
 * sums (the "crc" form). Archives that are larger than memory should be: cpio-source.ts.
 *
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 */
import { ProtocolError } from '../../core/errors.ts'
import { ByteReader, ByteWriter, latin1 } from '../bytes.ts'

export interface CpioEntryBase {
  /** Relative to the root, no leading slash: `bin/busybox`. */
  readonly path: string
  /** Permission bits only, e.g. `0o755`. */
  readonly mode: number
  /** By default root. */
  readonly owner?: { readonly user: number; readonly group: number } | undefined
}

export type CpioEntry =
  | (CpioEntryBase & { readonly type: 'file'; readonly octets: Uint8Array })
  | (CpioEntryBase & { readonly type: 'directory' })
  | (CpioEntryBase & { readonly type: 'link'; readonly target: string })
  | (CpioEntryBase & { readonly type: 'device'; readonly major: number; readonly minor: number })

/** The file type bits of `st_mode`. A device here is always a character device. */
const typeBits = { file: 0o100000, directory: 0o040000, link: 0o120000, device: 0o020000 } as const

const typeMask = 0o170000
const magic = '070701'
/** The name of the entry that ends an archive. */
export const trailer = 'TRAILER!!!'

/**
 * One archive of these entries in this order (a directory must stand before what is in it).
 * `modified` is the time stamp of every entry, in seconds of the epoch.
 */
export function writeCpio(entries: readonly CpioEntry[], modified: number): Uint8Array {
  const writer = new ByteWriter(1 << 20)
  for (const [index, entry] of entries.entries()) {
    const octets = contentOf(entry)
    writer.octets(cpioHead(entry, { inode: index + 1, modified, size: octets.length }))
    writer.octets(octets)
    align(writer)
  }
  writer.octets(cpioTrailer())
  return writer.finish()
}

export interface CpioMeasures {
  /** Counted from 1; any number that is no other entry's. */
  readonly inode: number
  /** Seconds of the epoch. */
  readonly modified: number
  /** Octets of the content. */
  readonly size: number
}

/** What stands before the content of an entry: header and name. */
export function cpioHead(entry: CpioHeadEntry, measures: CpioMeasures): Uint8Array {
  const fields = {
    ...measures,
    mode: typeBits[entry.type] | entry.mode,
    owner: entry.owner,
    nlink: entry.type === 'directory' ? 2 : 1,
    deviceMajor: entry.major,
    deviceMinor: entry.minor,
  }
  return headerOf(fields, entry.path)
}

/** An entry without its content. */
export interface CpioHeadEntry extends CpioEntryBase {
  readonly type: CpioEntry['type']
  /** Of a device. */
  readonly major?: number | undefined
  readonly minor?: number | undefined
}

/** What ends an archive. */
export function cpioTrailer(): Uint8Array {
  return headerOf({ nlink: 1 }, trailer)
}

interface HeaderFields {
  readonly inode?: number
  readonly mode?: number
  readonly owner?: CpioEntryBase['owner']
  readonly nlink: number
  readonly modified?: number
  readonly size?: number
  readonly deviceMajor?: number | undefined
  readonly deviceMinor?: number | undefined
}

function headerOf(fields: HeaderFields, path: string): Uint8Array {
  const name = new TextEncoder().encode(`${path}\0`)
  const values = [
    fields.inode ?? 0,
    fields.mode ?? 0,
    fields.owner?.user ?? 0,
    fields.owner?.group ?? 0,
    fields.nlink,
    fields.modified ?? 0,
    fields.size ?? 0,
    0, // major and minor number of the file system it came from
    0,
    fields.deviceMajor ?? 0,
    fields.deviceMinor ?? 0,
    name.length,
    0, // check sum, unused in this form
  ]
  const large = values.find((value) => value > 0xffff_ffff)
  if (large !== undefined) throw new ProtocolError(path, `${large} does not fit into a cpio header`)
  const writer = new ByteWriter()
  writer.text(magic + values.map((value) => value.toString(16).padStart(8, '0')).join(''))
  writer.octets(name)
  align(writer)
  return writer.finish()
}

/** Names and contents both end on a multiple of four octets. */
function align(writer: ByteWriter): void {
  writer.zeros((4 - (writer.length % 4)) % 4)
}

function contentOf(entry: CpioEntry): Uint8Array {
  if (entry.type === 'file') return entry.octets
  return new TextEncoder().encode(entry.type === 'link' ? entry.target : '')
}

/** The entries of one archive; throws ProtocolError where it is damaged. */
export function readCpio(octets: Uint8Array): CpioEntry[] {
  const entries = rawEntries(new ByteReader(octets, 'cpio'))
  return [...entries].map(({ path, header, content }) => entryOf(path, header, content))
}

/** Entries looked through at most, those that end an archive among them. */
const mostEntries = 50_000

/**
 * Paths of the folders in an initramfs, without a leading `./`: of all archives that stand one after
 * the other in it. Throws ProtocolError where one is damaged, or there are too many entries.
 */
export function readCpioFolders(octets: Uint8Array): string[] {
  const reader = new ByteReader(octets, 'cpio')
  const paths: string[] = []
  let entries = 0
  const count = (): void => {
    if (++entries > mostEntries) throw new ProtocolError('cpio', 'too many entries')
  }
  for (;;) {
    count()
    for (const { path, header } of rawEntries(reader)) {
      count()
      if ((header.mode & typeMask) !== typeBits.directory) continue
      paths.push(path.replace(/^(\.?\/)+/, ''))
    }
    const next = afterZeros(octets, reader.position)
    if (next === undefined) return paths
    reader.octets(next - reader.position)
  }
}

/** Where the next archive begins; undefined at the end. */
function afterZeros(octets: Uint8Array, from: number): number | undefined {
  for (let at = from; at < octets.length; at++) if (octets[at] !== 0) return at
  return undefined
}

interface RawEntry {
  readonly path: string
  readonly header: CpioHeader
  readonly content: Uint8Array
}

function* rawEntries(reader: ByteReader): Iterable<RawEntry> {
  for (;;) {
    const header = readCpioHeader(reader)
    const path = new TextDecoder().decode(reader.octets(header.nameSize)).replace(/\0$/, '')
    skipPadding(reader)
    if (path === trailer) return
    reader.field = path
    const content = reader.octets(header.size)
    skipPadding(reader)
    yield { path, header, content }
  }
}

/** What stands before an entry's name. */
export interface CpioHeader {
  readonly mode: number
  readonly user: number
  readonly group: number
  readonly size: number
  readonly major: number
  readonly minor: number
  readonly nameSize: number
}

/** Of one entry; throws ProtocolError where it is none. */
export function readCpioHeader(reader: ByteReader): CpioHeader {
  const found = latin1(reader.octets(magic.length))
  if (found !== magic) throw new ProtocolError(reader.field, `no newc header but "${found}"`)
  const [, mode, user, group, , , size, , , major, minor, nameSize] = Array.from(
    { length: 13 },
    () => readNumber(reader),
  )
  return {
    mode: mode ?? 0,
    user: user ?? 0,
    group: group ?? 0,
    size: size ?? 0,
    major: major ?? 0,
    minor: minor ?? 0,
    nameSize: nameSize ?? 0,
  }
}

function readNumber(reader: ByteReader): number {
  const digits = latin1(reader.octets(8))
  if (!/^[0-9a-f]{8}$/i.test(digits)) {
    throw new ProtocolError(reader.field, `"${digits}" is no hexadecimal number`)
  }
  return Number.parseInt(digits, 16)
}

function skipPadding(reader: ByteReader): void {
  reader.octets((4 - (reader.position % 4)) % 4)
}

function entryOf(path: string, header: CpioHeader, content: Uint8Array): CpioEntry {
  const { user, group } = header
  const owner = user === 0 && group === 0 ? {} : { owner: { user, group } }
  const base = { path, mode: header.mode & 0o7777, ...owner }
  switch (header.mode & typeMask) {
    case typeBits.directory:
      return { ...base, type: 'directory' }
    case typeBits.link:
      return { ...base, type: 'link', target: new TextDecoder().decode(content) }
    case typeBits.device:
      return { ...base, type: 'device', major: header.major, minor: header.minor }
    case typeBits.file:
      return { ...base, type: 'file', octets: content }
    default:
      throw new ProtocolError(path, `file type ${header.mode.toString(8)} is not supported`)
  }
}
