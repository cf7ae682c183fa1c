import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ServiceEvent } from '../../../src/core/events.ts'
import { listInterfaces, selectInterfaces } from '../../../src/io/net/interfaces.ts'
import type { LeaseStore } from '../../../src/io/store/lease-store.ts'
import type { Lease } from '../../../src/protocol/dhcp/lease.ts'
import { LeaseTable } from '../../../src/protocol/dhcp/lease-table.ts'
import type { DhcpMode } from '../../../src/protocol/dhcp/subnet.ts'
import { DhcpServer } from '../../../src/server/dhcp/dhcp-server.ts'
import { decodeDhcp, type DhcpMessage, encodeDhcp } from '../../../src/wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../../src/wire/dhcp/dhcp-options.ts'
import { captured, ip, lab, message, uefiBoot, type Wish } from '../../support/dhcp-messages.ts'

const leased: Lease = {
  address: ip('127.0.0.100'),
  key: '52:54:00:00:00:01',
  state: 'bound',
  expires: 2e12,
}

let now: number
/** Milliseconds between two looks at the clock. */
let aging: number
let port: number
let events: Omit<ServiceEvent, 'at'>[]
let committed: { leases: readonly Lease[]; settle: PromiseWithResolvers<undefined> }[]
let present: boolean
let trouble: Error | undefined
let server: DhcpServer
let client: Socket

const store: LeaseStore = {
  load: () => [],
  commit: async (leases) => {
    const settle = Promise.withResolvers<undefined>()
    committed.push({ leases, settle })
    await settle.promise
  },
  close: () => undefined,
}

function serve(mode: DhcpMode, otherwise: 'proxy' | 'off' = 'proxy'): DhcpServer {
  return new DhcpServer({
    interfaces: () => {
      if (trouble !== undefined) throw trouble
      return present ? selectInterfaces(['lo'], listInterfaces()) : []
    },
    subnets: [
      {
        ...lab,
        mode,
        subnet: { network: ip(mode === 'off' ? '10.0.0.0' : '127.0.0.0'), prefix: 24 },
        pool: [{ first: ip('127.0.0.100'), last: ip('127.0.0.110') }],
      },
    ],
    otherwise,
    timing: { listen: 5000, probe: 30_000, takeover: 60_000 },
    port,
    proxyPort: port + 2,
    leases: new LeaseTable([leased]),
    store,
    plan: () => uefiBoot,
    emit: (event) => events.push(event),
    clock: () => (now += aging),
  })
}

beforeEach(async () => {
  ;[now, aging, events, committed, present] = [1e12, 0, [], [], true]
  trouble = undefined
  client = createSocket('udp4')
  client.bind(0, '127.0.0.100')
  await once(client, 'listening')
  port = client.address().port - 1 // clients listen one above the server
})
afterEach(async () => {
  await server.stop()
  client.close()
})

function ask(request: DhcpMessage, to = port): void {
  client.send(encodeDhcp(request, { limit: 1400 }), to, '127.0.0.1')
}

async function answer(): Promise<DhcpMessage> {
  const [octets] = (await once(client, 'message')) as [Uint8Array]
  return decodeDhcp(octets)
}

const typesOf = () => events.map(({ type }) => type)
const renewal = message('request', { ciaddr: '127.0.0.100' })

test('the ACK leaves only when the lease is stored', async () => {
  server = serve('full')
  await server.start()
  ask(renewal)
  await expect.poll(() => committed.length).toBe(1)
  expect(committed[0]?.leases).toMatchObject([
    { address: leased.address, expires: now + 3_600_000 },
  ])
  expect(typesOf()).toEqual(['interface.open'])
  const coming = answer()
  committed[0]?.settle.resolve(undefined)
  expect((await coming).options.get(dhcpOption.messageType)).toBe('ack')
  expect(events[1]).toMatchObject({
    type: 'dhcp.ack',
    mac: '52:54:00:00:00:01',
    ip: '127.0.0.100',
    interface: 'lo',
    stage: 'system',
    xid: 0x1234,
    bootFile: 'snponly.efi',
  })
})

test('a lease that cannot be stored is not confirmed, and a person is told', async () => {
  server = serve('full')
  await server.start()
  ask(renewal)
  await expect.poll(() => committed.length).toBe(1)
  committed[0]?.settle.reject(new Error('disk full'))
  await expect.poll(() => typesOf()).toContain('service.hint')
  expect(events.at(-1)?.reason).toMatch(/disk full/)
  expect(typesOf()).not.toContain('dhcp.ack')
})

