/**
 * The full DHCP server's half of every conversation: RFC 2131 §4.3, in its order. Sockets, storage
 * and delivery are elsewhere; the lease table is the only thing that changes here.
 *
 * The subnet is one that the operator named, so we speak for it: a client with an address of another
 * network is told so. A client that we do not know is left alone (§4.3.2), because another server
 * may know it.
 */
import { anyAddress, contains, formatIpv4, type Ipv4 } from '../../core/address.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption, type MessageType } from '../../wire/dhcp/dhcp-options.ts'
import { type Client, clientOf } from './client.ts'
import { type DhcpEffect, ignore } from './effect.ts'
import { isHeld, type Lease } from './lease.ts'
import type { LeaseTable } from './lease-table.ts'
import type { Place } from './pool.ts'
import { type Answering, informReply, leaseReply, nakReply } from './reply.ts'

export interface DhcpContext extends Answering, Place {
  readonly leases: LeaseTable
}

type Rule = (
  request: DhcpMessage,
  client: Client,
  context: DhcpContext,
  now: number,
) => readonly DhcpEffect[]

const rules: Partial<Record<MessageType, Rule>> = { discover, request, decline, release, inform }

/** Shortest lease that a client can wish for, seconds. */
const shortestLease = 60

/** What to do about one message from port 68, or from a relay. */
export function respond(
  message: DhcpMessage,
  context: DhcpContext,
  now: number,
): readonly DhcpEffect[] {
  if (message.operation !== 'request') return ignore('a reply, not a request')
  if (!message.options.has(dhcpOption.messageType)) return ignore('plain BOOTP, not DHCP')
  const type = message.options.get(dhcpOption.messageType)
  const rule = type === undefined ? undefined : rules[type]
  if (rule === undefined) return ignore(`message type ${type ?? 'unknown'} is not for a server`)
  const client = clientOf(message)
  if (client === undefined) return ignore('neither a hardware address nor a client id')
  return rule(message, client, context, now)
}

/**
 * The address that a DISCOVER would be answered with, when somebody should be asked first whether it
 * is in use: not one that the machine has or had, and not one that was asked about a moment ago.
 */
export function uncheckedOffer(
  message: DhcpMessage,
  context: Place & Pick<DhcpContext, 'leases'>,
  now: number,
): Ipv4 | undefined {
  const client = clientOf(message)
  if (client === undefined || message.operation !== 'request') return undefined
  if (message.options.get(dhcpOption.messageType) !== 'discover') return undefined
  const wished = message.options.get(dhcpOption.requestedAddress)
  return context.leases.unchecked(context, client, wished, now)
}

/** §4.3.1 */
function discover(
  message: DhcpMessage,
  client: Client,
  context: DhcpContext,
  now: number,
): readonly DhcpEffect[] {
  const wished = message.options.get(dhcpOption.requestedAddress)
  const lease = context.leases.offer(context, client, wished, now)
  if (lease === undefined) {
    return [{ type: 'note', outcome: { type: 'dhcp.exhausted', reason: 'no address is free' } }]
  }
  const seconds = leaseSeconds(message, context)
  return [
    {
      type: 'reply',
      message: leaseReply(message, 'offer', lease, { ...context, seconds }),
      outcome: { type: 'dhcp.offer', address: lease.address },
    },
  ]
}

/** §4.3.2: which of the four requests it is shows in 54, 50 and `ciaddr`. */
function request(
  message: DhcpMessage,
  client: Client,
  context: DhcpContext,
  now: number,
): readonly DhcpEffect[] {
  const serverId = message.options.get(dhcpOption.serverId)
  const requested = message.options.get(dhcpOption.requestedAddress)
  if (serverId !== undefined) return selecting(message, client, context, now)
  if (message.clientAddress !== anyAddress) {
    return known(message, client, { ...context, address: message.clientAddress }, now)
  }
  if (requested === undefined) return ignore('a request that names neither server nor address')
  return known(message, client, { ...context, address: requested }, now)
}

/** The client picked an offer: ours, or another server's. */
function selecting(
  message: DhcpMessage,
  client: Client,
  context: DhcpContext,
  now: number,
): readonly DhcpEffect[] {
  const serverId = message.options.get(dhcpOption.serverId)
  if (serverId !== context.server) {
    const ours = serverId !== undefined && context.own.has(serverId)
    const ignored = ignore(`the client took the offer of ${formatIpv4(serverId ?? anyAddress)}`)
    return ours ? ignored : [...ignored, ...cede(message, client, context, now)]
  }
  const address = requestedAddress(message)
  if (address === anyAddress) return ignore('a request that names no address')
  return confirm(message, client, { ...context, address }, now)
}

