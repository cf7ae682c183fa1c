import { expect, test } from 'vitest'
import { parseIpv4, parseMac, parseSubnet } from '../../src/core/address.ts'
import { listInterfaces, type NetworkInterface, selectInterfaces } from '../../src/io/interfaces.ts'

function card(name: string, loopback = false): NetworkInterface {
  return {
    name,
    mac: parseMac('52:54:00:00:00:01')!,
    addresses: [{ address: parseIpv4('10.0.0.1')!, subnet: parseSubnet('10.0.0.0/8')! }],
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
