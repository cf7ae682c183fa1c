/**
 * IPv4 and MAC addresses as values: an `Ipv4` is an unsigned 32-bit number, so ranges compare and
 * count; a `Mac` is lower-case text with colons, so it can be a key. The casts that make the brands
 * stand only here, beside their checks.
 */

declare const ipv4Brand: unique symbol
declare const macBrand: unique symbol

/** An IPv4 address as an unsigned 32-bit number. */
export type Ipv4 = number & { readonly [ipv4Brand]: true }

/** A 48-bit Ethernet address, e.g. `52:54:00:12:34:56`. */
export type Mac = string & { readonly [macBrand]: true }

/** A network and its prefix length; `network` has no host bits set. */
export interface Subnet {
  readonly network: Ipv4
  readonly prefix: number
}

/** An inclusive range of addresses. */
export interface AddressRange {
  readonly first: Ipv4
  readonly last: Ipv4
}

export const anyAddress = ipv4(0)
export const limitedBroadcast = ipv4(0xffffffff)

/** A number as an address; takes the low 32 bits. */
export function ipv4(value: number): Ipv4 {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is made here
  return (value >>> 0) as Ipv4
}

/** Dotted decimal only: no short forms, no leading zeros. Asked for each request: no pieces of text. */
export function parseIpv4(text: string): Ipv4 | undefined {
  let [value, part, digits, parts] = [0, 0, 0, 0]
  for (let at = 0; at <= text.length; at += 1) {
    const digit = text.charCodeAt(at) - zero
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && part === 0) return undefined
      part = part * 10 + digit
      digits += 1
    } else {
      const isEnd = at === text.length || text[at] === '.'
      if (!isEnd || digits === 0 || part > 255) return undefined
      value = value * 256 + part
      parts += 1
      part = 0
      digits = 0
    }
  }
  return parts === 4 ? ipv4(value) : undefined
}

const zero = 48

export function formatIpv4(address: Ipv4): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.')
}

/** Six pairs of hex digits separated by colons or dashes, or twelve digits in a row. */
export function parseMac(text: string): Mac | undefined {
  const digits = /^([0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\2){4}[0-9a-f]{2})$/i.exec(text)?.[1]
  return digits === undefined ? undefined : macFromDigits(digits.replaceAll(/[:-]/g, ''))
}

/** The first six octets, as Ethernet sends them. */
export function macFromOctets(octets: Uint8Array): Mac {
  const digits = Array.from({ length: 6 }, (_, index) => hexPair(octets[index] ?? 0))
  return macFromDigits(digits.join(''))
}

export function macOctets(mac: Mac): Uint8Array {
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16))
}

/** `52-54-00-12-34-56`: the form in PXELINUX and mboot file names. */
export function macWithDashes(mac: Mac): string {
  return mac.replaceAll(':', '-')
}

function hexPair(octet: number): string {
  return octet.toString(16).padStart(2, '0')
}

function macFromDigits(digits: string): Mac {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is made here
  return (digits.toLowerCase().match(/../g) ?? []).join(':') as Mac
}

/** `192.168.50.0/24`; host bits that are set make it undefined, so a typing slip is not guessed at. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address, length, ...rest] = text.split('/')
  if (address === undefined || length === undefined || rest.length > 0) return undefined
  const network = parseIpv4(address)
  if (network === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined
  const subnet = subnetOf(network, Number(length))
  return subnet.network === network ? subnet : undefined
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatIpv4(subnet.network)}/${subnet.prefix}`
}

/** The subnet that an address with this prefix length lies in. */
export function subnetOf(address: Ipv4, prefix: number): Subnet {
  return { network: ipv4(address & maskBits(prefix)), prefix }
}

export function contains(subnet: Subnet, address: Ipv4): boolean {
  return ipv4(address & maskBits(subnet.prefix)) === subnet.network
}

export function netmask(subnet: Subnet): Ipv4 {
  return ipv4(maskBits(subnet.prefix))
}

/** 24 for 255.255.255.0; undefined for what is no mask: its bits must stand together. */
export function prefixOfMask(mask: Ipv4): number | undefined {
  const prefix = Math.clz32(~mask)
  return mask === ipv4(maskBits(prefix)) ? prefix : undefined
}

export function broadcastAddress(subnet: Subnet): Ipv4 {
  return ipv4(subnet.network | ~maskBits(subnet.prefix))
}

function maskBits(prefix: number): number {
  return prefix === 0 ? 0 : -1 << (32 - prefix)
}
