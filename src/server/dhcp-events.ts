/** How DHCP's outcomes are told to people and programs. */
import { anyAddress, formatIpv4, formatSubnet } from '../core/address.ts'
import type { ServiceEvent } from '../core/events.ts'
import type { NetworkInterface } from '../io/interfaces.ts'
import type { Outcome } from '../protocol/dhcp/effect.ts'
import type { DhcpMessage } from '../wire/dhcp-message.ts'
import { dhcpOption } from '../wire/dhcp-options.ts'
import type { DhcpExchange } from './dhcp-exchange.ts'

type Told = Omit<ServiceEvent, 'at'>

export function describeOutcome(
  exchange: DhcpExchange,
  outcome: Outcome,
  reply?: DhcpMessage,
): Told {
  const { machine, link, request } = exchange
  const address = outcome.address ?? anyAddress
  return {
    type: outcome.type,
    mac: machine.mac,
    ip: address === anyAddress ? undefined : formatIpv4(address),
    interface: link.interface.name,
    xid: request.xid,
    firmware: machine.architecture?.firmware,
    stage: machine.stage,
    bootFile: reply?.options.get(dhcpOption.bootFileName),
    reason: outcome.reason,
  }
}

/** Names the flag and the lines that make this service give addresses. */
export function nobodyGivesAddresses({ name, addresses }: NetworkInterface): Told {
  const network = addresses[0] === undefined ? 'NETWORK/BITS' : formatSubnet(addresses[0].subnet)
  return {
    type: 'service.hint',
    interface: name,
    reason:
      `a machine on ${name} asks for an address and nobody answers. ` +
      `To give addresses there, start with --subnet ${network}, or write into the configuration: ` +
      `dhcp: { mode: full, subnets: [ { network: ${network} } ] }`,
  }
}
