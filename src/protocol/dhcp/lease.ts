/** One address and whose it is, or was. */
import type { Ipv4, Mac } from '../../core/address.ts'

/**
 * `offered`: held until the client asks for it; never stored. `bound`: confirmed. `released`: given
 * back, remembered so that the machine gets the same one again. `declined`: somebody else uses it.
 */
export type LeaseState = 'offered' | 'bound' | 'released' | 'declined'

export interface Lease {
  readonly address: Ipv4
  /** The client's key (client.ts). */
  readonly key: string
  readonly mac?: Mac | undefined
  readonly hostName?: string | undefined
  readonly state: LeaseState
  /** Epoch milliseconds; from then on the address is free, but the machine keeps first call. */
  readonly expires: number
}

/** Does anybody hold it now? */
export function isHeld(lease: Lease, now: number): boolean {
  return lease.state !== 'released' && lease.expires > now
}
