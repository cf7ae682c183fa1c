/**
 * The static addresses that a diskless machine was told to take, and how its kernel is told at each
 * start. Values are texts, checked where they come in.
 */
import type { Mac } from '../core/address.ts'

export interface StaticAddress {
  readonly address: string
  /** Length of its network's prefix. */
  readonly prefix: number
  readonly gateway: string
  readonly dns: string
  readonly domain: string
}

export interface StaticIpv4 extends StaticAddress {
  readonly broadcast: string
}

export interface StaticAddresses {
  readonly ipv4?: StaticIpv4 | undefined
  readonly ipv6?: StaticAddress | undefined
}

/**
 * Kernel arguments for TinyVM (src/setup/tinyvm/rootfs/usr/share/tinyvm.sh reads them); empty where
 * there is nothing to tell. The dot in their names makes the kernel leave them alone.
 */
export function networkWords(mac: Mac, { ipv4, ipv6 }: StaticAddresses): string {
  const words = [
    ...(ipv4 === undefined ? [] : [word('ipv4', mac, [placeOf(ipv4), ipv4.broadcast], ipv4)]),
    ...(ipv6 === undefined ? [] : [word('ipv6', mac, [placeOf(ipv6)], ipv6)]),
  ]
  return words.join(' ')
}

/** `192.168.50.77/24` */
export function placeOf({ address, prefix }: StaticAddress): string {
  return `${address}/${prefix}`
}

function word(
  family: string,
  mac: Mac,
  own: readonly string[],
  { gateway, dns, domain }: StaticAddress,
): string {
  return `tinyvm.${family}=${[mac, ...own, gateway, dns, domain].join(',')}`
}
