/**
 * Every lease in memory: who has which address, and what each event does to it. The table never
 * writes to disk; what must survive is returned, and the caller stores it before it answers.
 *
 * One record for each address, so that a flood of clients cannot make it grow beyond the pools.
 * RFC 2131 §3.1, §4.3.
 */
import { contains, type Ipv4, type Mac, type Subnet } from '../../core/address.ts'
import type { Client } from './client.ts'
import { isHeld, type Lease } from './lease.ts'
import { chooseAddress, mayHold, type Place, type Survey } from './pool.ts'
import type { DhcpSubnet } from './subnet.ts'

/** How long an OFFER holds its address: firmware that collects offers asks again within 32 s. */
export const offerMilliseconds = 60_000
/** Offers remembered at the same time; above it the oldest is forgotten before its time. */
const mostOffers = 65_536
/** How long an address rests that a client found in use. */
export const quarantineMilliseconds = 600_000
const longestState = {
  offered: offerMilliseconds,
  declined: quarantineMilliseconds,
  released: 0,
} as const
/** A clock that is kept right goes back by less than this, milliseconds. */
const slightStep = 1000

interface Choice {
  readonly address: Ipv4
  /** Nobody uses it without a lease, as far as we can know. */
  readonly isSure: boolean
}

/** Where nobody can be asked, every address counts as free. */
const nobodyAsked: Survey = { ready: () => [], isFree: () => true, isUsed: () => false }

export class LeaseTable {
  readonly #byAddress = new Map<Ipv4, Lease>()
  readonly #byKey = new Map<string, Set<Ipv4>>()
  /** Addresses that were offered, oldest first. */
  readonly #offers = new Set<Ipv4>()
  readonly #subnets: readonly DhcpSubnet[]
  /** The latest time that was told. */
  #latest = Number.POSITIVE_INFINITY

  constructor(leases: Iterable<Lease> = [], subnets: readonly DhcpSubnet[] = []) {
    for (const lease of leases) this.#put(lease)
    this.#subnets = subnets
  }

  /**
   * What a clock that was ahead has promised would hold for years once it is set right: at the first
   * look and whenever the clock goes back, no lease lasts longer than one given now. Answers those
   * that were shortened; a caller that starts anew must store them.
   */
  follow(now: number): readonly Lease[] {
    const isBack = now < this.#latest - slightStep
    this.#latest = isBack ? now : Math.max(this.#latest, now)
    if (!isBack) return []
    const tooLong = [...this.#byAddress.values()].filter(
      (lease) => lease.expires > now + this.#longest(lease),
    )
    return tooLong.map((lease) => this.#put({ ...lease, expires: now + this.#longest(lease) }))
  }

  /** Milliseconds that such a lease may last. */
  #longest({ state, address }: Lease): number {
    if (state !== 'bound') return longestState[state]
    const place = this.#subnets.find(({ subnet }) => contains(subnet, address))
    return place === undefined ? Number.POSITIVE_INFINITY : place.leaseSeconds * 1000
  }

  /** Whose address it is, or was last. */
  holder(address: Ipv4): Lease | undefined {
    return this.#byAddress.get(address)
  }

  /** The machine that uses the address now: its own by a lease, not merely offered or in conflict. */
  macAt(address: Ipv4, now: number): Mac | undefined {
    this.follow(now)
    const lease = this.#byAddress.get(address)
    return lease?.state === 'bound' && isHeld(lease, now) ? lease.mac : undefined
  }

  /** The client's lease in a subnet, current or past. */
  find(key: string, subnet: Subnet): Lease | undefined {
    let best: Lease | undefined
    for (const address of this.#byKey.get(key) ?? []) {
      const lease = this.#byAddress.get(address)
      if (lease === undefined || !contains(subnet, address)) continue
      if (best === undefined || lease.expires > best.expires) best = lease
    }
    return best
  }

  /** Bound leases that have not run out. */
  active(now: number): Lease[] {
    this.follow(now)
    return [...this.#byAddress.values()].filter(
      (lease) => lease.state === 'bound' && lease.expires > now,
    )
  }

  /**
   * Sets an address aside: the reserved one, else the one that the machine has or had, else the one
   * that it wishes, else any. Undefined when no address is free.
   */
  offer(place: Place, client: Client, wished: Ipv4 | undefined, now: number): Lease | undefined {
    this.follow(now)
    this.#forgetOffers(now)
    const address = this.#choose(place, client, wished, now)?.address
    if (address === undefined) return undefined
    const held = this.#byAddress.get(address)
    if (held?.state === 'bound' && isHeld(held, now)) return held
    this.#offers.delete(address)
    this.#offers.add(address)
    return this.#put({ ...client, address, state: 'offered', expires: now + offerMilliseconds })
  }

  /** The address that would be offered, when nobody knows whether somebody uses it without a lease. */
  unchecked(place: Place, client: Client, wished: Ipv4 | undefined, now: number): Ipv4 | undefined {
    const choice = this.#choose(place, client, wished, now)
    return choice?.isSure === false ? choice.address : undefined
  }

  /** What nobody took leaves no trace, or invented machines would fill the memory. */
  #forgetOffers(now: number): void {
    for (const address of this.#offers) {
      const lease = this.#byAddress.get(address)
      if (lease?.state === 'offered') {
        if (lease.expires > now && this.#offers.size <= mostOffers) return
        this.#remove(lease)
      }
      this.#offers.delete(address)
    }
  }

