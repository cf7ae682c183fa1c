import { expect, test } from 'vitest'
import type { Ipv4 } from '../../../src/core/address.ts'
import type { Lease } from '../../../src/protocol/dhcp/lease.ts'
import { LeaseTable, offerMilliseconds } from '../../../src/protocol/dhcp/lease-table.ts'
import { chooseAddress } from '../../../src/protocol/dhcp/pool.ts'
import type { DhcpSubnet } from '../../../src/protocol/dhcp/subnet.ts'
import { ip, lab, server } from '../../support/dhcp-messages.ts'

const large: DhcpSubnet = {
  ...lab,
  subnet: { network: ip('10.0.0.0'), prefix: 8 },
  pool: [{ first: ip('10.0.0.0'), last: ip('10.255.255.255') }],
}
const place = { subnet: large, own: new Set([server]) }
const now = 1_000_000

function held(address: Ipv4): Lease {
  return { address, key: 'somebody', state: 'bound', expires: now + 1000 }
}

test('an answer does not wait for a search through a large pool', () => {
  let looked = 0
  const holder = (address: Ipv4) => {
    looked += 1
    return held(address)
  }
  expect(chooseAddress(place, { key: 'machine' }, holder, now)).toBeUndefined()
  expect(looked).toBeLessThan(3000)
})

test('a machine that finds nothing at its own place in a large pool looks elsewhere', () => {
  let taken = new Map<Ipv4, Lease>()
  const holder = (address: Ipv4) => taken.get(address)
  const home = chooseAddress(place, { key: 'machine' }, holder, now)
  taken = new Map(
    Array.from({ length: 2000 }, (_, index) => {
      const address = ip('10.0.0.0') + (((home ?? 0) - ip('10.0.0.0') + index) % 2 ** 24)
      return [address as Ipv4, held(address as Ipv4)] as const
    }),
  )
  const found = chooseAddress(place, { key: 'machine' }, holder, now)
  expect(found).toBeDefined()
  expect(taken.has(found!)).toBe(false)
})

test('offers that nobody took leave nothing behind', () => {
  const leases = new LeaseTable()
  const offered = Array.from({ length: 100 }, (_, index) =>
    leases.offer(place, { key: `machine ${index}` }, undefined, now),
  ).map((lease) => lease!.address)
  expect(offered.every((address) => leases.holder(address) !== undefined)).toBe(true)
  leases.offer(place, { key: 'late' }, undefined, now + offerMilliseconds)
  expect(offered.some((address) => leases.holder(address) !== undefined)).toBe(false)
})
