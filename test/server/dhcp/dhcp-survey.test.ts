import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatIpv4, type Ipv4, type Mac, subnetOf } from '../../../src/core/address.ts'
import type { ServiceEvent } from '../../../src/core/events.ts'
import type { NetworkInterface } from '../../../src/io/net/interfaces.ts'
import type { Lease } from '../../../src/protocol/dhcp/lease.ts'
import { LeaseTable } from '../../../src/protocol/dhcp/lease-table.ts'
import type { DhcpSubnet } from '../../../src/protocol/dhcp/subnet.ts'
import { DhcpSurvey, type SurveyedLink } from '../../../src/server/dhcp/dhcp-survey.ts'
import { ip, lab, mac, server } from '../../support/dhcp-messages.ts'

const printer = mac('52:54:00:aa:bb:cc')

let links: SurveyedLink[]
let table: Map<Ipv4, Mac> | undefined
let asked: string[]
let open: string[]
let events: Omit<ServiceEvent, 'at'>[]
let stored: Lease[]
let now: number
let trouble: Error | undefined
let subnet: DhcpSubnet
let survey: DhcpSurvey
beforeEach(() => {
  ;[links, table, asked, open, events, stored] = [[link('eth0')], new Map(), [], [], [], []]
  now = 1_000_000
  trouble = undefined
})
afterEach(async () => {
  await survey.stop()
})

function link(name: string, over: Partial<NetworkInterface> = {}): SurveyedLink {
  const addresses = [{ address: server, subnet: subnetOf(server, 24) }]
  const fixed = { addresses, ipv6: [], loopback: false, mtu: 1500 }
  return { interface: { name, mac: mac('02:00:00:00:00:01'), ...fixed, ...over } }
}

function make(over: Partial<DhcpSubnet> = {}): DhcpSurvey {
  subnet = { ...lab, ...over }
  survey = new DhcpSurvey({
    links: () => links,
    own: () => new Set([server]),
    subnets: [subnet],
    mayGive: ({ mode }) => mode === 'full',
    leases: new LeaseTable(),
    store: {
      load: () => [],
      commit: (leases) => Promise.resolve(void stored.push(...leases)),
      close: () => undefined,
    },
    openProbe: (device) => {
      if (trouble !== undefined) return Promise.reject(trouble)
      open.push(device)
      return Promise.resolve({
        ask: (address) => asked.push(`${device} ${formatIpv4(address)}`),
        answers: () => table && ((address: Ipv4) => table?.get(address)),
        close: () => Promise.resolve(void open.splice(open.indexOf(device), 1)),
      })
    },
    emit: (event) => events.push(event),
    clock: () => now,
  })
  return survey
}

test('the first questions leave with the start; none after the stop', async () => {
  await make().start()
  expect(asked).toHaveLength(8)
  expect(asked[0]).toMatch(/^eth0 10\.40\.0\.10\d$/)
  await survey.stop()
  expect(open).toEqual([])
  now += 60_000
  await survey.settle(links[0]!, subnet, () => ip('10.40.0.100'))
  expect(asked).toHaveLength(8)
})

test.for<[string, Partial<DhcpSubnet>, Partial<NetworkInterface>]>([
  ['beside another server', { mode: 'proxy' }, {}],
  ['where we are off', { mode: 'off' }, {}],
  ['behind a relay', { subnet: subnetOf(ip('10.99.0.0'), 24) }, {}],
  ['without Ethernet', {}, { mac: mac('00:00:00:00:00:00') }],
])('nobody is asked %s', async ([, rules, over]) => {
  links = [link('eth0', over)]
  await make(rules).start()
  expect([asked, open]).toEqual([[], []])
})

test('without a neighbour table nobody is asked, and nobody waits', async () => {
  table = undefined
  await make().start()
  let looks = 0
  await survey.settle(links[0]!, subnet, () => (looks++, ip('10.40.0.100')))
  expect([asked, looks]).toEqual([[], 1])
})

test('a host that answers while a machine waits is set aside, and told once', async () => {
  await make().start()
  const used = ip(asked[0]!.split(' ')[1]!)
  table?.set(used, printer)
  const until = (count: number) => () => {
    now += 10_000 // what the kernel knew before is believed only then
    return stored.length < count ? used : undefined
  }
  await survey.settle(links[0]!, subnet, until(1))
  now += 600_000
  await survey.settle(links[0]!, subnet, until(2))
  const lease = { address: used, key: '', state: 'declined' }
  expect(stored).toMatchObject([lease, lease])
  expect(events).toEqual([
    {
      type: 'dhcp.conflict',
      ip: formatIpv4(used),
      interface: 'eth0',
      reason:
        `${printer} uses it and has no lease for it: it is given to no machine; ` +
        'leave it out of the pool, or reserve it for that host (hosts: mac, address)',
    },
  ])
})

test('a machine waits for ten looks, no longer', async () => {
  await make().start()
  let looks = 0
  await survey.settle(links[0]!, subnet, () => (looks++, ip('10.40.0.100')))
  expect(looks).toBe(10)
})

test('interfaces come and go', async () => {
  await make().start()
  links = [link('eth1'), ...links]
  await survey.settle(links[1]!, subnet, once())
  expect(open).toEqual(['eth0', 'eth1'])
  links = links.slice(0, 1)
  await survey.settle(links[0]!, subnet, once())
  expect(open).toEqual(['eth1'])
  expect(survey.of(links[0]!, subnet)).toBeDefined()
})

test('an interface that cannot be asked on is told once', async () => {
  trouble = new Error('too many open files')
  await make().start()
  expect(events).toMatchObject([
    { type: 'service.hint', reason: expect.stringContaining('too many open files') },
  ])
})

/** An address to wait for, one look long. */
function once(): () => Ipv4 | undefined {
  let looks = 0
  return () => (looks++ === 0 ? ip('10.40.0.100') : undefined)
}
