/**
 * Building answers: RFC 2131 §4.3 table 3, field by field. Which answer is due is decided in
 * respond.ts and proxy.ts.
 */
import { anyAddress, broadcastAddress, type Ipv4, netmask } from '../../core/address.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption, type MessageType, OptionSet } from '../../wire/dhcp/dhcp-options.ts'
import { addBoot } from './boot-options.ts'
import type { BootReply } from './boot-reply.ts'
import type { Lease } from './lease.ts'
import { selectedSubnet } from './place.ts'
import type { DhcpSubnet } from './subnet.ts'

/** What we are to one client. */
export interface Answering {
  /** What we call ourselves (54). */
  readonly server: Ipv4
  readonly subnet: DhcpSubnet
  readonly boot: BootReply | undefined
}

/** OFFER and ACK: the address, how long, the network, and what to boot. */
export function leaseReply(
  request: DhcpMessage,
  type: 'offer' | 'ack',
  lease: Lease,
  from: Answering & { readonly seconds: number },
): DhcpMessage {
  const options = newOptions(request, type, from.server)
  // T1 and T2 in the OFFER too: HP's JetDirect wants them.
  options.set(dhcpOption.leaseSeconds, from.seconds)
  options.set(dhcpOption.renewalSeconds, Math.floor(from.seconds / 2))
  options.set(dhcpOption.rebindingSeconds, Math.floor((from.seconds * 7) / 8))
  addNetwork(options, request, from.subnet)
  const fields = addBoot(options, request, from.boot)
  return { ...emptyReply(request, options), ...fields, yourAddress: lease.address }
}

/**
 * ACK to an INFORM: everything but an address and a lease time. A relay is told to broadcast it
 * where it cannot know the address either.
 */
export function informReply(request: DhcpMessage, from: Answering): DhcpMessage {
  const options = newOptions(request, 'ack', from.server)
  addNetwork(options, request, from.subnet)
  const fields = addBoot(options, request, from.boot)
  const { clientAddress } = request
  const broadcast = clientAddress === anyAddress ? toBroadcast(request) : request.broadcast
  return { ...emptyReply(request, options), ...fields, clientAddress, broadcast }
}

/** Behind a relay the B flag makes the relay broadcast it: the client's address is not valid. */
export function nakReply(request: DhcpMessage, server: Ipv4, reason: string): DhcpMessage {
  const options = newOptions(request, 'nak', server).set(dhcpOption.message, reason)
  return { ...emptyReply(request, options), broadcast: toBroadcast(request) }
}

function toBroadcast({ broadcast, relayAddress }: DhcpMessage): boolean {
  return broadcast || relayAddress !== anyAddress
}

/** 53, 54 and what goes back as it came. */
export function newOptions(request: DhcpMessage, type: MessageType, server: Ipv4): OptionSet {
  const options = new OptionSet()
    .set(dhcpOption.messageType, type)
    .set(dhcpOption.serverId, server)
    .copy(request.options, dhcpOption.clientId) // RFC 6842
    .copy(request.options, dhcpOption.machineId) // RFC 4578 §2.3
    .set(dhcpOption.subnetSelection, selectedSubnet(request)) // RFC 3011
  if (request.relayAddress !== anyAddress) options.copy(request.options, dhcpOption.relayAgent)
  return options
}

/** The fields that every answer copies, the rest empty. */
export function emptyReply(request: DhcpMessage, options: OptionSet): DhcpMessage {
  return {
    operation: 'reply',
    hardware: request.hardware,
    hops: 0,
    xid: request.xid,
    secs: 0,
    broadcast: request.broadcast,
    clientAddress: anyAddress,
    yourAddress: anyAddress,
    nextServer: anyAddress,
    relayAddress: request.relayAddress,
    serverName: '',
    bootFile: '',
    options,
  }
}

/** The broadcast address only for those who ask: everybody else works it out. */
function addNetwork(options: OptionSet, request: DhcpMessage, place: DhcpSubnet): void {
  const { subnet, gateway, dns, domain } = place
  options.set(dhcpOption.subnetMask, netmask(subnet))
  options.set(dhcpOption.routers, gateway === undefined ? undefined : [gateway])
  options.set(dhcpOption.dnsServers, dns.length === 0 ? undefined : dns)
  options.set(dhcpOption.domainName, domain)
  const wanted = request.options.get(dhcpOption.parameterList) ?? []
  if (wanted.includes(dhcpOption.broadcastAddress.code)) {
    options.set(dhcpOption.broadcastAddress, broadcastAddress(subnet))
  }
}
