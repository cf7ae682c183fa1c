/**
 * The machine's network interfaces: which are there now, and which of them the configuration
 * means. Only those that are up and have an IPv4 address; loopback serves nobody but tests.
 */
import { readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { type Ipv4, type Mac, parseIpv4, parseMac, type Subnet, subnetOf } from '../core/address.ts'

export interface InterfaceAddress {
  readonly address: Ipv4
  readonly subnet: Subnet
}

export interface NetworkInterface {
  readonly name: string
  readonly mac: Mac
  /** At least one. */
  readonly addresses: readonly InterfaceAddress[]
  readonly loopback: boolean
  /** Largest IP packet, octets. */
  readonly mtu: number
}

/** Every interface that is up and has an IPv4 address, loopback too: `selectInterfaces` chooses. */
export function listInterfaces(): NetworkInterface[] {
  const byDevice = Map.groupBy(
    Object.entries(networkInterfaces()).flatMap(([label, infos]) =>
      (infos ?? []).map((info) => ({ name: deviceOf(label), info })),
    ),
    ({ name }) => name,
  )
  return [...byDevice].flatMap(([name, entries]) =>
    describe(
      name,
      entries.map(({ info }) => info),
    ),
  )
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

/** `eth0:1` is a label of an address of the device `eth0`. */
function deviceOf(label: string): string {
  return label.replace(/:.*$/, '')
}

function describe(name: string, infos: readonly NetworkInterfaceInfo[]): NetworkInterface[] {
  const addresses = infos.flatMap((info) => {
    const address = info.family === 'IPv4' ? parseIpv4(info.address) : undefined
    if (address === undefined) return []
    return [{ address, subnet: subnetOf(address, prefixOf(info)) }]
  })
  const mac = parseMac(infos[0]?.mac ?? '')
  if (addresses.length === 0 || mac === undefined) return []
  return [{ name, mac, addresses, loopback: infos[0]?.internal === true, mtu: mtuOf(name) }]
}

function prefixOf(info: NetworkInterfaceInfo): number {
  return Number(info.cidr?.split('/')[1] ?? 32)
}

const ethernetMtu = 1500

function mtuOf(name: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8')) || ethernetMtu
  } catch {
    return ethernetMtu
  }
}
