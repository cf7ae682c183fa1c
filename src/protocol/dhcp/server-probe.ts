/**
 * The question "does another DHCP server give addresses here?" as packets, and what tells of one:
 * its answers to anybody, and a machine that says whose offer it took. When to ask is decided in
 * server-role.ts.
 *
 * The question is a DISCOVER that no REQUEST ever follows, from the interface's own MAC address and
 * without a client id: switches that check DHCP drop a hardware address that is not the sender's, and
 * a server holds at most one address ready for it, none more if this machine is its client already.
 * RFC 2131 §3.1, §4.1.
 */
import {
  anyAddress,
  formatIpv4,
  type Ipv4,
  type Mac,
  macOctets,
  parseIpv4,
} from '../../core/address.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption, OptionSet } from '../../wire/dhcp/dhcp-options.ts'
import type { Peer, RoleState } from './server-role.ts'

export interface Question {
  readonly mac: Mac
  /** Our address on that network. */
  readonly server: Ipv4
  readonly state: RoleState['type']
  readonly xid: number
}

/** Stand-by servers answer only who has waited (`min-secs` of ISC dhcpd, DHCP failover). */
const secondsWaited = 30
const ethernet = 1
/** What every client asks for: mask, router, lease time, server. */
const wishes = [1, 3, 51, 54]

/**
 * The question twice. As a client, answered by broadcast to its port; and as a relay, answered to our
 * own server port: that comes through where a firewall keeps the client port closed, and from
 * servers that never broadcast.
 */
export function questions(from: Question): { asClient: DhcpMessage; asRelay: DhcpMessage } {
  const octets = new Uint8Array(16)
  octets.set(macOctets(from.mac))
  const asClient: DhcpMessage = {
    operation: 'request',
    hardware: { type: ethernet, length: 6, octets },
    hops: 0,
    xid: from.xid,
    secs: secondsWaited,
    broadcast: true,
    clientAddress: anyAddress,
    yourAddress: anyAddress,
    nextServer: anyAddress,
    relayAddress: anyAddress,
    serverName: '',
    bootFile: '',
    options: new OptionSet()
      .set(dhcpOption.messageType, 'discover')
      .set(dhcpOption.vendorClass, `Bootlace:${from.state}:${formatIpv4(from.server)}`)
      .set(dhcpOption.parameterList, wishes),
  }
  return { asClient, asRelay: { ...asClient, hops: 1, relayAddress: from.server } }
}

/** Who asks, when this is the question of a service like this one; ourselves, too. */
export function peerOf(request: DhcpMessage): Peer | undefined {
  if (request.options.get(dhcpOption.messageType) !== 'discover') return undefined
  const vendorClass = request.options.get(dhcpOption.vendorClass) ?? ''
  const [, state, address] = /^Bootlace:(asking|full|proxy):([\d.]+)$/.exec(vendorClass) ?? []
  const server = parseIpv4(address ?? '')
  return server === undefined || !isState(state) ? undefined : { server, state }
}

function isState(text: string | undefined): text is RoleState['type'] {
  return text === 'asking' || text === 'full' || text === 'proxy'
}

/**
 * The server behind an answer, when it is one that gives (or refuses) addresses: a proxy gives none,
 * and neither does the answer to an INFORM. `sender` is who sent the packet.
 */
export function addressServerOf(reply: DhcpMessage, sender: Ipv4): Ipv4 | undefined {
  if (reply.operation !== 'reply') return undefined
  const type = reply.options.get(dhcpOption.messageType)
  const gives = (type === 'offer' || type === 'ack') && reply.yourAddress !== anyAddress
  if (!gives && type !== 'nak') return undefined
  return reply.options.get(dhcpOption.serverId) ?? sender
}

/** Whose offer a machine takes: it says so to everybody (RFC 2131 §3.1 step 3). */
export function chosenServer(request: DhcpMessage): Ipv4 | undefined {
  const isRequest = request.options.get(dhcpOption.messageType) === 'request'
  return isRequest ? request.options.get(dhcpOption.serverId) : undefined
}
