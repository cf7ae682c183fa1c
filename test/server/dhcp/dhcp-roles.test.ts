import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatIpv4, subnetOf } from '../../../src/core/address.ts'
import type { ServiceEvent } from '../../../src/core/events.ts'
import type { NetworkInterface } from '../../../src/io/net/interfaces.ts'
import { placeOf } from '../../../src/protocol/dhcp/place.ts'
import { peerOf, questions } from '../../../src/protocol/dhcp/server-probe.ts'
import type { RoleTiming } from '../../../src/protocol/dhcp/server-role.ts'
import type { DhcpSubnet } from '../../../src/protocol/dhcp/subnet.ts'
import { type AskedLink, DhcpRoles } from '../../../src/server/dhcp/dhcp-roles.ts'
import { decodeDhcp, type DhcpMessage } from '../../../src/wire/dhcp/dhcp-message.ts'
import { ip, lab, mac, message, server, type Wish } from '../../support/dhcp-messages.ts'

const subnet: DhcpSubnet = { ...lab, mode: 'auto' }
const own = new Set([server])
const rival = '10.40.0.9'

let timing: RoleTiming
let links: FakeLink[]
let asked: string[]
/** Of the last question. */
let xid: number
let opened: string[]
let trouble: Error | undefined
let events: Omit<ServiceEvent, 'at'>[]
let now: number
let roles: DhcpRoles
beforeEach(() => {
  ;[asked, opened, events, now, trouble] = [[], [], [], 1_000_000, undefined]
  timing = { listen: 5000, probe: 30_000, takeover: 60_000 }
  links = [new FakeLink('eth0')]
})
afterEach(async () => {
  await roles.stop()
})

class FakeLink implements AskedLink {
  readonly interface: NetworkInterface

  constructor(name: string, over: Partial<NetworkInterface> = {}) {
    const addresses = [{ address: server, subnet: subnetOf(server, 24) }]
    const fixed = { addresses, ipv6: [], loopback: false, mtu: 1500 }
    this.interface = { name, mac: mac('02:00:00:00:00:01'), ...fixed, ...over }
  }

  openClientPort(): Promise<void> {
    if (trouble !== undefined) return Promise.reject(trouble)
    opened.push(this.interface.name)
    return Promise.resolve()
  }

  ask(packets: { asClient: Uint8Array; asRelay: Uint8Array }): void {
    const [asClient, asRelay] = [decodeDhcp(packets.asClient), decodeDhcp(packets.asRelay)]
    const peer = peerOf(asClient)
    xid = asClient.xid
    asked.push(`${this.interface.name} ${peer?.state} ${formatIpv4(asRelay.relayAddress)}`)
  }
}

function make(...subnets: DhcpSubnet[]): DhcpRoles {
  const options = { links: () => links, own: () => own, subnets, timing, clock: () => now }
  roles = new DhcpRoles({ ...options, emit: (event) => events.push(event) })
  return roles
}

/** Looks every half second. */
async function pass(milliseconds: number): Promise<void> {
  for (const end = now + milliseconds; now < end;) {
    now += 500
    await roles.look()
  }
}

const offer = (to?: number): DhcpMessage => {
  const wish = { serverId: rival, ...(to === undefined ? {} : { xid: to }) }
  return { ...message('offer', wish), operation: 'reply', yourAddress: ip('10.40.0.50') }
}
const answer = (link = links[0]!) => roles.heardReply(link, offer(), rival)

function heard(request: DhcpMessage, { link = links[0]!, from = '0.0.0.0' } = {}) {
  const site = { subnets: [subnet], own }
  const datagram = { octets: new Uint8Array(), from: { address: from, port: 68 }, at: now }
  return { request, link, datagram, place: placeOf(request, link.interface.addresses, site) }
}
const hear = (type: 'discover' | 'request', wish: Wish, from?: string) =>
  roles.heardMachine(heard(message(type, wish), { from }))

/** How machines are answered that ask by the first interface. */
const modeOf = (of: DhcpSubnet, link = links[0]!) => roles.modeOf(of, link)

