/**
 * Where Bootlace could give addresses and another server does (mode `auto`): boot data as a proxy,
 * and nothing of what was lent is taken away. A machine renews the lease that it has of us, gives it
 * back, or finds it in use, as before; nobody gets an address that is new to it. RFC 2131 §4.3.2.
 */
import { anyAddress, type Ipv4 } from '../../core/address.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../wire/dhcp/dhcp-options.ts'
import { clientOf } from './client.ts'
import { type DhcpEffect, ignore } from './effect.ts'
import { isHeld } from './lease.ts'
import { respondProxy } from './proxy.ts'
import { nakReply } from './reply.ts'
import { type DhcpContext, respond } from './respond.ts'

/** What to do about one message on port 67. */
export function respondBeside(
  message: DhcpMessage,
  context: DhcpContext,
  now: number,
): readonly DhcpEffect[] {
  const type = message.options.get(dhcpOption.messageType)
  const isNotice = type === 'release' || type === 'decline'
  if (message.operation !== 'request' || isNotice) return respond(message, context, now)
  if (type !== 'request') return respondProxy(message, context)
  const serverId = message.options.get(dhcpOption.serverId)
  const tookOther = serverId !== undefined && serverId !== context.server
  if (tookOther || hasLease(message, context, now)) return respond(message, context, now)
  if (serverId === undefined) return ignore('for the server that gives addresses here')
  // An offer of ours from before: a refusal makes the client ask anew at once, and the other answers,
  // or we do, when we have found that nobody else is there.
  const reason = 'no new addresses are given by this server just now'
  return [
    {
      type: 'reply',
      message: nakReply(message, context.server, reason),
      outcome: { type: 'dhcp.nak', address: addressIn(message), reason },
    },
  ]
}

function hasLease(message: DhcpMessage, { leases }: DhcpContext, now: number): boolean {
  const lease = leases.holder(addressIn(message))
  const isTheirs = lease !== undefined && lease.key === clientOf(message)?.key
  return isTheirs && lease.state === 'bound' && isHeld(lease, now)
}

/** The address that a REQUEST is about: 50 first where it names a server, else `ciaddr`. */
function addressIn({ clientAddress, options }: DhcpMessage): Ipv4 {
  const requested = options.get(dhcpOption.requestedAddress)
  if (options.has(dhcpOption.serverId)) return requested ?? clientAddress
  return clientAddress === anyAddress ? (requested ?? anyAddress) : clientAddress
}
