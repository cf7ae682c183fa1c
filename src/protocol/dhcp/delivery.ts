/**
 * Where an answer goes: RFC 2131 §4.1, and PXE 2.1 for port 4011. A pure rule; sockets and the
 * neighbour table are the server's business.
 */
import { anyAddress, type Ipv4, limitedBroadcast, type Mac } from '../../core/address.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../wire/dhcp/dhcp-options.ts'
import { macOf } from './client.ts'

/** How the request came. */
export interface Arrival {
  readonly address: Ipv4
  readonly port: number
  /** Came to the boot server's port (4011) instead of the DHCP server's. */
  readonly toBootServer: boolean
  /** Where servers and relays listen: 67. Clients listen one above. */
  readonly serverPort: number
}

export interface Delivery {
  readonly address: Ipv4
  readonly port: number
  /** Whom to send it to on our own wire, so that nothing depends on an answer to ARP. */
  readonly hardware?: Mac | undefined
  /** The client does not have the address yet: without `hardware` it has to be a broadcast. */
  readonly unconfigured: boolean
}

export function deliveryFor(request: DhcpMessage, reply: DhcpMessage, arrival: Arrival): Delivery {
  const { clientAddress, relayAddress } = request
  const port = arrival.serverPort + 1
  const hardware = macOf(request)
  const to = (address: Ipv4): Delivery => ({ address, port, hardware, unconfigured: false })
  const broadcast = { address: limitedBroadcast, port, unconfigured: false }
  if (arrival.toBootServer) {
    const address = clientAddress === anyAddress ? arrival.address : clientAddress
    return { address, port: arrival.port, unconfigured: false }
  }
  const isInform = request.options.get(dhcpOption.messageType) === 'inform'
  if (isInform && clientAddress !== anyAddress) return to(clientAddress)
  if (relayAddress !== anyAddress)
    return { address: relayAddress, port: arrival.serverPort, unconfigured: false }
  if (isInform && arrival.address !== anyAddress)
    return { address: arrival.address, port, unconfigured: false }
  if (reply.options.get(dhcpOption.messageType) === 'nak') return broadcast
  if (clientAddress !== anyAddress) return to(clientAddress)
  if (reply.broadcast || reply.yourAddress === anyAddress) return broadcast
  return { ...to(reply.yourAddress), unconfigured: true }
}
