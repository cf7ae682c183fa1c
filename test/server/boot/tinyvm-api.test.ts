import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Mac, parseMac } from '../../../src/core/address.ts'
import type { ServiceEvent } from '../../../src/core/events.ts'
import type { MachineKey } from '../../../src/io/store/machine-store.ts'
import { AddressBook } from '../../../src/server/boot/address-book.ts'
import { tinyvmRoutes } from '../../../src/server/boot/tinyvm-api.ts'

const mac = (text: string) => parseMac(text) as Mac
const mine = mac('52:54:00:00:00:01')
const other = mac('52:54:00:00:00:02')

/** By address: whose it is, as leases and neighbours tell. */
const machines = new Map([
  ['192.168.50.100', mine],
  ['192.168.50.101', other],
])
const four = {
  address: '192.168.50.77',
  mask: '255.255.255.0',
  broadcast: '192.168.50.255',
  gateway: '192.168.50.1',
  dns: '192.168.50.1',
  domain: 'lab.example',
}
const six = {
  address: 'FD77:1::0077',
  prefix: '64',
  gateway: 'fe80::1',
  dns: 'fd77:1::1',
  domain: 'lab.example',
}

let events: Omit<ServiceEvent, 'at'>[] = []
let server: FastifyInstance
let facts: Map<Mac, unknown>
let book: AddressBook

async function start(password?: string): Promise<void> {
  events = []
  facts = new Map()
  book = new AddressBook({
    store: {
      get: (of: Mac, _key: MachineKey) => facts.get(of),
      set: (of: Mac, _key: MachineKey, value: unknown) => {
        if (value === undefined) facts.delete(of)
        else facts.set(of, JSON.parse(JSON.stringify(value)))
      },
      entries: () => [...facts],
    },
    own: () => ['192.168.50.1', 'fd77:1::1', 'fe80::9%eth0'],
    servers: new Set(['192.168.50.254']),
    holderOf: (address) => machines.get(address),
  })
  server = Fastify()
  const emit = (event: Omit<ServiceEvent, 'at'>) => void events.push(event)
  await server.register(tinyvmRoutes, { addresses: book, password, macOf, emit })
}

const macOf = (ip: string) => machines.get(ip)

beforeEach(() => start())
afterEach(() => server.close())

async function post(payload: object, remoteAddress = '::ffff:192.168.50.100') {
  const answer = await server.inject({ method: 'POST', url: '/addresses', payload, remoteAddress })
  return [answer.statusCode, answer.body.trim()]
}

async function passwordFor(remoteAddress: string) {
  const { statusCode, body, headers } = await server.inject({ url: '/password', remoteAddress })
  expect(headers['cache-control']).toBe('no-store')
  return [statusCode, body.trim()]
}

describe('the password', () => {
  const hash = `$6$salt$${'a'.repeat(86)}`

  test('is for machines that are known, and for nobody else', async () => {
    await start(hash)
    expect(await passwordFor('192.168.50.100')).toEqual([200, hash])
    expect(await passwordFor('::ffff:192.168.50.101')).toEqual([200, hash])
    expect((await passwordFor('192.0.2.9'))[0]).toBe(403)
  })

  test('without one there is no content: the machine makes its own', async () => {
    expect(await passwordFor('192.168.50.100')).toEqual([204, ''])
  })
})

test('addresses are remembered for the machine that asks, and become kernel arguments', async () => {
  expect(await post({ ipv4: four })).toEqual([
    200,
    'Bootlace remembers for 52:54:00:00:00:01: 192.168.50.77/24, IPv6 as routers say',
  ])
  expect(book.words(mine)).toBe(
    'tinyvm.ipv4=52:54:00:00:00:01,192.168.50.77/24,192.168.50.255,192.168.50.1,192.168.50.1,lab.example',
  )
  await post({ ipv6: six })
  expect(book.words(mine).split(' ')[1]).toBe(
    'tinyvm.ipv6=52:54:00:00:00:01,fd77:1::77/64,fe80::1,fd77:1::1,lab.example',
  )
  expect(book.words(other)).toBe('')
  expect(events.map(({ type, mac: of, detail }) => [type, of, detail])).toEqual([
    ['tinyvm.addresses', mine, '192.168.50.77/24, IPv6 as routers say'],
    ['tinyvm.addresses', mine, '192.168.50.77/24, fd77:1::77/64'],
  ])
})

test('null is the way back, for one family or both', async () => {
  await post({ ipv4: four, ipv6: six })
  await post({ ipv4: null })
  expect(book.of(mine)).toMatchObject({ ipv6: { address: 'fd77:1::77', prefix: 64 } })
  expect(book.words(mine)).toMatch(/^tinyvm\.ipv6=\S+$/)
  await post({ ipv6: null })
  expect(facts.size).toBe(0)
})

