/**
 * Which subnet a request is about, and what we call ourselves there.
 */
import { anyAddress, contains, type Ipv4, type Subnet } from '../../core/address.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../wire/dhcp/dhcp-options.ts'
import { decodeRelayAgent } from '../../wire/dhcp/relay-options.ts'
import { macOf } from './client.ts'
import { type DhcpSubnet, mayGiveAddresses } from './subnet.ts'

/** The addresses of the interface that a request came in on; at least one. */
export type Link = readonly { readonly address: Ipv4; readonly subnet: Subnet }[]

export interface RequestPlace {
  /** Undefined when the operator named no subnet for it. */
  readonly subnet: DhcpSubnet | undefined
  /** Our address on the interface; with 82.11 only `serverId` differs. */
  readonly server: Ipv4
  readonly serverId: Ipv4
}

/**
 * Behind a relay, the subnet is that of 82.5 (RFC 3527), else of option 118 (RFC 3011), else of
 * `giaddr`. On our own wire it is one that the interface has an address in: of several, the one that
 * holds an address for the machine. A client that renews through a router is on the subnet of the
 * address it has.
 */
export function placeOf(
  request: DhcpMessage,
  link: Link,
  site: { readonly subnets: readonly DhcpSubnet[]; readonly own: ReadonlySet<Ipv4> },
): RequestPlace {
  if (request.relayAddress === anyAddress) {
    const subnet = localSubnet(request, link, site)
    const server = ourAddress(link, subnet)
    return { subnet, server, serverId: server }
  }
  const relay = decodeRelayAgent(request.options.get(dhcpOption.relayAgent))
  const selector = relay.linkSelection ?? selectedSubnet(request) ?? request.relayAddress
  const subnet = site.subnets.find((candidate) => contains(candidate.subnet, selector))
  const server = ourAddress(link, subnet)
  return { subnet, server, serverId: relay.serverIdOverride ?? server }
}

/**
 * What option 118 says, where it is heeded: behind a relay that does not say more itself. Only then
 * does it go back (RFC 3011 §3): the client would take it for a promise.
 */
export function selectedSubnet(request: DhcpMessage): Ipv4 | undefined {
  if (request.relayAddress === anyAddress) return undefined
  const relay = decodeRelayAgent(request.options.get(dhcpOption.relayAgent))
  if (relay.linkSelection !== undefined) return undefined
  return request.options.get(dhcpOption.subnetSelection)
}

/** The subnets that the interface is attached to, those that we give addresses on first. */
export function attachedSubnets(link: Link, subnets: readonly DhcpSubnet[]): DhcpSubnet[] {
  const attached = subnets.filter(({ subnet }) =>
    link.some(({ address }) => contains(subnet, address)),
  )
  return attached.sort((a, b) => Number(mayGiveAddresses(b)) - Number(mayGiveAddresses(a)))
}

function localSubnet(
  request: DhcpMessage,
  link: Link,
  { subnets, own }: { readonly subnets: readonly DhcpSubnet[]; readonly own: ReadonlySet<Ipv4> },
): DhcpSubnet | undefined {
  const attached = attachedSubnets(link, subnets)
  const { clientAddress } = request
  if (clientAddress === anyAddress) return reservedSubnet(request, attached) ?? attached[0]
  const hasClient = ({ subnet }: DhcpSubnet): boolean => contains(subnet, clientAddress)
  const isRemote = ({ subnet }: DhcpSubnet): boolean => ![...own].some((a) => contains(subnet, a))
  return (
    attached.find(hasClient) ??
    subnets.find((candidate) => hasClient(candidate) && isRemote(candidate)) ??
    attached[0]
  )
}

function reservedSubnet(
  request: DhcpMessage,
  attached: readonly DhcpSubnet[],
): DhcpSubnet | undefined {
  const mac = macOf(request)
  if (mac === undefined) return undefined
  return attached.find((subnet) => mayGiveAddresses(subnet) && subnet.reservations.has(mac))
}

function ourAddress(link: Link, subnet: DhcpSubnet | undefined): Ipv4 {
  const inside = link.find(({ address }) => subnet && contains(subnet.subnet, address))
  return (inside ?? link[0])?.address ?? anyAddress
}
