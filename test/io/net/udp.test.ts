import type { Socket } from 'node:dgram'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, expect, test } from 'vitest'
import { SystemError } from '../../../src/core/errors.ts'
import { native } from '../../../src/io/net/native.ts'
import { type Datagram, openUdp, type UdpOptions, type UdpPort } from '../../../src/io/net/udp.ts'

const open: UdpPort[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((port) => port.close()))
})

/** A port on loopback that keeps what it hears; `next` waits for one more datagram. */
async function listener(options: Partial<UdpOptions> = {}) {
  const heard: Datagram[] = []
  let wake: (() => void) | undefined
  const port = await openUdp({
    address: '127.0.0.1',
    port: 0,
    clock: () => 42,
    receive: (datagram) => {
      heard.push(datagram)
      wake?.()
    },
    ...options,
  })
  open.push(port)
  const next = async (): Promise<Datagram> => {
    while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return heard.shift()!
  }
  return { port, next }
}

test('a datagram arrives with its sender and the time of arrival', async () => {
  const [a, b] = [await listener(), await listener()]
  a.port.send(Uint8Array.of(1, 2, 3), b.port)
  const datagram = await b.next()
  expect([...datagram.octets]).toEqual([1, 2, 3])
  expect(datagram.from).toMatchObject({ address: '127.0.0.1', port: a.port.port })
  expect(datagram.at).toBe(42)
})

test('the time of arrival is that in the kernel, however long the reader was busy', async () => {
  const [a, b] = [await listener(), await listener({ arrivals: true, clock: Date.now })]
  const busy = new Int32Array(new SharedArrayBuffer(4))
  // The kernel begins to note times a moment after it was asked to: a few datagrams may lack one.
  let isNoted = false
  for (let round = 0; round < 50 && !isNoted; round += 1) {
    const before = Date.now()
    a.port.send(Uint8Array.of(round), b.port)
    Atomics.wait(busy, 0, 0, 40)
    const read = Date.now()
    const { at } = await b.next()
    expect(at).toBeGreaterThanOrEqual(before - 1)
    isNoted = at <= read - 20
  }
  expect(isNoted).toBe(true)
})

test('a datagram that names no port to answer is not heard', async () => {
  let socket: Socket | undefined
  const made = (message: unknown): void => void ({ socket } = message as { socket: Socket })
  subscribe('udp.socket', made)
  const [b, a] = [await listener(), await listener()]
  unsubscribe('udp.socket', made)
  const from = { address: '127.0.0.1', family: 'IPv4', size: 1 } as const
  socket!.emit('message', Buffer.of(1), { ...from, port: 0 })
  b.port.send(Uint8Array.of(2), a.port)
  expect([...(await a.next()).octets]).toEqual([2])
})

test('a list of parts is one datagram', async () => {
  const [a, b] = [await listener(), await listener()]
  a.port.send([Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)], b.port)
  expect([...(await b.next()).octets]).toEqual([1, 2, 3])
})

test.for([
  { name: 'in one call where they lie side by side', segments: true },
  { name: 'one by one', segments: false },
])('several datagrams arrive as they are, $name', async ({ segments }) => {
  const [a, b] = [await listener({ segments }), await listener()]
  const octets = Uint8Array.from({ length: 2500 }, (_, index) => index % 251)
  const together = [octets.subarray(0, 1000), octets.subarray(1000, 2000), octets.subarray(2000)]
  a.port.sendAll([...together, Uint8Array.of(1, 2), new Uint8Array(0)], b.port)
  for (const part of together) expect([...(await b.next()).octets]).toEqual([...part])
  expect([...(await b.next()).octets]).toEqual([1, 2])
  expect((await b.next()).octets).toHaveLength(0)
})

test('what is sent after several datagrams together is one datagram again', async () => {
  const [a, b] = [await listener({ segments: true }), await listener()]
  const octets = new Uint8Array(300)
  a.port.sendAll([octets.subarray(0, 100), octets.subarray(100, 200)], b.port)
  a.port.send(octets, b.port)
  const lengths = [await b.next(), await b.next(), await b.next()].map((one) => one.octets.length)
  expect(lengths).toEqual([100, 100, 300])
})

