/** What a kickstart's source can say of the host that it is for. */
import {
  type Ipv4,
  type Mac,
  type Subnet,
  formatIpv4,
  macWithDashes,
  netmask,
} from '../../core/address.ts'
import type { Scalar, Variables } from './template-reference.ts'

export interface HostFacts {
  readonly name: string
  readonly mac: Mac
  readonly address?: Ipv4 | undefined
  readonly network?: {
    readonly subnet: Subnet
    readonly gateway?: Ipv4 | undefined
    readonly dns: readonly Ipv4[]
    readonly domain?: string | undefined
  }
  /** Our own address, as that host sees it. */
  readonly server?: string | undefined
  readonly vars: Readonly<Record<string, Scalar>>
}

/** What is not known of the host is not there. */
export function hostVariables(host: HostFacts): Variables {
  const { network } = host
  const [dns] = network?.dns ?? []
  const known: Readonly<Record<string, Scalar | undefined>> = {
    name: host.name,
    mac: host.mac,
    mac_dashes: macWithDashes(host.mac),
    address: addressText(host.address),
    netmask: addressText(network && netmask(network.subnet)),
    prefix: network?.subnet.prefix,
    gateway: addressText(network?.gateway),
    dns: addressText(dns),
    domain: network?.domain,
    server: host.server,
  }
  const own = Object.entries(host.vars).map(([name, value]) => [`vars.${name}`, value] as const)
  const built = Object.entries(known).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return new Map([...built, ...own])
}

/** A host that stands for any, to check a source by itself. Addresses of RFC 5737. */
export function exampleVariables(vars: ReadonlyMap<string, Scalar>): Variables {
  return new Map<string, Scalar>([
    ['name', 'example'],
    ['mac', '52:54:00:12:34:56'],
    ['mac_dashes', '52-54-00-12-34-56'],
    ['address', '192.0.2.10'],
    ['netmask', '255.255.255.0'],
    ['prefix', 24],
    ['gateway', '192.0.2.1'],
    ['dns', '192.0.2.1'],
    ['domain', 'example.net'],
    ['server', '192.0.2.2'],
    ['answers', 'http://192.0.2.2/ks/example'],
    ['done', 'http://192.0.2.2/ks/example/done'],
    ['image', 'http://192.0.2.2/boot/example'],
    ...[...vars].map(([name, value]) => [`vars.${name}`, value] as const),
  ])
}

function addressText(address: Ipv4 | undefined): string | undefined {
  return address === undefined ? undefined : formatIpv4(address)
}
