/** What the operator said about one subnet; the DHCP rules decide by it. */
import type { AddressRange, Ipv4, Mac, Subnet } from '../../core/address.ts'

/** `auto` is `full` where no other server gives addresses, and `proxy` where one does. */
export type DhcpMode = 'auto' | 'full' | 'proxy' | 'off'

export interface DhcpSubnet {
  readonly subnet: Subnet
  readonly mode: DhcpMode
  /** Addresses to give; our own, the gateway's and reserved ones are left out when choosing. */
  readonly pool: readonly AddressRange[]
  readonly gateway?: Ipv4 | undefined
  readonly dns: readonly Ipv4[]
  readonly domain?: string | undefined
  readonly leaseSeconds: number
  /** Fixed addresses by machine. */
  readonly reservations: ReadonlyMap<Mac, Ipv4>
}

/** Are addresses given there, at least at times? */
export function mayGiveAddresses({ mode }: DhcpSubnet): boolean {
  return mode === 'full' || mode === 'auto'
}