const reasons = (type = 'dhcp.role') =>
  events.filter((event) => event.type === type).map(({ reason }) => reason)

test('asks at the start, gives addresses after the silence, and says both', async () => {
  await make(subnet).start()
  expect([opened, asked, modeOf(subnet)]).toEqual([['eth0'], ['eth0 asking 10.40.0.1'], 'proxy'])
  await pass(4500)
  expect([asked.length, modeOf(subnet)]).toEqual([3, 'proxy'])
  await pass(500)
  expect(modeOf(subnet)).toBe('full')
  expect(events).toEqual([
    {
      type: 'dhcp.role',
      interface: 'eth0',
      reason:
        '10.40.0.0/24: asking whether another DHCP server is there; until that is known, boot data only',
    },
    {
      type: 'dhcp.role',
      interface: 'eth0',
      reason: '10.40.0.0/24: no other DHCP server answered in 5 s: giving addresses',
    },
  ])
  await pass(30_000)
  expect(asked.at(-1)).toBe('eth0 full 10.40.0.1')
})

test('a server that answers at the start is no reason to worry', async () => {
  await make(subnet).start()
  answer()
  expect(reasons()).toEqual([
    expect.stringContaining('asking'),
    '10.40.0.0/24: 10.40.0.9 gives addresses: boot data only',
  ])
  expect(reasons('service.hint')).toEqual([])
})

test('one that appears later is told as what a person should know', async () => {
  await make(subnet).start()
  await pass(5000)
  answer()
  answer()
  expect(modeOf(subnet)).toBe('proxy')
  expect(reasons('service.hint')).toEqual([expect.stringMatching(/10\.40\.0\.9 began to give/)])
  await pass(60_000)
  expect(modeOf(subnet)).toBe('full')
  expect(reasons().slice(-2)).toEqual([
    '10.40.0.0/24: 10.40.0.9 has been silent for 55 s: asking once more',
    '10.40.0.0/24: 10.40.0.9 has been silent for 60 s: giving addresses',
  ])
})

test('a machine that takes the offer of another server is a sign of one', async () => {
  await make(subnet).start()
  await pass(5000)
  hear('request', { serverId: '10.40.0.1' })
  expect(modeOf(subnet)).toBe('full')
  hear('request', { serverId: rival })
  expect(modeOf(subnet)).toBe('proxy')
})

test('at the server’s port only the answer to a question is a sign: anybody may send there', async () => {
  await make(subnet).start()
  await pass(5000)
  roles.heardAnswer(links[0]!, offer(), rival)
  expect(modeOf(subnet)).toBe('full')
  roles.heardAnswer(links[0]!, offer(xid), rival)
  expect(modeOf(subnet)).toBe('proxy')
})

test.for<[string, Wish]>([
  ['a machine', {}],
  ['a relay', { giaddr: '10.40.0.254' }],
])('what another network says of our wire is no sign: %s', async ([, wish]) => {
  await make(subnet).start()
  await pass(5000)
  const question = questions({
    mac: mac('02:00:00:00:00:02'),
    xid: 1,
    state: 'full',
    server: ip('10.40.0.0'),
  })
  for (const from of ['10.99.0.7', 'no address']) {
    hear('request', { ...wish, serverId: rival }, from)
    roles.heardQuestion(heard(question.asClient, { from }))
    roles.heardQuestion(heard(question.asRelay, { from }))
  }
  expect(modeOf(subnet)).toBe('full')
  hear('request', { ...wish, serverId: rival }, '10.40.0.254')
  expect(modeOf(subnet)).toBe('proxy')
})

test('a machine that asks is followed by a question at once, beside a rival by none', async () => {
  await make(subnet).start()
  await pass(15_000)
  hear('discover', {})
  await roles.look()
  expect(asked).toHaveLength(4)
  answer()
  now += 2000
  hear('discover', {})
  await roles.look()
  expect(asked).toHaveLength(4)
})

