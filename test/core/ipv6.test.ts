import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  formatIpv6,
  hostInUrl,
  isIpv6,
  isLinkLocal,
  macFromEui64,
  parseIpv6,
  plainAddress,
  splitZone,
  withoutZone,
} from '../../src/core/ipv6.ts'
import { hex } from '../support/hex.ts'

test.for([
  ['::', '00000000 00000000 00000000 00000000'],
  ['::1', '00000000 00000000 00000000 00000001'],
  ['fd77::', 'fd770000 00000000 00000000 00000000'],
  ['2001:DB8:0:0:8:800:200C:417A', '20010db8 00000000 00080800 200c417a'],
  ['1:2:3:4:5:6:7::', '00010002 00030004 00050006 00070000'],
  ['::ffff:192.168.50.1', '00000000 00000000 0000ffff c0a83201'],
] as const)('%s is %s', ([text, octets]) => {
  expect(parseIpv6(text)).toEqual(hex(octets))
})

test.for([
  '',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '::12345',
  '::g',
  'fe80::1%eth0',
  '[::1]',
  '::1.2.3',
  '192.168.50.1',
  ' ::1',
])('%j is no IPv6 address', (text) => {
  expect(parseIpv6(text)).toBeUndefined()
})

// RFC 5952 §4
test.for([
  ['2001:0db8::0001', '2001:db8::1'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8::ABCD', '2001:db8::abcd'],
] as const)('%s is written %s', ([text, canonical]) => {
  expect(plainAddress(text)).toBe(canonical)
})

test('octets come back from their text, and the text from its octets', () => {
  const octets = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((all) => {
    return all.map((octet, index) => (index % 3 === 0 ? octet : 0)) // long runs of zeros, too
  })
  fc.assert(
    fc.property(octets, (address) => {
      const text = formatIpv6(address)
      expect(parseIpv6(text)).toEqual(address)
      expect(plainAddress(plainAddress(text))).toBe(plainAddress(text))
    }),
  )
})

test.for([
  ['::ffff:192.168.50.1', '192.168.50.1'],
  ['::FFFF:C0A8:3201', '192.168.50.1'],
  ['192.168.50.1', '192.168.50.1'],
  ['FE80:0::1%eth0', 'fe80::1%eth0'],
  ['boot.lab.example', 'boot.lab.example'],
  ['::ffff:0:192.168.50.1', '::ffff:0:c0a8:3201'],
] as const)('the one text of %s is %s', ([text, plain]) => {
  expect(plainAddress(text)).toBe(plain)
})

test('a zone is told apart, and left out where it means nothing', () => {
  expect(splitZone('fe80::1%eth0')).toEqual({ address: 'fe80::1', zone: 'eth0' })
  expect(splitZone('fd77::1')).toEqual({ address: 'fd77::1' })
  expect(withoutZone('fe80::1%eth0')).toBe('fe80::1')
})

test.for([
  ['192.168.50.1', '192.168.50.1'],
  ['boot.lab.example', 'boot.lab.example'],
  ['fd77::1', '[fd77::1]'],
  ['fe80::1%net0', '[fe80::1]'],
] as const)('%s stands in a URL as %s', ([host, inUrl]) => {
  expect(hostInUrl(host)).toBe(inUrl)
})

test.for([
  ['fe80::1', true],
  ['febf::1', true],
  ['fec0::1', false],
  ['fd77::1', false],
] as const)('%s is link-local: %s', ([text, isLocal]) => {
  expect(isLinkLocal(parseIpv6(text)!)).toBe(isLocal)
  expect(isIpv6(text)).toBe(true)
})

test('the Ethernet address shows in an address that was made from it', () => {
  expect(macFromEui64(parseIpv6('fe80::5054:ff:feb0:701')!)).toBe('52:54:00:b0:07:01')
  expect(macFromEui64(parseIpv6('fd77::100')!)).toBeUndefined()
})
