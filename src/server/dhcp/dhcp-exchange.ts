/** One request and everything known about it: where it came in, who asks, and which rules apply. */
import type { Machine } from '../../boot/machine.ts'
import type { Datagram } from '../../io/net/udp.ts'
import type { RequestPlace } from '../../protocol/dhcp/place.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import type { DhcpLink } from './dhcp-link.ts'

export interface DhcpExchange {
  readonly request: DhcpMessage
  readonly datagram: Datagram
  readonly toBootServer: boolean
  readonly link: DhcpLink
  readonly machine: Machine
  readonly place: RequestPlace
}
