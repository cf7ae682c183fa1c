import { expect, test } from 'vitest'
import type { Lease } from '../../../src/protocol/dhcp/lease.ts'
import { LeaseTable } from '../../../src/protocol/dhcp/lease-table.ts'
import { ip, lab, server } from '../../support/dhcp-messages.ts'

const place = { subnet: lab, own: new Set([server]) }
const today = 1_800_000_000_000
const leaseTime = lab.leaseSeconds * 1000
const years = 10 * 365 * 86_400_000

const promised: Lease = {
  address: ip('10.40.0.100'),
  key: 'machine',
  state: 'bound',
  expires: today + years + leaseTime,
}

test('a lease that was stored while the clock was ahead is shortened at the start', () => {
  const leases = new LeaseTable([promised], [lab])
  const shortened = { ...promised, expires: today + leaseTime }
  expect(leases.follow(today)).toEqual([shortened])
  expect(leases.follow(today)).toEqual([])
  expect(leases.holder(promised.address)).toEqual(shortened)
})

test('leases of a running service are shortened when its clock is set back', () => {
  const leases = new LeaseTable([], [lab])
  const request = { address: promised.address, seconds: lab.leaseSeconds }
  leases.commit(place, { key: 'machine' }, request, today + years)
  leases.offer(place, { key: 'other' }, ip('10.40.0.101'), today + years)
  leases.decline('other', ip('10.40.0.101'), today + years)
  expect(leases.active(today)).toMatchObject([{ expires: today + leaseTime }])
  const later = today + leaseTime
  expect(leases.active(later)).toEqual([])
  for (const address of [promised.address, ip('10.40.0.101')]) {
    expect(leases.offer(place, { key: `new ${address}` }, address, later)).toMatchObject({
      address,
    })
  }
})

test('what ends in time is left as it is, and so is what a clock set forward has ended', () => {
  const fine = { ...promised, expires: today + leaseTime - 5000 }
  const leases = new LeaseTable([fine], [lab])
  expect(leases.follow(today)).toEqual([])
  expect(leases.active(today + years)).toEqual([])
  expect(leases.active(today)).toEqual([fine])
})

test('the small steps of a clock that is kept right change nothing', () => {
  const leases = new LeaseTable([], [lab])
  const request = { address: promised.address, seconds: lab.leaseSeconds }
  const lease = leases.commit(place, { key: 'machine' }, request, today)
  expect(leases.follow(today - 900)).toEqual([])
  expect(leases.active(today - 900)).toEqual([lease])
})

test('a lease of a subnet that is configured no more is nobody to us', () => {
  expect(new LeaseTable([promised], []).follow(today)).toEqual([])
})