test.for([
  {
    name: 'our own address',
    change: { ipv4: { ...four, address: '192.168.50.1', gateway: '192.168.50.2' } },
    says: '192.168.50.1 is the address of Bootlace itself',
  },
  {
    name: 'our own address, written otherwise',
    change: { ipv6: { ...six, address: 'fd77:1:0::1' } },
    says: 'fd77:1::1 is the address of Bootlace itself',
  },
  {
    name: 'the gateway of its network',
    change: { ipv4: { ...four, address: '192.168.50.254' } },
    says: '192.168.50.254 is a gateway or a name server of its network',
  },
  {
    name: 'an address leased to another machine',
    change: { ipv4: { ...four, address: '192.168.50.101' } },
    says: '192.168.50.101 belongs to 52:54:00:00:00:02',
  },
])('$name is refused, and nothing is changed', async ({ change, says }) => {
  const [status, text] = await post(change)
  expect(status).toBe(409)
  expect(text).toContain(says)
  expect(facts.size).toBe(0)
})

test('its own lease may become its static address', async () => {
  expect((await post({ ipv4: { ...four, address: '192.168.50.100' } }))[0]).toBe(200)
})

test('two machines cannot have the same one remembered', async () => {
  await post({ ipv4: four })
  expect(await post({ ipv4: four }, '192.168.50.101')).toEqual([
    409,
    '192.168.50.77 is remembered for 52:54:00:00:00:01',
  ])
})

test('an address that somebody else has since is not told: the machine asks by DHCP', async () => {
  await post({ ipv4: four })
  machines.set('192.168.50.77', other)
  try {
    expect(book.words(mine)).toBe('')
  } finally {
    machines.delete('192.168.50.77')
  }
  expect(book.words(mine)).toContain('192.168.50.77/24')
})

test('who is not known is not answered', async () => {
  expect((await post({ ipv4: four }, '192.0.2.9'))[0]).toBe(403)
  expect(facts.size).toBe(0)
})

test('only JSON is read: no page in a browser may speak for its machine', async () => {
  const answer = await server.inject({
    method: 'POST',
    url: '/addresses',
    payload: JSON.stringify({ ipv4: four }),
    headers: { 'content-type': 'text/plain' },
    remoteAddress: '192.168.50.100',
  })
  expect(answer.statusCode).toBe(400)
  expect(facts.size).toBe(0)
})

test.for([
  [{ ...four, address: '192.168.50.300' }, 'address: not an IPv4 address'],
  [{ ...four, address: '127.0.0.1' }, 'address: not an IPv4 address'],
  [{ ...four, address: '224.0.0.1' }, 'address: not an IPv4 address'],
  [{ ...four, address: '192.168.50.0' }, 'address: is the first or the last of its network'],
  [{ ...four, address: '192.168.50.255' }, 'address: is the first or the last of its network'],
  [{ ...four, mask: '255.0.255.0' }, 'mask: not a mask'],
  [{ ...four, mask: '24' }, 'mask: not a mask'],
  [{ ...four, mask: '255.255.255.255' }, 'mask: not a mask'],
  [{ ...four, broadcast: 'x' }, 'broadcast: not an IPv4 address'],
  [{ ...four, gateway: '10.0.0.1' }, 'gateway: is the address itself, or outside its network'],
  [{ ...four, gateway: four.address }, 'gateway: is the address itself, or outside its network'],
  [{ ...four, dns: 'a.b' }, 'dns: not an address of a server'],
  [{ ...four, domain: 'a b' }, 'domain: not a domain'],
  [{ ...four, domain: 'a,init=/bin/sh' }, 'domain: not a domain'],
  [{ ...four, domain: '${x}' }, 'domain: not a domain'],
] as const)('IPv4 %j: %s', async ([ipv4, says]) => {
  const [status, text] = await post({ ipv4 })
  expect(status).toBe(400)
  expect(text).toContain(says)
})

test.for([
  [{ ...six, address: 'fe80::77' }, 'address: not an IPv6 address'],
  [{ ...six, address: '::1' }, 'address: not an IPv6 address'],
  [{ ...six, address: '::ffff:192.168.50.77' }, 'address: not an IPv6 address'],
  [{ ...six, address: 'ff02::1' }, 'address: not an IPv6 address'],
  [{ ...six, address: '192.168.50.77' }, 'address: not an IPv6 address'],
  [{ ...six, prefix: '0' }, 'prefix: not a length'],
  [{ ...six, prefix: '129' }, 'prefix: not a length'],
  [{ ...six, gateway: 'fd77:1::1' }, 'gateway: not the link-local address'],
] as const)('IPv6 %j: %s', async ([ipv6, says]) => {
  const [status, text] = await post({ ipv6 })
  expect(status).toBe(400)
  expect(text).toContain(says)
})

test.for([{}, [], { ipv5: four }, { ipv4: {} }, { ipv4: 7 }])('%j is no change', async (body) => {
  expect((await post(body))[0]).toBe(400)
})