test('what was offered before another server appeared is refused; a lease stays', async () => {
  server = serve('auto')
  await server.start()
  const machine = { mac: '52:54:00:00:00:07', ciaddr: '127.0.0.100' }
  const heard = async (type: 'discover' | 'request', wish: Wish) => {
    const coming = answer()
    ask(message(type, wish))
    return (await coming).options.get(dhcpOption.messageType)
  }
  // Nobody can be asked on loopback: a machine that asks again is the sign.
  ask(message('discover', machine))
  await expect.poll(() => typesOf()).toContain('dhcp.ignore')
  now += 4000
  expect(await heard('discover', machine)).toBe('offer')
  expect(typesOf()).toContain('dhcp.role')
  ask(message('request', { mac: '52:54:00:00:00:08', serverId: '127.0.0.9' }))
  await expect.poll(() => typesOf()).toContain('service.hint')
  const offered = events.find(({ type }) => type === 'dhcp.offer')?.ip ?? ''
  ask(message('request', { mac: machine.mac, requested: offered, serverId: '127.0.0.1' }))
  await expect.poll(() => typesOf()).toContain('dhcp.nak')
  expect(committed).toEqual([])
  const coming = answer()
  ask(renewal)
  await expect.poll(() => committed.length).toBe(1)
  committed[0]?.settle.resolve(undefined)
  expect((await coming).options.get(dhcpOption.messageType)).toBe('ack')
})

test('the boot server answers on its own port, to the port that asked', async () => {
  server = serve('full')
  await server.start()
  const request = { ...captured('edk2-x64-4011-request'), clientAddress: ip('127.0.0.100') }
  const coming = answer()
  ask(request, port + 2)
  expect(await coming).toMatchObject({ bootFile: 'snponly.efi', yourAddress: 0 })
  expect(events.at(-1)).toMatchObject({ type: 'proxy.ack', firmware: 'uefi-x64' })
})

test('an address of ours that another server gives away is warned of once, however often', async () => {
  server = serve('full')
  await server.start()
  for (const mac of ['52:54:00:00:00:08', '52:54:00:00:00:09']) {
    ask(message('request', { mac, requested: '127.0.0.100', serverId: '127.0.0.9' }))
  }
  await expect.poll(() => typesOf().filter((type) => type === 'dhcp.ignore')).toHaveLength(2)
  expect(events.filter(({ type }) => type === 'dhcp.conflict')).toMatchObject([
    { ip: '127.0.0.100', reason: expect.stringContaining('52:54:00:00:00:08') },
  ])
})

test('what is not DHCP is counted and dropped', async () => {
  server = serve('proxy')
  await server.start()
  client.send(Uint8Array.of(1, 2, 3), port, '127.0.0.1')
  await expect.poll(() => typesOf()).toContain('dhcp.malformed')
  expect(events.at(-1)?.reason).toBe('header: truncated at octet 3')
})

test('a DISCOVER that waited too long is left to its next try', async () => {
  server = serve('full')
  await server.start()
  aging = 501
  ask(message('discover'))
  await expect.poll(() => events.at(-1)?.reason).toBe('waited too long to be answered')
})

test('interfaces come and go', async () => {
  present = false
  server = serve('full')
  await server.start()
  expect(typesOf()).toEqual([])
  present = true
  await server.rescan()
  await server.rescan()
  present = false
  await server.rescan()
  expect(typesOf()).toEqual(['interface.open', 'interface.close'])
})

test('interfaces that cannot be listed stay as they are, and are looked at again', async () => {
  server = serve('full')
  await server.start()
  trouble = new Error('too many open files')
  await server.rescan()
  await server.rescan()
  expect(typesOf()).toEqual(['interface.open', 'service.hint'])
  expect(events[1]).toMatchObject({ reason: 'too many open files' })
  trouble = undefined
  present = false
  await server.rescan()
  expect(typesOf().at(-1)).toBe('interface.close')
})

test('an interface that cannot be opened is told once, and tried again', async () => {
  const holder = createSocket('udp4')
  holder.bind(port, '0.0.0.0')
  await once(holder, 'listening')
  present = false
  server = serve('full')
  await server.start()
  present = true
  await server.rescan()
  await server.rescan()
  expect(typesOf()).toEqual(['service.hint'])
  expect(events[0]?.reason).toMatch(/in use/)
  holder.close()
  await once(holder, 'close')
  await server.rescan()
  expect(typesOf()).toEqual(['service.hint', 'interface.open'])
})

test('a port that is taken ends the start, and nothing stays open', async () => {
  const holder = createSocket('udp4')
  holder.bind(port + 2, '0.0.0.0')
  await once(holder, 'listening')
  server = serve('full')
  await expect(server.start()).rejects.toThrow(/in use/)
  const again = createSocket('udp4')
  again.bind(port, '0.0.0.0')
  await once(again, 'listening')
  again.close()
  holder.close()
})

test('where everything is off, nothing is opened', async () => {
  server = serve('off', 'off')
  await server.start()
  expect(events).toEqual([])
})
