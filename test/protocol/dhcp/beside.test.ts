import { beforeEach, expect, test } from 'vitest'
import { formatIpv4 } from '../../../src/core/address.ts'
import { respondBeside } from '../../../src/protocol/dhcp/beside.ts'
import type { DhcpEffect } from '../../../src/protocol/dhcp/effect.ts'
import { LeaseTable, quarantineMilliseconds } from '../../../src/protocol/dhcp/lease-table.ts'
import { type DhcpContext, respond } from '../../../src/protocol/dhcp/respond.ts'
import type { DhcpMessage } from '../../../src/wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../../src/wire/dhcp/dhcp-options.ts'
import {
  captured,
  ip,
  lab,
  message,
  server,
  uefiBoot,
  type Wish,
} from '../../support/dhcp-messages.ts'

const subnet = { ...lab, mode: 'auto' } as const
const own = new Set([server])
const address = '10.40.0.105'
const [us, rival] = ['10.40.0.1', '10.40.0.9']

let leases: LeaseTable
let now: number
beforeEach(() => {
  leases = new LeaseTable()
  now = 1_000_000
})

const context = (): DhcpContext => ({ leases, subnet, server, own, boot: uefiBoot })
/** While we give addresses, and beside another server. */
const full = (request: DhcpMessage) => respond(request, context(), now)
const beside = (request: DhcpMessage) => respondBeside(request, context(), now)

function lease(wish: Wish = {}): void {
  full(message('discover', { ...wish, requested: address }))
  full(message('request', { ...wish, requested: address, serverId: us }))
  expect(leases.macAt(ip(address), now)).toBeDefined()
}

/** Types of effects and messages, e.g. `persist, ack 10.40.0.105`. */
function summary(effects: readonly DhcpEffect[]): string {
  const words = effects.map((effect) => {
    if (effect.type === 'persist') return 'persist'
    if (effect.type === 'note') return effect.outcome.reason ?? effect.outcome.type
    const { options, yourAddress } = effect.message
    return `${options.get(dhcpOption.messageType)} ${formatIpv4(yourAddress)}`
  })
  return words.join(', ')
}

test('a DISCOVER is answered with boot data, never with an address', () => {
  expect(summary(beside(captured('edk2-x64-pxe-discover')))).toBe('offer 0.0.0.0')
  expect(summary(beside(message('discover')))).toBe('not a network boot client')
  lease()
  expect(summary(beside(message('discover')))).toBe('not a network boot client')
})

test.for<[string, Wish]>([
  ['renews by unicast', { ciaddr: address }],
  ['rebinds', { ciaddr: address, broadcast: true }],
  ['comes back after a restart', { requested: address }],
  ['repeats its request because the ACK was lost', { requested: address, serverId: us }],
  ['renews with a server id', { ciaddr: address, serverId: us }],
])('a machine that has a lease of ours %s: it keeps it', ([, wish]) => {
  lease()
  now += 1_800_000
  expect(summary(beside(message('request', wish)))).toBe(`persist, ack ${address}`)
  expect(leases.holder(ip(address))?.expires).toBe(now + 3_600_000)
})

test.for<[string, Wish]>([
  ['renews', { ciaddr: address }],
  ['comes back', { requested: address }],
])('a lease that has run out is no lease: who %s is left to the other server', ([, wish]) => {
  lease()
  now += 3_600_000
  expect(summary(beside(message('request', wish)))).toBe('for the server that gives addresses here')
})

test('an offer from before is refused, so that the machine asks anew at once', () => {
  full(message('discover', { requested: address }))
  const effects = beside(message('request', { requested: address, serverId: us }))
  expect(summary(effects)).toBe('nak 0.0.0.0')
  expect(leases.macAt(ip(address), now)).toBeUndefined()
})

test('a lease is no ticket for another address', () => {
  lease()
  const other = { ciaddr: address, requested: '10.40.0.106', serverId: us }
  expect(summary(beside(message('request', other)))).toBe('nak 0.0.0.0')
})

test('another machine is left alone, with our lease or with none', () => {
  lease()
  for (const wish of [{ ciaddr: address }, { requested: address }, { ciaddr: '10.9.9.9' }]) {
    const request = message('request', { ...wish, mac: '52:54:00:00:00:02' })
    expect(summary(beside(request))).toBe('for the server that gives addresses here')
  }
})

test('leases are given back and declined as before', () => {
  lease()
  expect(summary(beside(message('release', { ciaddr: address, serverId: us })))).toBe(
    'persist, dhcp.release',
  )
  lease()
  expect(summary(beside(message('decline', { requested: address, serverId: us })))).toMatch(
    /^persist, .* is in use/,
  )
})

test('what the other server gave away is not given again as soon as that one has gone', () => {
  const taken = message('request', { requested: address, serverId: rival })
  expect(summary(beside(taken))).toBe(`the client took the offer of ${rival}`)
  const wish = { mac: '52:54:00:00:00:02', requested: address }
  expect(summary(full(message('discover', wish)))).not.toContain(address)
  expect(summary(full(message('discover')))).toBe(`offer ${address}`)
})

test('it is kept for ten minutes, and no address of ours is lost to it', () => {
  beside(message('request', { requested: address, serverId: rival }))
  now += quarantineMilliseconds
  const wish = { mac: '52:54:00:00:00:02', requested: address }
  expect(summary(full(message('discover', wish)))).toBe(`offer ${address}`)
})

test.for(['10.40.0.254', '10.40.0.20', '10.40.0.200', '0.0.0.0'])(
  'an address that is not ours to give is none of our business: %s',
  (requested) => {
    beside(message('request', { requested, serverId: rival }))
    expect(leases.holder(ip(requested))).toBeUndefined()
  },
)

test('a machine that takes the other offer of its own address keeps our lease, too', () => {
  lease()
  const before = leases.holder(ip(address))
  beside(message('request', { requested: address, serverId: rival }))
  expect(leases.holder(ip(address))).toBe(before)
})

test('an address of ours that the other server gives to another machine: told, and still leased', () => {
  lease()
  const before = leases.holder(ip(address))
  const wish = { mac: '52:54:00:00:00:02', requested: address, serverId: rival }
  expect(summary(beside(message('request', wish)))).toBe(
    `the client took the offer of ${rival}, another DHCP server gave it to 52:54:00:00:00:02, ` +
      'and 52:54:00:00:00:01 has a lease for it',
  )
  expect(leases.holder(ip(address))).toBe(before)
})
