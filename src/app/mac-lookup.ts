/** Whose address it is that a request comes from: what each part knows, in the order of its worth. */
import { type Mac, parseIpv4 } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import { isIpv6, macFromEui64, parseIpv6, withoutZone } from '../core/ipv6.ts'
import type { MachineTable } from '../boot/machine-table.ts'
import { Neighbours } from '../io/net/neighbours.ts'
import type { LeaseTable } from '../protocol/dhcp/lease-table.ts'

export interface MacLookup {
  /** For events: up to a second old. */
  readonly recent: (ip: string) => Mac | undefined
  /** For menus: an address may have gone to another machine a moment ago. */
  readonly now: (ip: string) => Mac | undefined
  /**
   * For secrets, and for what a machine may change about itself: by lease or as a neighbour, never
   * by what a stranger far away can choose or say (an address, a `mac=` in a URL).
   */
  readonly certain: (ip: string) => Mac | undefined
  /**
   * As `certain`, over TCP: the kernel has just spoken with that machine, so it must not know another
   * one at the address that we lent.
   */
  readonly proven: (ip: string) => Mac | undefined
}

export interface MacSources {
  readonly leases: Pick<LeaseTable, 'macAt'>
  readonly machines: Pick<MachineTable, 'byIp'>
  readonly clock: Clock
  readonly neighbours?: Pick<Neighbours, 'recent' | 'now'>
}

/**
 * Our own lease says most. Then the kernel, which has just heard the machine itself; behind a router
 * it knows nothing, and what the machine did before speaks for it, and last how its address looks.
 */
export function macLookup(sources: MacSources): MacLookup {
  const { leases, machines, clock } = sources
  const neighbours = sources.neighbours ?? new Neighbours(clock)
  const leased = (ip: string) => {
    const address = parseIpv4(ip)
    return address === undefined ? undefined : leases.macAt(address, clock())
  }
  const likely = (ip: string) => machines.byIp(ip)?.mac ?? hintIn(ip)
  const certain = (ip: string) => leased(ip) ?? neighbours.now(ip)
  return {
    recent: (ip) => leased(ip) ?? neighbours.recent(ip) ?? likely(ip),
    now: (ip) => certain(ip) ?? likely(ip),
    certain,
    proven: (ip) => {
      const [lent, heard] = [leased(ip), neighbours.now(ip)]
      return lent === undefined || heard === undefined || lent === heard
        ? (lent ?? heard)
        : undefined
    },
  }
}

function hintIn(ip: string): Mac | undefined {
  if (!isIpv6(ip)) return undefined
  const octets = parseIpv6(withoutZone(ip))
  return octets === undefined ? undefined : macFromEui64(octets)
}