test.for([
  { name: 'a plain socket', extra: {} },
  { name: 'a socket that sends several at once', extra: { segments: true } },
])('IPv6: $name hears, answers, and sends in order', async ({ extra }) => {
  const a = await listener({ address: '::1', ...extra })
  const b = await listener({ address: '::1' })
  b.port.send(Uint8Array.of(1), a.port)
  const { from } = await a.next()
  expect(from).toMatchObject({ address: '::1', port: b.port.port })
  const octets = Uint8Array.from({ length: 2500 }, (_, index) => index % 251)
  const parts = [octets.subarray(0, 1000), octets.subarray(1000, 2000), octets.subarray(2000)]
  a.port.sendAll(parts, from)
  for (const part of parts) expect([...(await b.next()).octets]).toEqual([...part])
})

test.for([{ extra: {} }, { extra: { segments: true } }])(
  'both families may have the same port, with $extra',
  async ({ extra }) => {
    const v4 = await listener({ address: '0.0.0.0', ...extra })
    const v6 = await listener({ address: '::', port: v4.port.port, ...extra })
    const client = await listener()
    client.port.send(Uint8Array.of(4), { address: '127.0.0.1', port: v6.port.port })
    expect([...(await v4.next()).octets]).toEqual([4])
  },
)

test('an empty datagram arrives, too', async () => {
  const [a, b] = [await listener(), await listener()]
  a.port.send(new Uint8Array(0), b.port)
  expect((await b.next()).octets).toHaveLength(0)
})

test('a socket bound to the device lo hears and answers', async () => {
  expect(native.lacks).toEqual([])
  const server = await listener({ address: '0.0.0.0', device: 'lo', broadcast: true, reuse: true })
  const client = await listener()
  client.port.send(Uint8Array.of(7), { address: '127.0.0.1', port: server.port.port })
  const { from } = await server.next()
  server.port.send(Uint8Array.of(8), from)
  expect([...(await client.next()).octets]).toEqual([8])
})

test('two sockets share a port when both say so', async () => {
  const first = await listener({ address: '0.0.0.0', device: 'lo', reuse: true })
  const second = await listener({
    address: '0.0.0.0',
    device: 'lo',
    reuse: true,
    port: first.port.port,
  })
  expect(second.port.port).toBe(first.port.port)
})

test.for([
  { name: 'a plain socket', extra: {} },
  { name: 'a socket on a device', extra: { device: 'lo' } },
])('$name names the process that holds the port', async ({ extra }) => {
  const first = await listener()
  const failure = openUdp({
    address: '127.0.0.1',
    port: first.port.port,
    clock: () => 0,
    receive: () => undefined,
    ...extra,
  })
  await expect(failure).rejects.toThrow(SystemError)
  await expect(failure).rejects.toThrow(`(process ${process.pid})`)
})

test.for([
  { name: 'an address that is not ours', extra: { address: '192.0.2.1' }, says: 'not an address' },
  { name: 'an IPv6 address that is not ours', extra: { address: '2001:db8::1' }, says: 'not an' },
  {
    name: 'a zone that is no interface',
    extra: { address: 'fe80::1%nothere0', segments: true },
    says: 'not an address',
  },
  { name: 'a device that is not there', extra: { device: 'nothere0' }, says: 'no interface' },
  {
    name: 'a device name that is too long',
    extra: { device: 'x'.repeat(16) },
    says: 'no interface',
  },
])('$name is refused with words', async ({ extra, says }) => {
  const failure = openUdp({
    address: '127.0.0.1',
    port: 0,
    clock: () => 0,
    receive: () => undefined,
    ...extra,
  })
  await expect(failure).rejects.toThrow(SystemError)
  await expect(failure).rejects.toThrow(says)
})

test('a datagram that cannot be sent is told to `failed`, and the socket lives on', async () => {
  const failure = Promise.withResolvers<Error>()
  const a = await listener({ failed: failure.resolve })
  a.port.send(new Uint8Array(70_000), a.port)
  expect((await failure.promise).message).toMatch(/EMSGSIZE/)
  a.port.send(Uint8Array.of(1), a.port)
  expect((await a.next()).octets).toHaveLength(1)
})

test('closing twice and sending after it are harmless', async () => {
  const a = await listener()
  await a.port.close()
  await a.port.close()
  a.port.send(Uint8Array.of(1), { address: '127.0.0.1', port: 9 })
})
