/**
 * The PXE options inside option 43 (PXE 2.1 §2.2, table 2-2): what we say to firmware, and which
 * item of a boot menu it asks for on port 4011. Multicast TFTP (1-5) is neither read nor written.
 */
import { ByteReader, ByteWriter } from '../bytes.ts'
import { end, readOptionArea } from './option-area.ts'

const discoveryControlCode = 6
const bootItemCode = 71

/** 43.6, bit 3: load the file that this very offer names; no menu, no discovery on port 4011. */
const loadAtOnce = 8

/** 43.71: what the client picked; `layer` with bit 15 asks for credentials. */
export interface BootItem {
  readonly type: number
  readonly layer: number
}

export function encodeLoadAtOnce(): Uint8Array {
  return Uint8Array.of(discoveryControlCode, 1, loadAtOnce, end)
}

export function encodeBootItem(item: BootItem): Uint8Array {
  return new ByteWriter(7).u8(bootItemCode).u8(4).u16(item.type).u16(item.layer).u8(end).finish()
}

/** Undefined when there is none, also where 43 holds something else altogether (Raspberry Pi: text). */
export function decodeBootItem(vendorSpecific: Uint8Array | undefined): BootItem | undefined {
  const item = encapsulated(vendorSpecific).get(bootItemCode)
  if (item?.length !== 4) return undefined
  const reader = new ByteReader(item, 'boot item')
  return { type: reader.u16(), layer: reader.u16() }
}

function encapsulated(octets: Uint8Array | undefined): ReadonlyMap<number, Uint8Array> {
  try {
    return readOptionArea(octets ?? new Uint8Array(), 'option 43')
  } catch {
    return new Map() // not PXE's: the octets of option 43 belong to whoever option 60 names
  }
}
