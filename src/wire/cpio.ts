/**
 * cpio archives in the "newc" form: what the Linux kernel unpacks as an initramfs. Writes and reads
 * whole archives in memory. The same entries give the same octets: inode numbers are counted, time
 * stamps are an argument, owner is root. No hard links, no check sums (the "crc" form).
 *
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 */
import { ProtocolError } from '../core/errors.ts'
import { ByteReader, ByteWriter, latin1 } from './bytes.ts'

interface EntryBase {
  /** Relative to the root, no leading slash: `bin/busybox`. */
  readonly path: string
  /** Permission bits only, e.g. `0o755`. */
  readonly mode: number
}

export type CpioEntry =
  | (EntryBase & { readonly type: 'file'; readonly octets: Uint8Array })
  | (EntryBase & { readonly type: 'directory' })
  | (EntryBase & { readonly type: 'link'; readonly target: string })
  | (EntryBase & { readonly type: 'device'; readonly major: number; readonly minor: number })

/** The file type bits of `st_mode`. A device here is always a character device. */
const typeBits = { file: 0o100000, directory: 0o040000, link: 0o120000, device: 0o020000 } as const

const magic = '070701'
const trailer = 'TRAILER!!!'

/**
 * One archive of these entries in this order (a directory must stand before what is in it).
 * `modified` is the time stamp of every entry, in seconds of the epoch.
 */
export function writeCpio(entries: readonly CpioEntry[], modified: number): Uint8Array {
  const writer = new ByteWriter(1 << 20)
  for (const [index, entry] of entries.entries()) writeEntry(writer, entry, index + 1, modified)
  writeHeader(writer, { nlink: 1 }, trailer)
  return writer.finish()
}

function writeEntry(writer: ByteWriter, entry: CpioEntry, inode: number, modified: number): void {
  const octets = contentOf(entry)
  const fields = {
    inode,
    mode: typeBits[entry.type] | entry.mode,
    nlink: entry.type === 'directory' ? 2 : 1,
    modified,
    size: octets.length,
    deviceMajor: entry.type === 'device' ? entry.major : 0,
    deviceMinor: entry.type === 'device' ? entry.minor : 0,
  }
  writeHeader(writer, fields, entry.path)
  writer.octets(octets)
  align(writer)
}

interface HeaderFields {
  readonly inode?: number
  readonly mode?: number
  readonly nlink: number
  readonly modified?: number
  readonly size?: number
  readonly deviceMajor?: number
  readonly deviceMinor?: number
}

function writeHeader(writer: ByteWriter, fields: HeaderFields, path: string): void {
  const name = new TextEncoder().encode(`${path}\0`)
  const values = [
    fields.inode ?? 0,
    fields.mode ?? 0,
    0, // uid
    0, // gid
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
  writer.text(magic + values.map((value) => value.toString(16).padStart(8, '0')).join(''))
  writer.octets(name)
  align(writer)
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
  const reader = new ByteReader(octets, 'cpio')
  const entries: CpioEntry[] = []
  for (;;) {
    const header = readHeader(reader)
    const path = new TextDecoder().decode(reader.octets(header.nameSize)).replace(/\0$/, '')
    skipPadding(reader)
    if (path === trailer) return entries
    reader.field = path
    const content = reader.octets(header.size)
    skipPadding(reader)
    entries.push(entryOf(path, header, content))
  }
}

interface Header {
  readonly mode: number
  readonly size: number
  readonly major: number
  readonly minor: number
  readonly nameSize: number
}

function readHeader(reader: ByteReader): Header {
  const found = latin1(reader.octets(magic.length))
  if (found !== magic) throw new ProtocolError(reader.field, `no newc header but "${found}"`)
  const [, mode, , , , , size, , , major, minor, nameSize] = Array.from({ length: 13 }, () =>
    readNumber(reader),
  )
  return {
    mode: mode ?? 0,
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

function entryOf(path: string, header: Header, content: Uint8Array): CpioEntry {
  const base = { path, mode: header.mode & 0o7777 }
  switch (header.mode & 0o170000) {
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