test('a server that leaves a machine unanswered is told once, as what a person should know', async () => {
  await make(subnet).start()
  const unanswered = (asking: string) => {
    for (const after of [0, 4000]) {
      now += after
      hear('discover', { mac: asking })
    }
  }
  unanswered('52:54:00:00:00:07')
  expect(reasons('service.hint')).toEqual([])
  answer()
  unanswered('52:54:00:00:00:07')
  hear('request', { serverId: rival })
  unanswered('52:54:00:00:00:08')
  const hints = events.filter(({ type }) => type === 'service.hint')
  expect(hints).toMatchObject([
    {
      mac: '52:54:00:00:00:07',
      reason: expect.stringMatching(/10\.40\.0\.9.* does not answer it/),
    },
  ])
  expect(modeOf(subnet)).toBe('proxy')
})

test('a machine whose offer was heard is answered, even if it goes on asking', async () => {
  await make(subnet).start()
  answer()
  hear('discover', {})
  answer()
  now += 4000
  hear('discover', {})
  expect(reasons('service.hint')).toEqual([])
})

test('our own answers, and those of our other interfaces, are no sign', async () => {
  await make(subnet).start()
  await pass(5000)
  const reply = { ...message('ack', { serverId: '10.40.0.1' }), operation: 'reply' } as const
  roles.heardReply(links[0]!, { ...reply, yourAddress: ip('10.40.0.50') }, '10.40.0.1')
  expect(modeOf(subnet)).toBe('full')
})

test('our own question that comes back is ours; another service’s is a peer’s', async () => {
  await make(subnet).start()
  const from = { mac: mac('02:00:00:00:00:01'), xid: 1, state: 'full' } as const
  const question = (address: string) => questions({ ...from, server: ip(address) })
  const [ours, theirs] = [question('10.40.0.1'), question('10.40.0.9')]
  expect(roles.heardQuestion(heard(ours.asClient))).toBe('ours')
  expect(roles.heardQuestion(heard(ours.asRelay))).toBe('ours')
  expect(roles.heardQuestion(heard(message('discover')))).toBe('no')
  expect(reasons()).toHaveLength(1)
  expect(roles.heardQuestion(heard(theirs.asRelay))).toBe('peer')
  expect(reasons().at(-1)).toBe('10.40.0.0/24: 10.40.0.9 gives addresses: boot data only')
})

test('of two services that begin together the lower address does, and the other says so', async () => {
  await make(subnet).start()
  const from = { mac: mac('02:00:00:00:00:02'), xid: 1, state: 'asking' } as const
  for (const [address, words] of [
    ['10.40.0.9', 'asking whether'],
    ['10.40.0.0', '10.40.0.0, another Bootlace, is about to give addresses: boot data only'],
  ] as const) {
    roles.heardQuestion(heard(questions({ ...from, server: ip(address) }).asClient))
    expect(reasons().at(-1)).toContain(words)
  }
})

test.for(['full', 'proxy', 'off'] as const)('nobody is asked in mode %s', async (mode) => {
  await make({ ...lab, mode }).start()
  await pass(60_000)
  answer()
  hear('request', { serverId: rival })
  expect([opened, asked, events]).toEqual([[], [], []])
  expect([modeOf({ ...lab, mode }), roles.stateOf(subnet)]).toEqual([mode, undefined])
})

test('nobody is asked on a network that is not named, beside one that is', async () => {
  const elsewhere = ip('10.99.0.1')
  const addresses = [{ address: elsewhere, subnet: subnetOf(elsewhere, 24) }]
  links = [new FakeLink('eth1', { addresses }), ...links]
  await make(subnet).start()
  await pass(40_000)
  expect([new Set(opened), new Set(asked.map((each) => each.split(' ')[0]))]).toEqual([
    new Set(['eth0']),
    new Set(['eth0']),
  ])
  answer(links[0])
  expect(modeOf(subnet)).toBe('full')
})

test('an interface that is back, on whatever wire, is asked on anew', async () => {
  await make(subnet).start()
  await pass(5000)
  const [before] = links
  links = []
  await pass(5000)
  expect(roles.stateOf(subnet)?.type).toBe('full')
  links = [before!]
  expect(modeOf(subnet)).toBe('proxy') // before anybody has looked
  await pass(500)
  expect(modeOf(subnet)).toBe('proxy')
  await pass(5000)
  expect(modeOf(subnet)).toBe('full')
})

