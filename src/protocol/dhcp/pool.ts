/**
 * Which addresses of a subnet may be given at all, and which one a new machine gets.
 */
import { broadcastAddress, contains, type Ipv4, ipv4 } from '../../core/address.ts'
import type { Client } from './client.ts'
import { isHeld, type Lease } from './lease.ts'
import type { DhcpSubnet } from './subnet.ts'

/** A subnet as seen from this machine. */
export interface Place {
  readonly subnet: DhcpSubnet
  /** Every address of our own. */
  readonly own: ReadonlySet<Ipv4>
  /** What the network was asked; nothing where nobody can be. */
  readonly survey?: Survey | undefined
}

/** Who uses addresses without a lease, as far as it is known (address-survey.ts). */
export interface Survey {
  /** Addresses for new machines that nobody uses. */
  ready(now: number): readonly Ipv4[]
  isFree(address: Ipv4, now: number): boolean
  isUsed(address: Ipv4, now: number): boolean
}

/** May this client hold this address, whoever holds it now? */
export function mayHold(place: Place, client: Client, address: Ipv4): boolean {
  const { subnet } = place
  if (!contains(subnet.subnet, address) || isInfrastructure(place, address)) return false
  if (client.mac !== undefined && subnet.reservations.get(client.mac) === address) return true
  return isInPool(place, address) && !isReserved(subnet, address)
}

/** Addresses looked at for one answer: searching a whole /16 would keep everybody waiting. */
const longestSearch = 1024

/**
 * An address that nobody has had, else the one that was given up longest ago; undefined when all
 * are held. The search starts where the machine's key points, so that one machine is offered the
 * same address again without being remembered, and neighbours in time are not neighbours in place.
 * In a pool that is larger than one search, a machine that found nothing there looks elsewhere,
 * each time at another place.
 */
export function chooseAddress(
  place: Place,
  client: Client,
  holder: (address: Ipv4) => Lease | undefined,
  now: number,
): Ipv4 | undefined {
  const total = poolSize(place.subnet)
  return (
    searchFrom(hash(client.key) % total, place, client, { holder, now }) ??
    (total > longestSearch
      ? searchFrom(hash(`${client.key} ${now}`) % total, place, client, { holder, now })
      : undefined)
  )
}

interface Search {
  readonly holder: (address: Ipv4) => Lease | undefined
  readonly now: number
}

function searchFrom(
  start: number,
  place: Place,
  client: Client,
  { holder, now }: Search,
): Ipv4 | undefined {
  let oldest: Lease | undefined
  for (const address of poolFrom(place.subnet, start)) {
    if (!mayHold(place, client, address) || place.survey?.isUsed(address, now) === true) continue
    const lease = holder(address)
    if (lease === undefined) return address
    if (isHeld(lease, now)) continue
    if (oldest === undefined || lease.expires < oldest.expires) oldest = lease
  }
  return oldest?.address
}

function isInfrastructure({ subnet, own }: Place, address: Ipv4): boolean {
  return (
    own.has(address) ||
    address === subnet.gateway ||
    subnet.dns.includes(address) ||
    (subnet.subnet.prefix < 31 &&
      (address === subnet.subnet.network || address === broadcastAddress(subnet.subnet)))
  )
}

/**
 * Inside a larger network x.x.x.0 and x.x.x.255 are ordinary addresses, but old firmware refuses
 * them: they are given to nobody by chance.
 */
function isInPool({ subnet }: Place, address: Ipv4): boolean {
  const host = address & 0xff
  if (subnet.subnet.prefix < 24 && (host === 0 || host === 255)) return false
  return subnet.pool.some(({ first, last }) => first <= address && address <= last)
}

const reservedBySubnet = new WeakMap<DhcpSubnet, ReadonlySet<Ipv4>>()

function isReserved(subnet: DhcpSubnet, address: Ipv4): boolean {
  let reserved = reservedBySubnet.get(subnet)
  if (reserved === undefined) {
    reserved = new Set(subnet.reservations.values())
    reservedBySubnet.set(subnet, reserved)
  }
  return reserved.has(address)
}

function poolSize({ pool }: DhcpSubnet): number {
  return pool.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

/** Every address of the pool once, beginning anywhere; of a large one only a part. */
function* poolFrom(subnet: DhcpSubnet, start: number): Generator<Ipv4> {
  const sizes = subnet.pool.map(({ first, last }) => last - first + 1)
  const total = poolSize(subnet)
  for (let count = 0; count < Math.min(total, longestSearch); count++) {
    let index = (start + count) % total
    for (const [range, size] of sizes.entries()) {
      if (index < size) {
        yield ipv4((subnet.pool[range]?.first ?? 0) + index)
        break
      }
      index -= size
    }
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value >>> 0
}
