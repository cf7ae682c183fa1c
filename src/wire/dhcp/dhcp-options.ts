/**
 * Every DHCP option that this server reads or writes, one row each, and the set of options that a
 * message carries. To support another option, add a row: nothing else knows codes.
 *
 * Options without a row survive in the set as octets. Sources: the RFCs named in the rows, and the
 * IANA registry "BOOTP Vendor Extensions and DHCP Options".
 */
import {
  address,
  addresses,
  flag,
  octets,
  oneOf,
  type OptionKind,
  text,
  textWithNul,
  u16,
  u16s,
  u32,
  u8,
  u8s,
} from './option-kinds.ts'

/** RFC 2132 §9.6 and RFC 3203. */
export const messageTypes = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
  forceRenew: 9,
} as const
export type MessageType = keyof typeof messageTypes

export interface DhcpOption<T> extends OptionKind<T> {
  readonly code: number
  readonly source: string
}

function option<T>(code: number, kind: OptionKind<T>, source: string): DhcpOption<T> {
  return { code, source, decode: kind.decode, encode: kind.encode }
}

/** The option table. */
export const dhcpOption = {
  subnetMask: option(1, address, 'RFC 2132 §3.3'),
  timeOffset: option(2, u32, 'RFC 2132 §3.4'),
  routers: option(3, addresses, 'RFC 2132 §3.5'),
  timeServers: option(4, addresses, 'RFC 2132 §3.6'),
  nameServers: option(5, addresses, 'RFC 2132 §3.7'),
  dnsServers: option(6, addresses, 'RFC 2132 §3.8'),
  logServers: option(7, addresses, 'RFC 2132 §3.9'),
  hostName: option(12, text, 'RFC 2132 §3.14'),
  bootFileBlocks: option(13, u16, 'RFC 2132 §3.15'),
  domainName: option(15, text, 'RFC 2132 §3.17'),
  swapServer: option(16, address, 'RFC 2132 §3.18'),
  rootPath: option(17, text, 'RFC 2132 §3.19'),
  extensionsPath: option(18, text, 'RFC 2132 §3.20'),
  interfaceMtu: option(26, u16, 'RFC 2132 §5.1'),
  broadcastAddress: option(28, address, 'RFC 2132 §5.3'),
  staticRoutes: option(33, addresses, 'RFC 2132 §5.8'),
  ntpServers: option(42, addresses, 'RFC 2132 §8.3'),
  vendorSpecific: option(43, octets, 'RFC 2132 §8.4; PXE 2.1 §2.2'),
  requestedAddress: option(50, address, 'RFC 2132 §9.1'),
  leaseSeconds: option(51, u32, 'RFC 2132 §9.2'),
  overload: option(52, u8, 'RFC 2132 §9.3'),
  messageType: option(53, oneOf(messageTypes), 'RFC 2132 §9.6'),
  serverId: option(54, address, 'RFC 2132 §9.7'),
  parameterList: option(55, u8s, 'RFC 2132 §9.8'),
  message: option(56, text, 'RFC 2132 §9.9'),
  maxMessageSize: option(57, u16, 'RFC 2132 §9.10'),
  renewalSeconds: option(58, u32, 'RFC 2132 §9.11'),
  rebindingSeconds: option(59, u32, 'RFC 2132 §9.12'),
  vendorClass: option(60, text, 'RFC 2132 §9.13'),
  clientId: option(61, octets, 'RFC 2132 §9.14; RFC 6842'),
  tftpServerName: option(66, textWithNul, 'RFC 2132 §9.4'),
  bootFileName: option(67, textWithNul, 'RFC 2132 §9.5'),
  userClass: option(77, octets, 'RFC 3004'),
  rapidCommit: option(80, flag, 'RFC 4039'),
  clientFqdn: option(81, octets, 'RFC 4702'),
  relayAgent: option(82, octets, 'RFC 3046'),
  architectures: option(93, u16s, 'RFC 4578 §2.1'),
  networkInterface: option(94, octets, 'RFC 4578 §2.2'),
  machineId: option(97, octets, 'RFC 4578 §2.3'),
  subnetSelection: option(118, address, 'RFC 3011'),
  domainSearch: option(119, octets, 'RFC 3397'),
  classlessRoutes: option(121, octets, 'RFC 3442'),
  tftpServers: option(150, addresses, 'RFC 5859'),
  ipxe: option(175, octets, 'ipxe.org/howto/dhcpd'),
  pxelinuxMagic: option(208, octets, 'RFC 5071 §3'),
  pxelinuxConfigFile: option(209, text, 'RFC 5071 §4'),
  pxelinuxPathPrefix: option(210, text, 'RFC 5071 §5'),
  pxelinuxRebootSeconds: option(211, u32, 'RFC 5071 §6'),
} as const

/** The options of one message, in the order in which they came or were set. */
export class OptionSet {
  readonly #octets: Map<number, Uint8Array>

  constructor(octetsByCode: Iterable<readonly [number, Uint8Array]> = []) {
    this.#octets = new Map(octetsByCode)
  }

  /** The value; undefined when the option is absent or its octets are no such value. */
  get<T>(of: DhcpOption<T>): T | undefined {
    const value = this.#octets.get(of.code)
    return value === undefined ? undefined : of.decode(value)
  }

  has(of: { readonly code: number }): boolean {
    return this.#octets.has(of.code)
  }

  /** An undefined value leaves the option out. */
  set<T>(of: DhcpOption<T>, value: T | undefined): this {
    if (value !== undefined) this.#octets.set(of.code, of.encode(value))
    return this
  }

  /** Takes the octets as they came, so that an echo changes nothing. */
  copy(from: OptionSet, of: { readonly code: number }): this {
    const value = from.octets(of.code)
    if (value !== undefined) this.#octets.set(of.code, value)
    return this
  }

  octets(code: number): Uint8Array | undefined {
    return this.#octets.get(code)
  }

  codes(): readonly number[] {
    return [...this.#octets.keys()]
  }
}
