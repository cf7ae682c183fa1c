import { expect, test } from 'vitest'
import { formatIpv4 } from '../../../src/core/address.ts'
import { identifyMachine } from '../../../src/boot/machine.ts'
import { bootClassOf } from '../../../src/protocol/dhcp/client.ts'
import {
  addressServerOf,
  chosenServer,
  peerOf,
  questions,
} from '../../../src/protocol/dhcp/server-probe.ts'
import { decodeDhcp, type DhcpMessage, encodeDhcp } from '../../../src/wire/dhcp/dhcp-message.ts'
import { dhcpOption, type MessageType } from '../../../src/wire/dhcp/dhcp-options.ts'
import { dhcpFixture } from '../../support/dhcp-fixture.ts'
import { ip, mac, message, withOption } from '../../support/dhcp-messages.ts'

const from = { mac: mac('02:00:00:00:00:01'), server: ip('10.40.0.1'), xid: 0xcafe } as const
const asked = questions({ ...from, state: 'asking' })

test('the question is a DISCOVER of our own MAC address that wants a broadcast answer', () => {
  const { asClient } = asked
  expect(decodeDhcp(encodeDhcp(asClient))).toEqual(asClient)
  expect(asClient).toMatchObject({ xid: 0xcafe, broadcast: true, relayAddress: 0, secs: 30 })
  expect(identifyMachine(asClient).mac).toBe(from.mac)
  expect(asClient.options.get(dhcpOption.messageType)).toBe('discover')
  expect(asClient.options.has(dhcpOption.clientId)).toBe(false)
  expect(bootClassOf(asClient)).toBeUndefined()
})

test('as a relay it is answered to our own address', () => {
  expect(asked.asRelay).toMatchObject({ ...asked.asClient, hops: 1, relayAddress: from.server })
})

test.for(['asking', 'full', 'proxy'] as const)('who asks says what it is: %s', (state) => {
  const { asClient, asRelay } = questions({ ...from, state })
  for (const question of [asClient, asRelay]) {
    expect(peerOf(decodeDhcp(encodeDhcp(question)))).toEqual({ server: from.server, state })
  }
})

test.for([
  undefined,
  'PXEClient',
  'Bootlace',
  'Bootlace:off:10.40.0.1',
  'Bootlace:full:10.40.0',
  'Bootlace:full:10.40.0.1 ',
  'xBootlace:full:10.40.0.1',
])('no question of a service like this one: %s', (vendorClass) => {
  expect(peerOf(message('discover', vendorClass === undefined ? {} : { vendorClass }))).toBe(
    undefined,
  )
})

test('only a DISCOVER is a question: who asks by another message wants something', () => {
  const vendorClass = 'Bootlace:full:10.40.0.1'
  expect(peerOf(message('discover', { vendorClass }))).toBeDefined()
  for (const type of ['request', 'inform', 'release', 'decline'] as const) {
    expect(peerOf(message(type, { vendorClass }))).toBeUndefined()
  }
})

function reply(type: MessageType, yourAddress: string, serverId?: string): DhcpMessage {
  const wish = serverId === undefined ? {} : { serverId }
  return { ...message(type, wish), operation: 'reply', yourAddress: ip(yourAddress) }
}

test.for<[string, DhcpMessage, string | undefined]>([
  ['an OFFER', reply('offer', '10.40.0.50', '10.40.0.9'), '10.40.0.9'],
  ['an ACK', reply('ack', '10.40.0.50', '10.40.0.9'), '10.40.0.9'],
  ['a NAK', reply('nak', '0.0.0.0', '10.40.0.9'), '10.40.0.9'],
  ['one that does not say its name', reply('offer', '10.40.0.50'), '10.40.0.8'],
  ["a proxy's OFFER", reply('offer', '0.0.0.0', '10.40.0.9'), undefined],
  ['the answer to an INFORM', reply('ack', '0.0.0.0', '10.40.0.9'), undefined],
  ['a request', message('request', { serverId: '10.40.0.9' }), undefined],
  ['a proxy of another make', decodeDhcp(dhcpFixture('pixiecore-proxy-offer')), undefined],
])('who gives addresses: %s', ([, heard, expected]) => {
  const server = addressServerOf(heard, ip('10.40.0.8'))
  expect(server === undefined ? undefined : formatIpv4(server)).toBe(expected)
})

test('a machine names the server whose offer it takes, and only then', () => {
  expect(chosenServer(message('request', { serverId: '10.40.0.9' }))).toBe(ip('10.40.0.9'))
  expect(chosenServer(message('request', { ciaddr: '10.40.0.50' }))).toBeUndefined()
  expect(chosenServer(message('release', { serverId: '10.40.0.9' }))).toBeUndefined()
  const discover = withOption(message('discover'), dhcpOption.serverId, ip('10.40.0.9'))
  expect(chosenServer(discover)).toBeUndefined()
})
