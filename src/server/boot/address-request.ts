/**
 * What a machine asks to be remembered: static addresses, in the words of TinyVM's scripts in /opt.
 * Checked as far as it can be without knowing who else is there (address-book.ts does).
 */
import { z } from 'zod'
import {
  broadcastAddress,
  contains,
  parseIpv4,
  prefixOfMask,
  subnetOf,
} from '../../core/address.ts'
import { formatIpv6, isLinkLocal, parseIpv6 } from '../../core/ipv6.ts'
import type { StaticAddress, StaticIpv4 } from '../../boot/static-addresses.ts'

/** `null` is the way back: DHCP, or what routers say. A family that is not named stays as it is. */
export interface AddressChange {
  readonly ipv4?: StaticIpv4 | null | undefined
  readonly ipv6?: StaticAddress | null | undefined
}

/** The change, or what is wrong with it, one line for each value. */
export function parseAddressChange(body: unknown): AddressChange | string {
  const result = change.safeParse(body)
  if (result.success) return result.data
  return result.error.issues
    .map(({ path, message }) => `${path.at(-1)?.toString() ?? 'the request'}: ${message}`)
    .join('\n')
}

function text(isRight: (text: string) => boolean, error: string) {
  return z.string({ error }).refine(isRight, { error })
}

const ipv4Text = text((value) => isHost4(value), 'not an IPv4 address such as 192.168.50.77')
const maskText = text(
  (value) => prefixOf(value) !== undefined,
  'not a mask of 255.0.0.0 to 255.255.255.252',
)
const ipv6Text = text((value) => isHost6(value), 'not an IPv6 address such as fd77:1::77')
const routerText = text(
  (value) => isLinkLocal(parseIpv6(value) ?? new Uint8Array()),
  'not the link-local address of a router such as fe80::1',
)
const serverText = text((value) => isHost4(value) || isHost6(value), 'not an address of a server')
/** It becomes part of a kernel argument: nothing but a name. */
const domainText = text(
  (value) => /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,62})\.?)+$/i.test(value),
  'not a domain such as lab.example',
)

const staticIpv4 = z
  .object({
    address: ipv4Text,
    mask: maskText,
    broadcast: text((value) => parseIpv4(value) !== undefined, 'not an IPv4 address'),
    gateway: ipv4Text,
    dns: serverText,
    domain: domainText,
  })
  .transform(({ mask, ...rest }): StaticIpv4 => ({ ...rest, prefix: prefixOf(mask) ?? 32 }))
  .refine((wanted) => !isEdge(wanted), {
    path: ['address'],
    error: 'is the first or the last of its network, which no machine has',
  })
  .refine(({ address, prefix, gateway }) => isInside(gateway, address, prefix), {
    path: ['gateway'],
    error: 'is the address itself, or outside its network',
  })

const staticIpv6 = z
  .object({
    address: ipv6Text.transform(plain),
    prefix: text((value) => /^\d{1,3}$/.test(value), 'not a length of 1 to 128').transform(Number),
    gateway: routerText.transform(plain),
    dns: serverText,
    domain: domainText,
  })
  .refine(({ prefix }) => prefix >= 1 && prefix <= 128, {
    path: ['prefix'],
    error: 'not a length of 1 to 128',
  })

const change = z
  .strictObject({ ipv4: staticIpv4.nullish(), ipv6: staticIpv6.nullish() })
  .refine(({ ipv4: four, ipv6: six }) => four !== undefined || six !== undefined, {
    error: 'names no address',
  })

/** An address that one machine can have: neither "this network", nor loopback, nor multicast. */
function isHost4(value: string): boolean {
  const first = (parseIpv4(value) ?? 0) >>> 24
  return first !== 0 && first !== 127 && first < 224
}

/**
 * Global or unique local; link-local ones come by themselves. ::/16 has no hosts: loopback is in it,
 * and IPv4 written as IPv6 (RFC 4291 §2.5.5).
 */
function isHost6(value: string): boolean {
  const octets = parseIpv6(value)
  if (octets === undefined || isLinkLocal(octets) || octets[0] === 0xff) return false
  return octets[0] !== 0 || octets[1] !== 0
}

/** 255.255.255.0 → 24; undefined for what is no mask of a network with hosts in it. */
function prefixOf(mask: string): number | undefined {
  const bits = parseIpv4(mask)
  if (bits === undefined) return undefined
  const prefix = prefixOfMask(bits)
  return prefix !== undefined && prefix >= 8 && prefix <= 30 ? prefix : undefined
}

function isEdge({ address, prefix }: StaticIpv4): boolean {
  const host = parseIpv4(address)
  if (host === undefined) return false
  const subnet = subnetOf(host, prefix)
  return host === subnet.network || host === broadcastAddress(subnet)
}

function isInside(gateway: string, address: string, prefix: number): boolean {
  const [router, host] = [parseIpv4(gateway), parseIpv4(address)]
  if (router === undefined || host === undefined) return false
  return router !== host && contains(subnetOf(host, prefix), router)
}

function plain(value: string): string {
  const octets = parseIpv6(value)
  return octets === undefined ? value : formatIpv6(octets)
}
