import { expect, test } from 'vitest'
import { parseIpv4, parseMac, parseSubnet } from '../../../src/core/address.ts'
import {
  listInterfaces,
  type NetworkInterface,
  parseIpv6Addresses,
  selectInterfaces,
} from '../../../src/io/net/interfaces.ts'

function card(name: string, loopback = false): NetworkInterface {
  return {
    name,
    mac: parseMac('52:54:00:00:00:01')!,
    addresses: [{ address: parseIpv4('10.0.0.1')!, subnet: parseSubnet('10.0.0.0/8')! }],
    ipv6: [],
    loopback,
    mtu: 1500,
  }
}

test('loopback is found with its address, subnet and MTU', () => {
  const lo = listInterfaces().find(({ name }) => name === 'lo')
  expect(lo).toMatchObject({ loopback: true, mtu: 65536 })
  expect(lo?.addresses).toContainEqual({
    address: parseIpv4('127.0.0.1'),
    subnet: parseSubnet('127.0.0.0/8'),
  })
})

test('loopback has its IPv6 address, too', () => {
  expect(listInterfaces().find(({ name }) => name === 'lo')?.ipv6).toContain('::1')
})

// /proc/net/if_inet6 of a machine whose eth1 has just got its cable
const table = `
fd770000000000000000000000000001 02 40 00 80     eth0
fe80000000000000505400fffeb00701 02 40 20 80     eth0
fd77000000000000f1d2a3b4c5d6e7f8 02 40 00 01     eth0
fe80000000000000505400fffeb00702 03 40 20 c0     eth1
00000000000000000000000000000001 01 80 10 80       lo
`

test('of its IPv6 addresses an interface serves those that others can find it by', () => {
  expect([...parseIpv6Addresses(table)]).toEqual([
    ['eth0', ['fd77::1', 'fe80::5054:ff:feb0:701%eth0']],
    ['lo', ['::1']],
  ])
  expect(parseIpv6Addresses('').size).toBe(0)
})

test.for([
  { patterns: undefined, chosen: ['eth0', 'eth1', 'tap0'] },
  { patterns: ['eth1'], chosen: ['eth1'] },
  { patterns: ['tap*', 'eth0'], chosen: ['eth0', 'tap0'] },
  { patterns: ['*'], chosen: ['eth0', 'eth1', 'tap0'] },
  { patterns: ['lo'], chosen: ['lo'] },
  { patterns: ['wlan0'], chosen: [] },
  { patterns: [], chosen: [] },
])('$patterns means $chosen', ({ patterns, chosen }) => {
  const all = [card('lo', true), card('eth0'), card('eth1'), card('tap0')]
  expect(selectInterfaces(patterns, all).map(({ name }) => name)).toEqual(chosen)
})
