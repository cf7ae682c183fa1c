/** Requests for tests, made from captured packets or from nothing. */
import { type Ipv4, type Mac, macOctets, parseIpv4, parseMac } from '../../src/core/address.ts'
import type { BootReply } from '../../src/protocol/dhcp/boot-reply.ts'
import type { DhcpSubnet } from '../../src/protocol/dhcp/subnet.ts'
import { decodeDhcp, type DhcpMessage } from '../../src/wire/dhcp/dhcp-message.ts'
import {
  dhcpOption,
  type DhcpOption,
  type MessageType,
  OptionSet,
} from '../../src/wire/dhcp/dhcp-options.ts'
import { dhcpFixture } from './dhcp-fixture.ts'

export function ip(text: string): Ipv4 {
  const address = parseIpv4(text)
  if (address === undefined) throw new Error(text)
  return address
}

export function mac(text: string): Mac {
  const address = parseMac(text)
  if (address === undefined) throw new Error(text)
  return address
}

export interface Wish {
  readonly mac?: string
  readonly requested?: string
  readonly serverId?: string
  readonly ciaddr?: string
  readonly giaddr?: string
  readonly broadcast?: boolean
  readonly clientId?: Uint8Array
  readonly vendorClass?: string
  readonly leaseSeconds?: number
  readonly hlen?: number
  readonly xid?: number
  readonly options?: readonly (readonly [number, Uint8Array])[]
}

/** A plain client's message. */
export function message(type: MessageType, wish: Wish = {}): DhcpMessage {
  const octets = new Uint8Array(16)
  octets.set(macOctets(mac(wish.mac ?? '52:54:00:00:00:01')))
  return {
    operation: 'request',
    hardware: { type: 1, length: wish.hlen ?? 6, octets },
    hops: 0,
    xid: wish.xid ?? 0x1234,
    secs: 0,
    broadcast: wish.broadcast ?? false,
    clientAddress: ip(wish.ciaddr ?? '0.0.0.0'),
    yourAddress: ip('0.0.0.0'),
    nextServer: ip('0.0.0.0'),
    relayAddress: ip(wish.giaddr ?? '0.0.0.0'),
    serverName: '',
    bootFile: '',
    options: new OptionSet(wish.options)
      .set(dhcpOption.messageType, type)
      .set(dhcpOption.serverId, wish.serverId === undefined ? undefined : ip(wish.serverId))
      .set(
        dhcpOption.requestedAddress,
        wish.requested === undefined ? undefined : ip(wish.requested),
      )
      .set(dhcpOption.clientId, wish.clientId)
      .set(dhcpOption.vendorClass, wish.vendorClass)
      .set(dhcpOption.leaseSeconds, wish.leaseSeconds),
  }
}

/** A captured request. */
export function captured(name: string): DhcpMessage {
  return decodeDhcp(dhcpFixture(name))
}

/** The same request with one option more, or another value. */
export function withOption<T>(from: DhcpMessage, option: DhcpOption<T>, value: T): DhcpMessage {
  const options = new OptionSet()
  for (const code of from.options.codes()) options.copy(from.options, { code })
  return { ...from, options: options.set(option, value) }
}

export const server = ip('10.40.0.1')

export const lab: DhcpSubnet = {
  subnet: { network: ip('10.40.0.0'), prefix: 24 },
  mode: 'full',
  pool: [{ first: ip('10.40.0.100'), last: ip('10.40.0.109') }],
  gateway: ip('10.40.0.254'),
  dns: [ip('10.40.0.53')],
  domain: 'lab.example',
  leaseSeconds: 3600,
  reservations: new Map([[mac('52:54:00:00:00:99'), ip('10.40.0.20')]]),
}

export const biosBoot: BootReply = {
  nextServer: server,
  bootFile: 'lpxelinux.0',
  kind: 'pxe',
  pxelinux: { pathPrefix: 'http://10.40.0.1/' },
}
export const uefiBoot: BootReply = { nextServer: server, bootFile: 'snponly.efi', kind: 'pxe' }
export const ipxeBoot: BootReply = {
  nextServer: server,
  bootFile: 'http://10.40.0.1/menu.ipxe?mac=52:54:00:aa:00:01',
  kind: 'ipxe',
}
export const httpBoot: BootReply = {
  nextServer: server,
  bootFile: 'http://10.40.0.1/snponly.efi',
  kind: 'http',
}
