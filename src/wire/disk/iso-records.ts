/**
 * The records of an ISO 9660 folder: names, places and kinds, as plain ISO 9660, Joliet and Rock
 * Ridge write them.
 *
 * Sources: ECMA-119 §9.1; Joliet Specification; IEEE P1281 (SUSP) 1.12; IEEE P1282 (RRIP) 1.12.
 */
import { latin1 } from '../bytes.ts'
import type { Fields } from '../fields.ts'

/** Octets of a sector: of every image that people have. */
export const isoSector = 2048

/** Which names are read. */
export type IsoNames = 'plain' | 'Joliet' | 'Rock Ridge'

export interface IsoRecord {
  readonly name: string
  readonly type: 'file' | 'folder' | 'link' | 'other'
  /** Sector of the content. */
  readonly extent: number
  /** Octets. */
  readonly size: number
  /** Another record with the rest of the content follows. */
  readonly continues: boolean
  /** Of a link. */
  readonly target: string
  /** A folder that was moved here because of its depth, and is listed elsewhere. */
  readonly relocated: boolean
  /** Sector of a folder that was moved elsewhere and belongs here. */
  readonly child: number | undefined
  /** Where the rest of the system use area is: it did not fit. */
  readonly continuation: { readonly at: number; readonly length: number } | undefined
}

const flags = { folder: 0x02, multiExtent: 0x80 } as const

/** The record without its system use area; undefined for `.` and `..`. */
export function isoRecord(fields: Fields, at: number, names: IsoNames): IsoRecord | undefined {
  const nameLength = fields.u8(at + 32)
  const octets = fields.slice(at + 33, nameLength)
  if (nameLength === 1 && (octets[0] ?? 2) <= 1) return undefined
  const flag = fields.u8(at + 25)
  const isFolder = (flag & flags.folder) !== 0
  return {
    name: names === 'Joliet' ? wideName(octets) : plainName(octets),
    type: isFolder ? 'folder' : 'file',
    extent: fields.u32(at + 2) + fields.u8(at + 1),
    size: fields.u32(at + 10),
    continues: (flag & flags.multiExtent) !== 0,
    target: '',
    relocated: false,
    child: undefined,
    continuation: undefined,
  }
}

/** `VMLINUZ.;1` is shown as `vmlinuz`. */
function plainName(octets: Uint8Array): string {
  return latin1(octets).replace(/;\d*$/, '').replace(/\.$/, '').toLowerCase()
}

/** UCS-2, big-endian. */
function wideName(octets: Uint8Array): string {
  let name = ''
  for (let at = 0; at + 1 < octets.length; at += 2) {
    name += String.fromCharCode((octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0))
  }
  return name.replace(/;\d*$/, '')
}

/** What Rock Ridge has said of a record so far. */
export interface RockRidge {
  name: string | undefined
  mode: number | undefined
  target: string[]
  /** The last component of the target goes on in the next entry. */
  openTarget: boolean
  relocated: boolean
  child: number | undefined
  continuation: { at: number; length: number } | undefined
}

export function emptyRockRidge(): RockRidge {
  return {
    name: undefined,
    mode: undefined,
    target: [],
    openTarget: false,
    relocated: false,
    child: undefined,
    continuation: undefined,
  }
}

type Entry = (found: RockRidge, area: Fields, at: number, length: number) => void

const entries: Readonly<Record<string, Entry>> = {
  NM: (found, area, at, length) => {
    // `.` and `..` have flags of their own, and no name.
    if ((area.u8(at + 4) & 6) === 0) {
      found.name = (found.name ?? '') + latin1(area.slice(at + 5, length - 5))
    }
  },
  PX: (found, area, at) => (found.mode = area.u32(at + 4)),
  SL: (found, area, at, length) => readTarget(found, area, at + 5, at + length),
  RE: (found) => (found.relocated = true),
  CL: (found, area, at) => (found.child = area.u32(at + 4)),
}

/** Reads a system use area from `from` on. Octets that are none end it. */
export function readRockRidge(area: Fields, from: number, end: number, found: RockRidge): void {
  found.continuation = undefined
  for (let at = from; at + 4 <= end;) {
    const signature = area.text(at, 2)
    const length = area.u8(at + 2)
    if (length < 4 || at + length > end || signature === 'ST') return
    if (signature === 'CE') {
      const start = area.u32(at + 4) * isoSector + area.u32(at + 12)
      found.continuation = { at: start, length: area.u32(at + 20) }
    }
    entries[signature]?.(found, area, at, length)
    at += length
  }
}

const componentFlags = { continues: 1, current: 2, parent: 4, root: 8 } as const

function readTarget(found: RockRidge, area: Fields, from: number, end: number): void {
  for (let at = from; at + 2 <= end;) {
    const flag = area.u8(at)
    const length = area.u8(at + 1)
    const component = componentOf(flag, latin1(area.slice(at + 2, length)))
    const begun = found.openTarget ? (found.target.pop() ?? '') : ''
    found.target.push(begun + component)
    found.openTarget = (flag & componentFlags.continues) !== 0
    at += 2 + length
  }
}

function componentOf(flag: number, text: string): string {
  if ((flag & componentFlags.current) !== 0) return '.'
  if ((flag & componentFlags.parent) !== 0) return '..'
  return (flag & componentFlags.root) !== 0 ? '' : text
}

const fileTypes: Readonly<Record<number, IsoRecord['type']>> = {
  0x8000: 'file',
  0x4000: 'folder',
  0xa000: 'link',
}

/** The record as Rock Ridge has it. */
export function withRockRidge(record: IsoRecord, found: RockRidge): IsoRecord {
  const { name, mode, target, relocated, child } = found
  const type = mode === undefined ? record.type : (fileTypes[mode & 0xf000] ?? 'other')
  return {
    ...record,
    name: name === undefined ? record.name : utf8(name),
    type: child === undefined ? type : 'folder',
    target: utf8(target.join('/')),
    relocated,
    child,
  }
}

function utf8(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0)))
}
