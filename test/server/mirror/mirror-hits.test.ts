import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { type IncomingHttpHeaders } from 'node:http'
import { type Socket, connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { ServiceEvent } from '../../../src/core/events.ts'
import { type Fixture, mirrorFixture, raw } from '../../support/mirror-fixture.ts'
import { payloadOctets } from '../../support/origin-payloads.ts'

/** A mirror that has the payload already. */
async function warm(size: 'small' | 'large') {
  const fixture = await mirrorFixture()
  const sorted = fixture.origin.payloads.toSorted((a, b) => a.size - b.size)
  const payload = (size === 'small' ? sorted[0] : sorted.at(-1))!
  await fixture.get(payload.path)
  const types = () => fixture.events.map(({ type }) => type).sort()
  await expect.poll(types).toEqual(['mirror.fill', 'mirror.stored'])
  fixture.events.length = 0
  return { fixture, payload, octets: payloadOctets(payload) }
}

function told({ events }: Fixture): readonly Partial<ServiceEvent>[] {
  return events.map((event) => ({ ...event, ms: undefined }))
}

/** Times and the number of seconds in them are not the same twice. */
function lasting(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return { ...headers, date: undefined, age: undefined }
}

const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: vc\r\nUser-Agent: iPXE\r\n${more}\r\n`
const close = 'Connection: close\r\n'

test.for(['small', 'large'] as const)(
  'a %s hit is the same both ways, to the client and in the log',
  async (size) => {
    const { fixture, payload, octets } = await warm(size)
    await using f = fixture
    const fast = await f.get(payload.path)
    const again = await f.get(payload.path)
    const usual = await f.get(payload.path, { headers: { 'x-unknown': '1' } })
    expect(fast.body.equals(octets)).toBe(true)
    expect(again.body.equals(octets)).toBe(true)
    expect(usual.body.equals(octets)).toBe(true)
    expect(lasting(fast.headers)).toEqual(lasting(usual.headers))
    expect(fast.headers.age).toMatch(/^\d+$/)
    expect(fast.headers['x-cache']).toBe('HIT')
    await expect.poll(() => f.events.length).toBe(3)
    const [first, second, third] = told(f)
    expect(first).toEqual(third)
    expect(second).toEqual(third)
    expect(first).toMatchObject({ type: 'mirror.hit', bytes: payload.size, status: 200 })
    expect(f.mirror.stats()).toMatchObject({ hits: 3, servedBytes: 4 * payload.size })
  },
)

test('one connection may ask for hits and for all else, in any order and at once', async () => {
  const { fixture, payload, octets } = await warm('small')
  await using f = fixture
  const requests = [
    get(payload.path),
    get(payload.path),
    get('/vmw/rbd/nothing'),
    get(payload.path, close),
  ]
  const answer = await raw(f.port, requests.join(''))
  expect(answer.split(octets.toString('latin1'))).toHaveLength(4)
  expect(answer.match(/HTTP\/1.1 \d{3}/g)).toHaveLength(4)
})

test.for([1, 2])('who asks for %d more while he is served waits for his turn', async (more) => {
  const { fixture, payload, octets } = await warm('large')
  await using f = fixture
  const socket = connect(f.port, '127.0.0.1')
  socket.write(get(payload.path))
  const parts: Buffer[] = []
  const next = get(payload.path).repeat(more - 1) + get(payload.path, close)
  socket.once('data', () => socket.write(next))
  for await (const part of socket) parts.push(part as Buffer)
  const all = Buffer.concat(parts).toString('latin1')
  expect(all.split(octets.toString('latin1'))).toHaveLength(more + 2)
})

test('requests come in pieces, too', async () => {
  const { fixture, payload, octets } = await warm('large')
  await using f = fixture
  const text = get(payload.path) + get(payload.path) + get(payload.path, close)
  const socket = connect(f.port, '127.0.0.1').setNoDelay()
  const parts: Buffer[] = []
  socket.on('data', (part) => parts.push(part))
  for (let at = 0; at < text.length; at += 50) {
    socket.write(text.slice(at, at + 50))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await new Promise((resolve) => socket.once('close', resolve))
  const all = Buffer.concat(parts).toString('latin1')
  expect(all.split(octets.toString('latin1'))).toHaveLength(4)
})

test('a client that shuts its side after asking is still answered', async () => {
  const { fixture, payload, octets } = await warm('large')
  await using f = fixture
  const socket = connect({ port: f.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(get(payload.path))
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part as Buffer)
  expect(Buffer.concat(parts).subarray(-octets.length).equals(octets)).toBe(true)
})

test('a client that leaves in the middle is told of in the log', async () => {
  const { fixture, payload } = await warm('large')
  await using f = fixture
  const socket = connect(f.port, '127.0.0.1')
  socket.pause().setNoDelay()
  for (let asked = 0; asked < 64; asked += 1) {
    socket.write(get(payload.path))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await expect.poll(() => f.events.length).toBeGreaterThan(0)
  socket.resetAndDestroy()
  await expect.poll(() => f.events.at(-1)?.reason).toBe('the client left')
  expect(f.events.at(-1)?.bytes).toBeLessThan(payload.size)
})

/** A client that has stopped in the middle of what no connection takes at once. */
async function stopped() {
  const f = await mirrorFixture({ origin: { images: ['esxi7'] } })
  const payload = f.origin.payloads.find(({ size }) => size > 20e6 && size < 50e6)!
  await f.get(payload.path)
  await expect.poll(() => f.events.map(({ type }) => type)).toContain('mirror.stored')
  const accepted = once(f.server.server, 'connection')
  const client = connect(f.port, '127.0.0.1').pause()
  client.write(get(payload.path))
  const [server] = (await accepted) as [Socket]
  await expect.poll(() => server.timeout).toBe(300_000)
  return { f, payload, client, server }
}

describe('a client that stops reading', () => {
  test('is cut off when it has taken nothing for five minutes', async () => {
    const { f: fixture, payload, client, server } = await stopped()
    await using f = fixture
    server.emit('timeout')
    await expect.poll(() => f.events.at(-1)?.reason).toBe('the client left')
    expect(f.events.at(-1)?.bytes).toBeLessThan(payload.size)
    expect(server.destroyed).toBe(true)
    client.destroy()
  })

  test('and goes on before that gets everything', async () => {
    const { f: fixture, payload, client, server } = await stopped()
    await using f = fixture
    const beginAgain = vi.spyOn(server, 'setTimeout')
    let size = 0
    client.on('data', (part) => (size += part.length)).resume()
    await expect.poll(() => size).toBeGreaterThan(payload.size)
    await expect.poll(() => server.timeout).toBe(f.server.server.keepAliveTimeout)
    // Node does not see what the kernel sends.
    expect(beginAgain.mock.calls.filter(([ms]) => ms === 300_000).length).toBeGreaterThan(1)
    client.destroy()
  })
})

test.for(['small', 'large'] as const)('a %s body that was deleted is a miss', async (size) => {
  const { fixture, payload, octets } = await warm(size)
  await using f = fixture
  await f.get(payload.path)
  rmSync(join(f.directory, 'content-v1'), { recursive: true })
  const miss = async () => (await f.get(payload.path)).headers['x-cache']
  await expect.poll(miss).toBe('MISS')
  expect((await f.get(payload.path)).body.equals(octets)).toBe(true)
})

test('an entry that is taken out of the store is a miss at once', async () => {
  const { fixture, payload } = await warm('small')
  await using f = fixture
  await f.get(payload.path)
  for (const key of f.store.keys()) f.store.remove(key)
  expect((await f.get(payload.path)).headers['x-cache']).toBe('MISS')
})

test('a server that closes ends the connections that wait', async () => {
  const { fixture, payload } = await warm('small')
  await using f = fixture
  const answer = raw(f.port, get(payload.path))
  await expect.poll(() => f.events.length).toBe(1)
  await f.server.close()
  expect(await answer).toContain('x-cache: HIT')
})
