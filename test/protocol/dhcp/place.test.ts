import { expect, test } from 'vitest'
import { formatIpv4, formatSubnet, parseSubnet, subnetOf } from '../../../src/core/address.ts'
import { placeOf } from '../../../src/protocol/dhcp/place.ts'
import type { DhcpSubnet } from '../../../src/protocol/dhcp/subnet.ts'
import { dhcpOption } from '../../../src/wire/dhcp/dhcp-options.ts'
import type { DhcpMessage } from '../../../src/wire/dhcp/dhcp-message.ts'
import { ip, lab, mac, message, type Wish, withOption } from '../../support/dhcp-messages.ts'
import { hex } from '../../support/hex.ts'

const named = (text: string, mode: DhcpSubnet['mode'] = 'full'): DhcpSubnet => ({
  ...lab,
  subnet: parseSubnet(text)!,
  mode,
})
const subnets = [
  named('10.1.0.0/24', 'proxy'),
  named('10.2.0.0/24'),
  named('10.3.0.0/24'),
  named('10.9.0.0/24'),
]
const address = (text: string) => ({ address: ip(text), subnet: subnetOf(ip(text), 24) })
const own = new Set(['10.1.0.1', '10.2.0.1', '10.3.0.1', '172.16.0.1'].map(ip))

function place(request: DhcpMessage, ...link: readonly string[]): string {
  const found = placeOf(request, link.map(address), { subnets, own })
  const subnet = found.subnet === undefined ? 'none' : formatSubnet(found.subnet.subnet)
  return `${subnet} ${formatIpv4(found.server)} ${formatIpv4(found.serverId)}`
}

test('a request belongs to the subnet of the interface', () => {
  expect(place(message('discover'), '10.2.0.1')).toBe('10.2.0.0/24 10.2.0.1 10.2.0.1')
})

test('an interface with no named subnet', () => {
  expect(place(message('discover'), '172.16.0.1')).toBe('none 172.16.0.1 172.16.0.1')
})

test('two subnets on one wire: the one that gives addresses', () => {
  expect(place(message('discover'), '10.1.0.1', '10.2.0.1')).toBe('10.2.0.0/24 10.2.0.1 10.2.0.1')
})

test('two subnets on one wire: a renewal is for the one of its address', () => {
  const renewal = message('request', { ciaddr: '10.3.0.5' })
  expect(place(renewal, '10.2.0.1', '10.3.0.1')).toBe('10.3.0.0/24 10.3.0.1 10.3.0.1')
})

test('two subnets on one wire: a machine is in the one that holds an address for it', () => {
  const wire = ['10.2.0.1', '10.3.0.1'].map(address)
  const reservations = new Map([[mac('52:54:00:00:00:07'), ip('10.3.0.7')]])
  const second = { ...named('10.3.0.0/24'), reservations }
  const first = { ...named('10.2.0.0/24'), reservations: new Map() }
  const subnetFor = (wish: Wish) =>
    placeOf(message('discover', wish), wire, { subnets: [first, second], own }).subnet
  expect(subnetFor({ mac: '52:54:00:00:00:07' })).toBe(second)
  expect(subnetFor({ mac: '52:54:00:00:00:08' })).toBe(first)
})

test('a renewal through a router is for a subnet that is on none of our wires', () => {
  const renewal = message('request', { ciaddr: '10.9.0.5' })
  expect(place(renewal, '10.2.0.1')).toBe('10.9.0.0/24 10.2.0.1 10.2.0.1')
})

test('a machine that moved is on the wire that it is heard on', () => {
  const moved = message('request', { ciaddr: '10.3.0.5' })
  expect(place(moved, '10.2.0.1')).toBe('10.2.0.0/24 10.2.0.1 10.2.0.1')
})

const relayed = message('discover', { giaddr: '10.9.0.250' })

test('a relay: the subnet of giaddr', () => {
  expect(place(relayed, '10.2.0.1')).toBe('10.9.0.0/24 10.2.0.1 10.2.0.1')
  const unknown = message('discover', { giaddr: '10.77.0.1' })
  expect(place(unknown, '10.2.0.1')).toBe('none 10.2.0.1 10.2.0.1')
})

test('a relay: option 118 before giaddr, 82.5 before option 118', () => {
  const selected = withOption(relayed, dhcpOption.subnetSelection, ip('10.3.0.0'))
  expect(place(selected, '10.2.0.1')).toBe('10.3.0.0/24 10.2.0.1 10.2.0.1')
  const linked = withOption(selected, dhcpOption.relayAgent, hex('05040a020000'))
  expect(place(linked, '10.2.0.1')).toBe('10.2.0.0/24 10.2.0.1 10.2.0.1')
})

test('82.11 names us; boot files still come from our own address', () => {
  const override = withOption(relayed, dhcpOption.relayAgent, hex('0b040a0900fa'))
  expect(place(override, '10.2.0.1')).toBe('10.9.0.0/24 10.2.0.1 10.9.0.250')
})

test('options of a relay say nothing where there is no relay', () => {
  const local = withOption(
    withOption(message('discover'), dhcpOption.relayAgent, hex('05040a030000 0b040a0900fa')),
    dhcpOption.subnetSelection,
    ip('10.9.0.0'),
  )
  expect(place(local, '10.2.0.1')).toBe('10.2.0.0/24 10.2.0.1 10.2.0.1')
})
