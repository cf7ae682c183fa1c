/**
 * Sections out of an ELF file of a 64-bit little-endian machine (x86-64, ARM64): what a kernel
 * module says about itself, and what a program needs to be started.
 * Sources: ELF-64 Object File Format 1.5; System V ABI, Dynamic Linking.
 */
import { ProtocolError } from '../../core/errors.ts'
import { latin1 } from '../bytes.ts'

const sectionHeaderSize = 64

/** The content of the first section with this name, as a view; undefined where there is none. */
export function elfSection(octets: Uint8Array, name: string): Uint8Array | undefined {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  checkKind(octets)
  const table = slice(octets, offsetAt(view, 0x28), view.getUint16(0x3c, true) * sectionHeaderSize)
  const sections = sectionsOf(table)
  const names = contentOf(octets, sections[view.getUint16(0x3e, true)])
  const wanted = sections.find((section) => textAt(names, section.name) === name)
  return wanted === undefined ? undefined : contentOf(octets, wanted)
}

/** What must be there before a program or a library can be loaded. */
export interface ElfNeeds {
  /** Names of libraries: `libc.so.6`. */
  readonly libraries: readonly string[]
  /** Path of the program that loads it: `/lib64/ld-linux-x86-64.so.2`; libraries have none. */
  readonly interpreter: string | undefined
}

/** What a file is linked to; nothing where it is linked to nothing. */
export function elfNeeds(octets: Uint8Array): ElfNeeds {
  const names = elfSection(octets, '.dynstr') ?? new Uint8Array()
  const entries = elfSection(octets, '.dynamic') ?? new Uint8Array()
  const interpreter = elfSection(octets, '.interp')
  return {
    libraries: dynamicEntries(entries)
      .filter(({ tag }) => tag === dtNeeded)
      .map(({ value }) => textAt(names, value)),
    interpreter: interpreter && textAt(interpreter, 0),
  }
}

/** DT_NEEDED: its value is where the library's name starts in `.dynstr`. */
const dtNeeded = 1
const dynamicEntrySize = 16

function dynamicEntries(table: Uint8Array): { tag: number; value: number }[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  return Array.from({ length: Math.floor(table.length / dynamicEntrySize) }, (_, index) => ({
    tag: offsetAt(view, index * dynamicEntrySize),
    value: offsetAt(view, index * dynamicEntrySize + 8),
  }))
}

interface Section {
  /** Where its name starts in the table of names. */
  readonly name: number
  readonly offset: number
  readonly size: number
}

function checkKind(octets: Uint8Array): void {
  if (octets.length < 64) throw new ProtocolError('elf', `truncated at octet ${octets.length}`)
  // 7f 'E' 'L' 'F', class 2 = 64 bits, data 1 = little-endian
  if (latin1(octets.subarray(0, 6)) !== '\u007fELF\u0002\u0001') {
    throw new ProtocolError('elf', 'not a 64-bit little-endian ELF file')
  }
}

function sectionsOf(table: Uint8Array): Section[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  return Array.from({ length: table.length / sectionHeaderSize }, (_, index) => {
    const at = index * sectionHeaderSize
    return {
      name: view.getUint32(at, true),
      offset: offsetAt(view, at + 0x18),
      size: offsetAt(view, at + 0x20),
    }
  })
}

/** A 64-bit offset; what does not fit into a file that we can hold is damage. */
function offsetAt(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true))
}

function contentOf(octets: Uint8Array, section: Section | undefined): Uint8Array {
  if (section === undefined) throw new ProtocolError('elf', 'no table of section names')
  return slice(octets, section.offset, section.size)
}

function slice(octets: Uint8Array, offset: number, length: number): Uint8Array {
  if (offset + length > octets.length) {
    throw new ProtocolError('elf', `truncated at octet ${octets.length}`)
  }
  return octets.subarray(offset, offset + length)
}

function textAt(octets: Uint8Array, start: number): string {
  const end = octets.indexOf(0, start)
  return latin1(octets.subarray(start, end < 0 ? octets.length : end))
}