test('a client port that somebody keeps for himself is told once; the question goes out all the same', async () => {
  trouble = new Error('UDP port 68 is in use')
  await make(subnet).start()
  await pass(5000)
  expect(reasons('service.hint')).toEqual([expect.stringContaining('UDP port 68 is in use')])
  expect(asked).toHaveLength(3)
})

test('two subnets on one wire: whoever gives addresses there is heard for both', async () => {
  const second: DhcpSubnet = { ...subnet, subnet: subnetOf(ip('10.41.0.0'), 24) }
  const addresses = [server, ip('10.41.0.1')].map((address) => ({
    address,
    subnet: subnetOf(address, 24),
  }))
  links = [new FakeLink('eth0', { addresses })]
  await make(subnet, second).start()
  expect(asked).toEqual(['eth0 asking 10.40.0.1', 'eth0 asking 10.41.0.1'])
  await pass(5000)
  answer()
  expect([modeOf(subnet), modeOf(second)]).toEqual(['proxy', 'proxy'])
})

describe('behind a relay, where nobody can be asked', () => {
  const behind: Wish = { giaddr: '10.40.0.254' }
  beforeEach(async () => {
    const elsewhere = ip('10.99.0.1')
    const addresses = [{ address: elsewhere, subnet: subnetOf(elsewhere, 24) }]
    links = [new FakeLink('eth0', { addresses })]
    await make(subnet).start()
    await pass(60_000)
  })

  test('no question, and no address to begin with', () => {
    expect([asked, opened, modeOf(subnet)]).toEqual([[], [], 'proxy'])
  })

  test('a machine that asks again because nobody answers is the sign', () => {
    hear('discover', behind)
    now += 3499
    hear('discover', behind)
    expect(modeOf(subnet)).toBe('proxy')
    now += 1
    hear('discover', behind)
    expect(modeOf(subnet)).toBe('full')
    expect(reasons()).toEqual([
      '10.40.0.0/24: a machine asked again because nobody gives it an address: giving addresses',
    ])
  })

  test('a machine that takes another offer: back, until it is silent and a machine unanswered', () => {
    for (const after of [0, 4000]) {
      now += after
      hear('discover', behind)
    }
    hear('request', { ...behind, serverId: rival })
    expect(modeOf(subnet)).toBe('proxy')
    for (const after of [1000, 4000]) {
      now += after
      hear('discover', behind)
    }
    expect(modeOf(subnet)).toBe('proxy')
    now += 60_000
    for (const after of [0, 4000]) {
      now += after
      hear('discover', behind)
    }
    expect(modeOf(subnet)).toBe('full')
  })

  test('a machine that was answered and starts anew is no machine that nobody answers', async () => {
    await roles.stop()
    timing = { ...timing, takeover: 10_000 }
    await make(subnet).start()
    hear('request', { ...behind, serverId: rival })
    hear('discover', behind)
    hear('request', { ...behind, serverId: rival })
    now += 30_000
    hear('discover', behind)
    expect(modeOf(subnet)).toBe('proxy')
  })

  test('of two services that give addresses there the lower address goes on', () => {
    const from = { mac: mac('02:00:00:00:00:02'), xid: 1, state: 'full' } as const
    for (const after of [0, 4000]) {
      now += after
      hear('discover', behind)
    }
    for (const [address, mode] of [
      ['10.99.0.9', 'full'],
      ['10.40.0.9', 'proxy'],
    ] as const) {
      const { asClient } = questions({ ...from, server: ip(address) })
      roles.heardQuestion(heard({ ...asClient, relayAddress: ip('10.40.0.254') }))
      expect(modeOf(subnet)).toBe(mode)
    }
  })

  test('what is heard on our own wire tells nothing of it', () => {
    answer()
    hear('request', { serverId: rival })
    for (const after of [0, 4000]) {
      now += after
      hear('discover', {})
    }
    expect(events).toEqual([])
  })
})
