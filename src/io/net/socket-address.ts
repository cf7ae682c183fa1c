/**
 * Addresses as the C library takes them: `struct sockaddr_in` and `struct sockaddr_in6`. Families
 * and scopes are in the host's order, which is little-endian on both CPUs we run on.
 *
 * Linux ip(7), ipv6(7).
 */
import { parseIpv4 } from '../../core/address.ts'
import { parseIpv6, splitZone } from '../../core/ipv6.ts'
import { interfaceIndex } from './interface-index.ts'

export const AF_INET = 2
export const AF_INET6 = 10

export interface SocketAddress {
  readonly family: typeof AF_INET | typeof AF_INET6
  readonly octets: Uint8Array
}

/** Undefined for what is no address, or has a zone that is no interface of ours. */
export function socketAddress(address: string, port: number): SocketAddress | undefined {
  const ipv4 = parseIpv4(address)
  if (ipv4 === undefined) return ipv6SocketAddress(address, port)
  const octets = new Uint8Array(16)
  const view = new DataView(octets.buffer)
  view.setUint16(0, AF_INET, true)
  view.setUint16(2, port)
  view.setUint32(4, ipv4)
  return { family: AF_INET, octets }
}

/** Family, port, flow label, address, scope. */
const ipv6Fields = { family: 0, port: 2, address: 8, scope: 24, length: 28 }

function ipv6SocketAddress(text: string, port: number): SocketAddress | undefined {
  const { address, zone } = splitZone(text)
  const ipv6 = parseIpv6(address)
  const scope = zone === undefined ? 0 : interfaceIndex(zone)
  if (ipv6 === undefined || scope === undefined) return undefined
  const octets = new Uint8Array(ipv6Fields.length)
  const view = new DataView(octets.buffer)
  view.setUint16(ipv6Fields.family, AF_INET6, true)
  view.setUint16(ipv6Fields.port, port)
  octets.set(ipv6, ipv6Fields.address)
  view.setUint32(ipv6Fields.scope, scope, true)
  return { family: AF_INET6, octets }
}
