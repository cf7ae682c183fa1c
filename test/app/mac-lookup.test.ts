import { beforeEach, expect, test } from 'vitest'
import { macLookup, type MacLookup } from '../../src/app/mac-lookup.ts'
import { formatIpv4, type Mac } from '../../src/core/address.ts'
import { mac } from '../support/dhcp-messages.ts'

const [leased, seen, neighbour, former] = ['01', '02', '03', '04'].map((last) => {
  return mac(`52:54:00:00:00:${last}`)
})

let leases: Map<string, Mac | undefined>
let machines: Map<string, Mac | undefined>
let kernel: Map<string, Mac | undefined>
let remembered: Map<string, Mac | undefined>
let macs: MacLookup
beforeEach(() => {
  ;[leases, machines, kernel, remembered] = [new Map(), new Map(), new Map(), new Map()]
  macs = macLookup({
    leases: { macAt: (address) => leases.get(formatIpv4(address)) },
    machines: {
      byIp: (ip) => {
        const known = machines.get(ip)
        return known && { mac: known, addresses: [], firstSeen: 0, lastSeen: 0, steps: [] }
      },
    },
    clock: () => 0,
    neighbours: { recent: (ip) => remembered.get(ip), now: (ip) => kernel.get(ip) },
  })
})

test('a lease says most, then the kernel, then what was seen', () => {
  machines.set('192.168.50.100', seen)
  expect(macs.now('192.168.50.100')).toBe(seen)
  kernel.set('192.168.50.100', neighbour)
  expect(macs.now('192.168.50.100')).toBe(neighbour)
  leases.set('192.168.50.100', leased)
  expect(macs.now('192.168.50.100')).toBe(leased)
})

test('a menu is for the machine that has the address now, an event may be for the one before', () => {
  machines.set('192.168.50.100', former)
  remembered.set('192.168.50.100', former)
  kernel.set('192.168.50.100', neighbour)
  expect(macs.now('192.168.50.100')).toBe(neighbour)
  expect(macs.recent('192.168.50.100')).toBe(former)
})

test('a secret is for who has a lease or is a neighbour, not for who chose an address or said a name', () => {
  const chosen = '2001:db8::5054:ff:feb0:701'
  machines.set('192.168.50.100', seen)
  remembered.set('192.168.50.100', former)
  for (const ip of ['192.168.50.100', chosen]) {
    expect(macs.now(ip)).toBeDefined()
    expect(macs.certain(ip)).toBeUndefined()
  }
  kernel.set(chosen, neighbour)
  leases.set('192.168.50.100', leased)
  expect([macs.certain(chosen), macs.certain('192.168.50.100')]).toEqual([neighbour, leased])
})

test('an IPv6 address that was made from an Ethernet address tells it, where nobody knows better', () => {
  expect(macs.now('2001:db8::5054:ff:feb0:701')).toBe('52:54:00:b0:07:01')
  expect(macs.now('fe80::5054:ff:feb0:701%eth0')).toBe('52:54:00:b0:07:01')
  kernel.set('2001:db8::5054:ff:feb0:701', neighbour)
  expect(macs.now('2001:db8::5054:ff:feb0:701')).toBe(neighbour)
  expect(macs.now('2001:db8::100')).toBeUndefined()
})
