/**
 * How two boot clients judge offers, re-expressed from what their sources do, so that our answers
 * are tried on them without firmware. EDK2: PxeBcDhcp4.c (classification and preference); iPXE:
 * net/udp/dhcp.c (when discovery is over, and whether it goes to port 4011).
 */
import { anyAddress, type Ipv4 } from '../../src/core/address.ts'
import type { DhcpMessage } from '../../src/wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../src/wire/dhcp/dhcp-options.ts'
import { readOptionArea } from '../../src/wire/dhcp/option-area.ts'

export type Edk2Offer =
  | 'DhcpPxe10'
  | 'DhcpWfm11a'
  | 'DhcpBinl'
  | 'DhcpOnly'
  | 'ProxyPxe10'
  | 'ProxyWfm11a'
  | 'ProxyBinl'
  | 'rejected'

/** What EDK2's PXE client takes an offer for. */
export function edk2Classify(offer: DhcpMessage): Edk2Offer {
  const isProxy = offer.yourAddress === anyAddress
  const isPxe = vendorClassOf(offer).startsWith('PXEClient')
  if (!isPxe) return isProxy ? 'rejected' : 'DhcpOnly'
  const tags = vendorTags(offer)
  const kind = [6, 7, 8, 9, 10].some((tag) => tags.has(tag))
    ? 'Pxe10'
    : [1, 2, 3, 4, 5].some((tag) => tags.has(tag))
      ? 'Wfm11a'
      : 'Binl'
  return `${isProxy ? 'Proxy' : 'Dhcp'}${kind}`
}

export interface Edk2Choice {
  readonly lease: DhcpMessage
  readonly boot: DhcpMessage
  /** Set when it must ask again on port 4011, and whom. */
  readonly asks4011?: Ipv4
}

/** Which offers EDK2 takes of all that came within its 3.8 s; undefined is PXE-E16 or E53. */
export function edk2Choose(offers: readonly DhcpMessage[]): Edk2Choice | undefined {
  const of = (kind: Edk2Offer) => offers.find((offer) => edk2Classify(offer) === kind)
  const whole = of('DhcpPxe10') ?? of('DhcpWfm11a')
  if (whole !== undefined) return { lease: whole, boot: whole }
  const only = of('DhcpOnly')
  const proxy = of('ProxyPxe10') ?? of('ProxyWfm11a')
  if (only !== undefined && proxy !== undefined) return { lease: only, boot: proxy }
  const binl = of('DhcpBinl')
  if (binl !== undefined) return { lease: binl, boot: binl, asks4011: bootServer(binl) }
  const proxyBinl = of('ProxyBinl')
  if (only !== undefined && proxyBinl !== undefined) {
    return { lease: only, boot: proxyBinl, asks4011: bootServer(proxyBinl) }
  }
  return only !== undefined && fileOf(only) !== '' ? { lease: only, boot: only } : undefined
}

/** EDK2's HTTP boot client: an offer with an IP literal URL, from the server or from a proxy. */
export function edk2HttpUrl(offers: readonly DhcpMessage[]): string | undefined {
  const hasLease = offers.some((offer) => offer.yourAddress !== anyAddress)
  return hasLease
    ? offers
        .filter((offer) => vendorClassOf(offer).startsWith('HTTPClient'))
        .map(fileOf)
        .find(Boolean)
    : undefined
}

export interface IpxeChoice {
  /** It sends its REQUEST at once, without waiting 2 s for a proxy. */
  readonly atOnce: boolean
  readonly bootFile: string
  readonly nextServer: Ipv4
  readonly asks4011: boolean
}

/** What iPXE makes of the offers that it has. */
export function ipxeChoose(offers: readonly DhcpMessage[]): IpxeChoice | undefined {
  const lease = offers.find((offer) => offer.yourAddress !== anyAddress)
  if (lease === undefined) return undefined
  const proxy = offers.find((offer) => vendorClassOf(offer) === 'PXEClient')
  const noPxeDhcp = ipxeSetting(lease, 0xb0)
  const source = noPxeDhcp || proxy === undefined ? lease : proxy
  return {
    atOnce: noPxeDhcp || proxy !== undefined,
    bootFile: fileOf(source),
    nextServer: source.nextServer,
    asks4011: !noPxeDhcp && proxy !== undefined && !hasBoot(proxy),
  }
}

function hasBoot(offer: DhcpMessage): boolean {
  return (offer.nextServer !== anyAddress && fileOf(offer) !== '') || vendorTags(offer).has(9)
}

function bootServer(offer: DhcpMessage): Ipv4 {
  if (offer.nextServer !== anyAddress) return offer.nextServer
  return offer.options.get(dhcpOption.serverId) ?? anyAddress
}

function fileOf(offer: DhcpMessage): string {
  return offer.options.get(dhcpOption.bootFileName) ?? offer.bootFile
}

function vendorTags(offer: DhcpMessage): ReadonlySet<number> {
  const octets = offer.options.get(dhcpOption.vendorSpecific) ?? new Uint8Array()
  return new Set(readOptionArea(octets, '43').keys())
}

function ipxeSetting(offer: DhcpMessage, code: number): boolean {
  const octets = offer.options.get(dhcpOption.ipxe) ?? new Uint8Array()
  return readOptionArea(octets, '175').get(code)?.[0] === 1
}

function vendorClassOf(offer: DhcpMessage): string {
  return offer.options.get(dhcpOption.vendorClass) ?? ''
}
