/**
 * IPv6 addresses as octets and as text. Text comes in many spellings, and an IPv4 client of a socket
 * for both families has an IPv6 one, too: `plainAddress` gives each address the one text by which
 * it can be compared and be a key. Knows no interfaces: a zone (`%eth0`) is only carried along.
 *
 * RFC 4291 §2.2 (text), RFC 5952 (the one form of it), RFC 4007 §11 (zones), RFC 3986 §3.2.2.
 */
import { type Ipv4, type Mac, formatIpv4, ipv4, macFromOctets, parseIpv4 } from './address.ts'

const groups = 8

/** The 16 octets of an address without a zone; undefined for anything else. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = withoutDots(text)?.split('::') ?? []
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  if (head === undefined || halves.length > 2) return undefined
  const absent = groups - head.length - (tail?.length ?? 0)
  // `::` stands for one group at least, and without it all eight are there.
  if (tail === undefined ? absent !== 0 : absent < 1) return undefined
  const words = [...head, ...Array.from({ length: absent }, () => '0'), ...(tail ?? [])]
  if (!words.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return undefined
  return octetsOf(words.map((word) => Number.parseInt(word, 16)))
}

/** Lower case, no leading zeros, the longest run of zero groups as `::` (RFC 5952 §4). */
export function formatIpv6(octets: Uint8Array): string {
  const words = wordsOf(octets)
  const { start, length } = longestZeros(words)
  if (length < 2) return inHex(words)
  return `${inHex(words.slice(0, start))}::${inHex(words.slice(start + length))}`
}

/**
 * The one text of an address of either family: IPv4 in IPv6 (`::ffff:192.168.50.1`) is IPv4, IPv6
 * is as RFC 5952 writes it, and a zone stays. What is no address comes back as it is.
 */
export function plainAddress(text: string): string {
  const { address, zone } = splitZone(text)
  const octets = parseIpv6(address)
  if (octets === undefined) return text
  const mapped = mappedIpv4(octets)
  if (mapped !== undefined) return formatIpv4(mapped)
  return formatIpv6(octets) + (zone === undefined ? '' : `%${zone}`)
}

/** `fe80::1%eth0`: an address that is only one on its link, and which link that is. */
export function splitZone(text: string): {
  readonly address: string
  readonly zone?: string | undefined
} {
  const at = text.indexOf('%')
  return at < 0 ? { address: text } : { address: text.slice(0, at), zone: text.slice(at + 1) }
}

/** Without a zone: our name for a link means nothing at its other end. */
export function withoutZone(text: string): string {
  return splitZone(text).address
}

/** Of two families, IPv6; asks nothing more of the text. */
export function isIpv6(text: string): boolean {
  return text.includes(':')
}

/** fe80::/10: only on its own link, so never without a zone on a machine with several. */
export function isLinkLocal(octets: Uint8Array): boolean {
  return octets[0] === 0xfe && ((octets[1] ?? 0) & 0xc0) === 0x80
}

/** How a host stands in a URL: IPv6 in brackets, without the zone, which URLs do not have. */
export function hostInUrl(host: string): string {
  return isIpv6(host) ? `[${withoutZone(host)}]` : host
}

/**
 * The Ethernet address that an address was made from (RFC 4291, appendix A: `ff:fe` in its middle):
 * what kernels and iPXE do without DHCPv6. A hint, no proof: anybody may choose such an address.
 */
export function macFromEui64(octets: Uint8Array): Mac | undefined {
  if (octets[11] !== 0xff || octets[12] !== 0xfe) return undefined
  const mac = Uint8Array.of(...octets.subarray(8, 11), ...octets.subarray(13, 16))
  mac[0] = (mac[0] ?? 0) ^ universalBit
  return macFromOctets(mac)
}

const universalBit = 0x02

/** ::ffff:0:0/96, RFC 4291 §2.5.5.2. */
function mappedIpv4(octets: Uint8Array): Ipv4 | undefined {
  const words = wordsOf(octets)
  if (words[5] !== 0xffff || words.slice(0, 5).some((word) => word !== 0)) return undefined
  return ipv4(((words[6] ?? 0) << 16) | (words[7] ?? 0))
}

/** The last two groups may be written as an IPv4 address. */
function withoutDots(text: string): string | undefined {
  const at = text.lastIndexOf(':') + 1
  const last = text.slice(at)
  if (!last.includes('.')) return text
  const address = parseIpv4(last)
  if (address === undefined) return undefined
  return `${text.slice(0, at)}${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`
}

function octetsOf(words: readonly number[]): Uint8Array {
  return Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 255]))
}

function wordsOf(octets: Uint8Array): number[] {
  return Array.from({ length: groups }, (_, index) => {
    return ((octets[2 * index] ?? 0) << 8) | (octets[2 * index + 1] ?? 0)
  })
}

function inHex(words: readonly number[]): string {
  return words.map((word) => word.toString(16)).join(':')
}

/** The first of the longest runs. */
function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [index, word] of words.entries()) {
    if (word !== 0) start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  }
  return best
}