  /** Confirms an address; undefined when the client may not have it. The answer must be stored. */
  commit(
    place: Place,
    client: Client,
    request: { readonly address: Ipv4; readonly seconds: number },
    now: number,
  ): Lease | undefined {
    const { address, seconds } = request
    this.follow(now)
    if (!this.#isFreeFor(place, client, address, now)) return undefined
    const reserved = this.#reserved(place, client, now)
    if (reserved !== undefined && reserved !== address) return undefined
    this.#giveUpOthers(client.key, place.subnet.subnet, address)
    return this.#put({ ...client, address, state: 'bound', expires: now + seconds * 1000 })
  }

  /**
   * The client took another server's offer: ours is free again, and never was its own. The address
   * that it took is kept for it for a while, if it is one of ours to give: the other server may be
   * gone tomorrow, and the client still be on it.
   */
  cede(place: Place, client: Client, taken: Ipv4, now: number): void {
    const ours = this.find(client.key, place.subnet.subnet)
    if (ours?.state === 'offered') this.#put({ ...ours, expires: 0 })
    if (!this.#isFreeFor(place, client, taken, now)) return
    const held = this.#byAddress.get(taken)
    if (held?.state === 'bound' && isHeld(held, now)) return
    this.#offers.add(taken)
    const expires = now + quarantineMilliseconds
    this.#put({ ...client, address: taken, state: 'offered', expires })
  }

  /** The client gives its address back; undefined when it is not its own. Must be stored. */
  release(key: string, address: Ipv4, now: number): Lease | undefined {
    const lease = this.#byAddress.get(address)
    if (lease?.key !== key || lease.state !== 'bound') return undefined
    return this.#put({ ...lease, state: 'released', expires: now })
  }

  /** The client found its address in use; undefined when it was not its own. Must be stored. */
  decline(key: string, address: Ipv4, now: number): Lease | undefined {
    const lease = this.#byAddress.get(address)
    if (lease?.key !== key || (lease.state !== 'bound' && lease.state !== 'offered'))
      return undefined
    return this.#put({ ...lease, state: 'declined', expires: now + quarantineMilliseconds })
  }

  /**
   * Somebody answers at the address. Undefined when that is the machine whose it is or was, or when
   * it is promised to another. Must be stored.
   */
  setAside(address: Ipv4, mac: Mac, now: number): Lease | undefined {
    const lease = this.#byAddress.get(address)
    const isPromised = lease !== undefined && lease.state !== 'offered' && isHeld(lease, now)
    if (isPromised || lease?.mac === mac) return undefined
    const expires = now + quarantineMilliseconds
    return this.#put({ address, key: '', state: 'declined', expires })
  }

  /**
   * A machine has one address in a subnet. What it had before is free at once; on disk that lease
   * runs out by itself, which only costs an address for a while if the server starts anew.
   */
  #giveUpOthers(key: string, subnet: Subnet, kept: Ipv4): void {
    const had = [...(this.#byKey.get(key) ?? [])]
    for (const address of had.filter((each) => each !== kept && contains(subnet, each))) {
      const lease = this.#byAddress.get(address)
      if (lease !== undefined) this.#put({ ...lease, expires: 0 })
    }
  }

  #choose(place: Place, client: Client, wished: Ipv4 | undefined, now: number): Choice | undefined {
    const { survey = nobodyAsked } = place
    const isOpen = (address: Ipv4 | undefined): address is Ipv4 =>
      address !== undefined && this.#isFreeFor(place, client, address, now)
    // If anybody uses a machine's own address, it is the machine; not so one that it once had.
    const reserved = this.#reserved(place, client, now)
    if (reserved !== undefined) return { address: reserved, isSure: true }
    const before = this.find(client.key, place.subnet.subnet)
    if (before !== undefined && isOpen(before.address)) {
      const { address } = before
      return { address, isSure: isHeld(before, now) || survey.isFree(address, now) }
    }
    const unused = [wished, ...survey.ready(now)].find(
      (address) => isOpen(address) && !survey.isUsed(address, now),
    )
    const address = unused ?? this.#any(place, client, now)
    return address === undefined ? undefined : { address, isSure: survey.isFree(address, now) }
  }

  /** Rather one that its machine may still be on after its lease than none; never a stranger's. */
  #any(place: Place, client: Client, now: number): Ipv4 | undefined {
    const holder = (address: Ipv4): Lease | undefined => this.#byAddress.get(address)
    const isStrangers = (address: Ipv4): boolean =>
      holder(address) === undefined && place.survey?.isUsed(address, now) === true
    const strangers = { ...nobodyAsked, isUsed: isStrangers }
    return (
      chooseAddress(place, client, holder, now) ??
      chooseAddress({ ...place, survey: strangers }, client, holder, now)
    )
  }

  /** The client's reserved address, unless another machine is still on it. */
  #reserved(place: Place, client: Client, now: number): Ipv4 | undefined {
    const address = client.mac && place.subnet.reservations.get(client.mac)
    if (address === undefined || !this.#isFreeFor(place, client, address, now)) return undefined
    return address
  }

  #isFreeFor(place: Place, client: Client, address: Ipv4, now: number): boolean {
    if (!mayHold(place, client, address)) return false
    const lease = this.#byAddress.get(address)
    if (lease === undefined || !isHeld(lease, now)) return true
    return lease.key === client.key && lease.state !== 'declined'
  }

  #put(lease: Lease): Lease {
    const before = this.#byAddress.get(lease.address)
    if (before !== undefined) this.#remove(before)
    this.#byAddress.set(lease.address, lease)
    if (lease.state === 'declined') return lease // nobody's
    const addresses = this.#byKey.get(lease.key) ?? new Set()
    this.#byKey.set(lease.key, addresses.add(lease.address))
    return lease
  }

  #remove({ address, key }: Lease): void {
    this.#byAddress.delete(address)
    const addresses = this.#byKey.get(key)
    addresses?.delete(address)
    if (addresses?.size === 0) this.#byKey.delete(key)
  }
}
