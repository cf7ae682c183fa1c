import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  anyAddress,
  broadcastAddress,
  contains,
  formatIpv4,
  formatSubnet,
  ipv4,
  macFromOctets,
  macOctets,
  macWithDashes,
  netmask,
  parseIpv4,
  parseMac,
  parseSubnet,
  prefixOfMask,
  subnetOf,
} from '../../src/core/address.ts'

test('every address survives being written and read', () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), (value) => {
      expect(parseIpv4(formatIpv4(ipv4(value)))).toBe(value)
    }),
  )
})

test.for(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.-4', '1.2.3.4 ', 'a.b.c.d'])(
  '%j is no address',
  (text) => expect(parseIpv4(text)).toBeUndefined(),
)

test.for([
  ['52:54:00:12:34:56', '52:54:00:12:34:56'],
  ['52-54-00-AB-cd-EF', '52:54:00:ab:cd:ef'],
  ['525400ABCDEF', '52:54:00:ab:cd:ef'],
] as const)('%s is the machine %s', ([text, mac]) => expect(parseMac(text)).toBe(mac))

test.for(['', '52:54:00:12:34', '52:54-00:12:34:56', '52:54:00:12:34:5g', '52:54:00:12:34:56:78'])(
  '%j is no MAC address',
  (text) => expect(parseMac(text)).toBeUndefined(),
)

test('every MAC address survives being taken from octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 16 }), (octets) => {
      const mac = macFromOctets(octets)
      expect(macOctets(mac)).toEqual(octets.slice(0, 6))
      expect(parseMac(macWithDashes(mac))).toBe(mac)
    }),
  )
})

test('a subnet is its network and its length', () => {
  const subnet = parseSubnet('192.168.50.0/24')!
  expect(formatSubnet(subnet)).toBe('192.168.50.0/24')
  expect(formatIpv4(netmask(subnet))).toBe('255.255.255.0')
  expect(formatIpv4(broadcastAddress(subnet))).toBe('192.168.50.255')
  expect(contains(subnet, parseIpv4('192.168.50.255')!)).toBe(true)
  expect(contains(subnet, parseIpv4('192.168.51.0')!)).toBe(false)
})

test.for(['192.168.50.1/24', '192.168.50.0/33', '192.168.50.0', '192.168.50.0/24/1', 'x/24'])(
  '%j is no subnet',
  (text) => expect(parseSubnet(text)).toBeUndefined(),
)

test('a prefix of 0 holds every address, one of 32 just its own', () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (a, b) => {
      expect(contains(subnetOf(ipv4(a), 0), ipv4(b))).toBe(true)
      expect(contains(subnetOf(ipv4(a), 32), ipv4(b))).toBe(a === b)
    }),
  )
})

test('a mask is known by its prefix length, and what is none is not', () => {
  for (let prefix = 0; prefix <= 32; prefix += 1) {
    expect(prefixOfMask(netmask({ network: anyAddress, prefix }))).toBe(prefix)
  }
  for (const text of ['255.0.255.0', '0.0.0.255', '255.255.255.1']) {
    expect(prefixOfMask(parseIpv4(text) ?? anyAddress)).toBeUndefined()
  }
})