/** What another server gave away is not ours to give now, and should not have been leased already. */
function cede(
  message: DhcpMessage,
  client: Client,
  { leases, ...place }: DhcpContext,
  now: number,
): readonly DhcpEffect[] {
  const address = requestedAddress(message)
  const lease = leases.holder(address)
  leases.cede(place, client, address, now)
  const isTaken = lease?.state === 'bound' && lease.key !== client.key && isHeld(lease, now)
  if (!isTaken) return []
  const reason = `another DHCP server gave it to ${client.key}, and ${lease.key} has a lease for it`
  return [{ type: 'note', outcome: { type: 'dhcp.conflict', address, reason } }]
}

/** Some clients repeat `ciaddr` instead of 50 when they renew with a server id. */
function requestedAddress({ options, clientAddress }: DhcpMessage): Ipv4 {
  return options.get(dhcpOption.requestedAddress) ?? clientAddress
}

type WithAddress = DhcpContext & { readonly address: Ipv4 }

/** INIT-REBOOT, RENEWING, REBINDING: the client believes it has an address. */
function known(
  message: DhcpMessage,
  client: Client,
  context: WithAddress,
  now: number,
): readonly DhcpEffect[] {
  const { address, subnet, leases } = context
  if (!contains(subnet.subnet, address)) {
    return refuse(message, context, `${formatIpv4(address)} is not an address of this network`)
  }
  const holder = leases.holder(address)
  if (holder?.key === client.key && isTheirs(holder)) {
    return confirm(message, client, context, now)
  }
  const other = leases.find(client.key, subnet.subnet)
  // A lease that was given back or has run out says nothing: the client may be another server's now.
  if (other?.state !== 'bound' || !isHeld(other, now)) {
    return ignore('a client without a lease of ours asks for its address')
  }
  return refuse(message, context, `its address is ${formatIpv4(other.address)}`)
}

/** Bound, or bound once: not merely offered, and not found in use by somebody else. */
function isTheirs({ state }: Lease): boolean {
  return state === 'bound' || state === 'released'
}

function confirm(
  message: DhcpMessage,
  client: Client,
  context: WithAddress,
  now: number,
): readonly DhcpEffect[] {
  const { address } = context
  const seconds = leaseSeconds(message, context)
  const lease = context.leases.commit(context, client, { address, seconds }, now)
  if (lease === undefined) {
    return refuse(message, context, `${formatIpv4(address)} is not for this machine`)
  }
  return [
    { type: 'persist', lease }, // before the ACK leaves: RFC 2131 §3.1 step 4
    {
      type: 'reply',
      message: leaseReply(message, 'ack', lease, { ...context, seconds }),
      outcome: { type: 'dhcp.ack', address },
    },
  ]
}

function refuse(
  message: DhcpMessage,
  { server, address }: WithAddress,
  reason: string,
): readonly DhcpEffect[] {
  return [
    {
      type: 'reply',
      message: nakReply(message, server, reason),
      outcome: { type: 'dhcp.nak', address, reason },
    },
  ]
}

/** §4.3.3: the address is in use by somebody; nobody gets it for a while. */
function decline(
  message: DhcpMessage,
  client: Client,
  context: DhcpContext,
  now: number,
): readonly DhcpEffect[] {
  const address = message.options.get(dhcpOption.requestedAddress)
  if (message.options.get(dhcpOption.serverId) !== context.server) {
    return ignore('a decline that does not name us')
  }
  if (address === undefined) return ignore('a decline that names no address')
  const lease = context.leases.decline(client.key, address, now)
  if (lease === undefined) return ignore('a decline of an address that is not its own')
  const reason = `${formatIpv4(address)} is in use by another machine; it rests for 10 minutes`
  return [
    { type: 'persist', lease },
    { type: 'note', outcome: { type: 'dhcp.decline', address, reason } },
  ]
}

/** §4.3.4 */
function release(
  message: DhcpMessage,
  client: Client,
  context: DhcpContext,
  now: number,
): readonly DhcpEffect[] {
  const serverId = message.options.get(dhcpOption.serverId)
  if (serverId !== undefined && serverId !== context.server) {
    return ignore('a release that does not name us')
  }
  const address = message.clientAddress
  const lease = context.leases.release(client.key, address, now)
  if (lease === undefined) return ignore('a release of an address that is not its own')
  return [
    { type: 'persist', lease },
    { type: 'note', outcome: { type: 'dhcp.release', address } },
  ]
}

/** §4.3.5: the client has an address and only wants to know the rest. */
function inform(
  message: DhcpMessage,
  _client: Client,
  context: DhcpContext,
): readonly DhcpEffect[] {
  const address = message.clientAddress
  return [
    {
      type: 'reply',
      message: informReply(message, context),
      outcome: { type: 'dhcp.inform', address },
    },
  ]
}

/** What the operator said, or less when the client wishes less. */
function leaseSeconds(message: DhcpMessage, { subnet }: DhcpContext): number {
  const wished = message.options.get(dhcpOption.leaseSeconds) ?? subnet.leaseSeconds
  return Math.min(subnet.leaseSeconds, Math.max(wished, shortestLease))
}
