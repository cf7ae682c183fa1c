/**
 * iPXE's own options inside option 175: the features of its build, and what we tell it.
 * Source: iPXE `features.h` and `dhcp.h`; ipxe.org/howto/dhcpd.
 */
import { readOptionArea } from './option-area.ts'

/** Codes of features that decide something here. */
export const ipxeFeature = { http: 0x13, https: 0x14, menu: 0x27 } as const

const noPxeDhcpCode = 0xb0

/** The sub-options present; empty where 175 cannot be read. */
export function decodeIpxeFeatures(octets: Uint8Array): ReadonlySet<number> {
  try {
    return new Set(readOptionArea(octets, 'option 175').keys())
  } catch {
    return new Set() // cut by a relay; 175 is there all the same
  }
}

/** 175.176 = 1: do not wait for offers of a proxy. Saves 2 s; never said beside another server. */
export function encodeNoPxeDhcp(): Uint8Array {
  return Uint8Array.of(noPxeDhcpCode, 1, 1)
}
