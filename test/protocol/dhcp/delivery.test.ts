import { expect, test } from 'vitest'
import { formatIpv4 } from '../../../src/core/address.ts'
import { type Arrival, deliveryFor } from '../../../src/protocol/dhcp/delivery.ts'
import { emptyReply, newOptions } from '../../../src/protocol/dhcp/reply.ts'
import type { MessageType } from '../../../src/wire/dhcp/dhcp-options.ts'
import { ip, message, server, type Wish } from '../../support/dhcp-messages.ts'

const arrival: Arrival = {
  address: ip('0.0.0.0'),
  port: 68,
  toBootServer: false,
  serverPort: 67,
}

/** Table of RFC 2131 §4.1 and PXE 2.1, in its order: `address:port`, and how. */
const cases: readonly {
  readonly name: string
  readonly asks: MessageType
  readonly wish?: Wish
  readonly answer: MessageType
  readonly yiaddr?: string
  readonly from?: Partial<Arrival>
  readonly goes: string
}[] = [
  {
    name: 'INFORM to its address',
    asks: 'inform',
    wish: { ciaddr: '10.40.0.7' },
    answer: 'ack',
    goes: '10.40.0.7:68 52:54:00:00:00:01',
  },
  {
    name: 'INFORM without ciaddr through a relay',
    asks: 'inform',
    wish: { giaddr: '10.40.0.250' },
    answer: 'ack',
    goes: '10.40.0.250:67',
  },
  {
    name: 'INFORM without ciaddr to where it came from',
    asks: 'inform',
    answer: 'ack',
    from: { address: ip('10.40.0.9') },
    goes: '10.40.0.9:68',
  },
  { name: 'INFORM from nowhere', asks: 'inform', answer: 'ack', goes: '255.255.255.255:68' },
  {
    name: 'a relay',
    asks: 'discover',
    wish: { giaddr: '10.40.0.250', broadcast: true },
    answer: 'offer',
    yiaddr: '10.40.0.100',
    goes: '10.40.0.250:67',
  },
  {
    name: 'a NAK through a relay',
    asks: 'request',
    wish: { giaddr: '10.40.0.250', ciaddr: '10.40.0.7' },
    answer: 'nak',
    goes: '10.40.0.250:67',
  },
  {
    name: 'a renewal',
    asks: 'request',
    wish: { ciaddr: '10.40.0.7' },
    answer: 'ack',
    yiaddr: '10.40.0.7',
    goes: '10.40.0.7:68 52:54:00:00:00:01',
  },
  {
    name: 'a NAK to a renewal',
    asks: 'request',
    wish: { ciaddr: '10.40.0.7' },
    answer: 'nak',
    goes: '255.255.255.255:68',
  },
  {
    name: 'the B flag',
    asks: 'discover',
    wish: { broadcast: true },
    answer: 'offer',
    yiaddr: '10.40.0.100',
    goes: '255.255.255.255:68',
  },
  {
    name: 'a client without an address',
    asks: 'discover',
    answer: 'offer',
    yiaddr: '10.40.0.100',
    goes: '10.40.0.100:68 52:54:00:00:00:01 unconfigured',
  },
  {
    name: 'a proxy OFFER',
    asks: 'discover',
    answer: 'offer',
    goes: '255.255.255.255:68',
  },
  {
    name: 'port 4011, to the port it came from',
    asks: 'request',
    wish: { ciaddr: '10.40.0.7' },
    answer: 'ack',
    from: { address: ip('10.40.0.9'), port: 4011, toBootServer: true },
    goes: '10.40.0.7:4011',
  },
  {
    name: 'port 4011 without ciaddr',
    asks: 'request',
    answer: 'ack',
    from: { address: ip('10.40.0.9'), port: 2070, toBootServer: true },
    goes: '10.40.0.9:2070',
  },
  {
    name: 'other ports, for tests',
    asks: 'discover',
    wish: { broadcast: true },
    answer: 'offer',
    from: { serverPort: 1067 },
    goes: '255.255.255.255:1068',
  },
]

test.for(cases)('$name: $goes', ({ asks, wish, answer, yiaddr, from, goes }) => {
  const request = message(asks, wish)
  const reply = {
    ...emptyReply(request, newOptions(request, answer, server)),
    yourAddress: ip(yiaddr ?? '0.0.0.0'),
  }
  const to = deliveryFor(request, reply, { ...arrival, ...from })
  const words = [`${formatIpv4(to.address)}:${to.port}`, to.hardware]
  expect([...words, to.unconfigured ? 'unconfigured' : ''].filter(Boolean).join(' ')).toBe(goes)
})
