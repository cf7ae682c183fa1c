/**
 * The machine's network interfaces: which are there now, and which of them the configuration
 * means. Only those that are up and have an address; loopback serves nobody but tests.
 *
 * Linux, proc(5): /proc/net/if_inet6.
 */
import { readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import {
  formatIpv4,
  type Ipv4,
  type Mac,
  parseIpv4,
  parseMac,
  type Subnet,
  subnetOf,
} from '../../core/address.ts'
import { formatIpv6, isLinkLocal } from '../../core/ipv6.ts'

export interface InterfaceAddress {
  readonly address: Ipv4
  readonly subnet: Subnet
}

export interface NetworkInterface {
  readonly name: string
  readonly mac: Mac
  /** IPv4. */
  readonly addresses: readonly InterfaceAddress[]
  /** IPv6 as text; link-local ones with this interface as their zone: `fe80::1%eth0`. */
  readonly ipv6: readonly string[]
  readonly loopback: boolean
  /** Largest IP packet, octets. */
  readonly mtu: number
}

/** Every interface that is up and has an address, loopback too: `selectInterfaces` chooses. */
export function listInterfaces(): NetworkInterface[] {
  const byDevice = Map.groupBy(
    Object.entries(networkInterfaces()).flatMap(([label, infos]) =>
      (infos ?? []).map((info) => ({ name: deviceOf(label), info })),
    ),
    ({ name }) => name,
  )
  const ipv6 = parseIpv6Addresses(textOf('/proc/net/if_inet6'))
  return [...byDevice].flatMap(([name, entries]) => {
    const infos = entries.map(({ info }) => info)
    return describe(name, infos, ipv6.get(name) ?? [])
  })
}

/**
 * The interfaces that the patterns mean: names, or globs such as `tap*`. Undefined means all of
 * them but loopback; loopback has to be named in full.
 */
export function selectInterfaces(
  patterns: readonly string[] | undefined,
  all: readonly NetworkInterface[],
): NetworkInterface[] {
  const isMeant = ({ name, loopback }: NetworkInterface): boolean => {
    if (patterns === undefined) return !loopback
    return patterns.some((pattern) => name === pattern || (!loopback && matchesGlob(name, pattern)))
  }
  return all.filter((candidate) => isMeant(candidate))
}

/** What a server for both families listens on. */
export function addressTexts({ addresses, ipv6 }: NetworkInterface): string[] {
  return [...addresses.map(({ address }) => formatIpv4(address)), ...ipv6]
}

/**
 * The IPv6 addresses that can be served, by interface. Not those that nobody may use yet, or ever
 * (tentative: being looked for on the link, or found there), and not temporary ones (RFC 8981):
 * they are for going out, and change every day.
 */
export function parseIpv6Addresses(table: string): ReadonlyMap<string, readonly string[]> {
  const found = table.split('\n').flatMap((row) => {
    const [digits = '', , , , flags = '', name = ''] = row.trim().split(/\s+/)
    if (name === '' || (Number.parseInt(flags, 16) & unserved) !== 0) return []
    const octets = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    return { name, address: formatIpv6(octets) + (isLinkLocal(octets) ? `%${name}` : '') }
  })
  const byName = Map.groupBy(found, ({ name }) => name)
  return new Map([...byName].map(([name, all]) => [name, all.map(({ address }) => address)]))
}

/** IFA_F_TEMPORARY and IFA_F_TENTATIVE in <linux/if_addr.h>. */
const unserved = 0x01 | 0x40

/** `eth0:1` is a label of an address of the device `eth0`. */
function deviceOf(label: string): string {
  return label.replace(/:.*$/, '')
}

function describe(
  name: string,
  infos: readonly NetworkInterfaceInfo[],
  ipv6: readonly string[],
): NetworkInterface[] {
  const addresses = infos.flatMap((info) => {
    const address = info.family === 'IPv4' ? parseIpv4(info.address) : undefined
    if (address === undefined) return []
    return [{ address, subnet: subnetOf(address, prefixOf(info)) }]
  })
  const mac = parseMac(infos[0]?.mac ?? '')
  if (mac === undefined || (addresses.length === 0 && ipv6.length === 0)) return []
  return [{ name, mac, addresses, ipv6, loopback: infos[0]?.internal === true, mtu: mtuOf(name) }]
}

function prefixOf(info: NetworkInterfaceInfo): number {
  return Number(info.cidr?.split('/')[1] ?? 32)
}

const ethernetMtu = 1500

function mtuOf(name: string): number {
  return Number(textOf(`/sys/class/net/${name}/mtu`)) || ethernetMtu
}

/** Empty where the system does not tell. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
