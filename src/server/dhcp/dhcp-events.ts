/** How DHCP's outcomes are told to people and programs. */
import { anyAddress, formatIpv4, formatSubnet, type Ipv4, type Mac } from '../../core/address.ts'
import type { ServiceEvent } from '../../core/events.ts'
import type { NetworkInterface } from '../../io/net/interfaces.ts'
import type { Outcome } from '../../protocol/dhcp/effect.ts'
import type { RoleState, RoleTiming } from '../../protocol/dhcp/server-role.ts'
import type { DhcpSubnet } from '../../protocol/dhcp/subnet.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../wire/dhcp/dhcp-options.ts'
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
      `dhcp: { subnets: [ { network: ${network} } ] }`,
  }
}

/** What was found on a subnet in mode `auto`, and what follows from it. */
export function roleChanged(
  { subnet }: DhcpSubnet,
  state: RoleState,
  { timing, on }: { readonly timing: RoleTiming; readonly on: NetworkInterface | undefined },
): Told {
  const reason = `${formatSubnet(subnet)}: ${findingOf(state, timing)}`
  return { type: 'dhcp.role', interface: on?.name, reason }
}

function findingOf(state: RoleState, { listen, takeover }: RoleTiming): string {
  const isBack = state.type !== 'proxy' && state.before !== undefined
  const before = isBack && state.before !== undefined ? formatIpv4(state.before) : ''
  switch (state.type) {
    case 'asking':
      return isBack
        ? `${before} has been silent for ${seconds(takeover - listen)}: asking once more`
        : 'asking whether another DHCP server is there; until that is known, boot data only'
    case 'full':
      if (state.because === 'unanswered') {
        return 'a machine asked again because nobody gives it an address: giving addresses'
      }
      return isBack
        ? `${before} has been silent for ${seconds(takeover)}: giving addresses`
        : `no other DHCP server answered in ${seconds(listen)}: giving addresses`
    case 'proxy':
      return state.because === 'peer'
        ? `${formatIpv4(state.rival)}, another Bootlace, is about to give addresses: boot data only`
        : `${formatIpv4(state.rival)} gives addresses: boot data only`
  }
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`
}

/** A person should know: somebody has started a second server, wanted or not. */
export function rivalAppeared({ subnet }: DhcpSubnet, rival: Ipv4): Told {
  const [server, network] = [formatIpv4(rival), formatSubnet(subnet)]
  return {
    type: 'service.hint',
    reason:
      `${server} began to give addresses on ${network}, where Bootlace did: Bootlace has stepped ` +
      `back to boot data; the leases that it gave stay. If ${server} should not be there, switch ` +
      `it off; if Bootlace shall give addresses beside it, configure mode: full for ${network}`,
  }
}

/** Its pool may be used up, or it answers only machines that it knows, or it is no server at all. */
export function rivalIsSilent({ subnet }: DhcpSubnet, rival: Ipv4, mac: Mac | undefined): Told {
  const [server, network] = [formatIpv4(rival), formatSubnet(subnet)]
  return {
    type: 'service.hint',
    mac,
    reason:
      `a machine on ${network} asks for an address, and ${server}, which gives addresses there, ` +
      `does not answer it: look after ${server}, or switch it off; if Bootlace shall give ` +
      `addresses beside it, configure mode: full for ${network}`,
  }
}
