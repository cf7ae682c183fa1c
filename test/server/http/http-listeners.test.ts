import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SystemError } from '../../../src/core/errors.ts'
import type { ServiceEvent } from '../../../src/core/events.ts'
import { HttpListeners } from '../../../src/server/http/http-listeners.ts'

let server: FastifyInstance
let listeners: HttpListeners
let addresses: string[] | undefined
let events: Omit<ServiceEvent, 'at'>[]
/** Ends the request for `/slow`. */
let finish: () => void
/** It has arrived. */
let begun: Promise<void>

beforeEach(() => {
  events = []
  server = Fastify({ forceCloseConnections: 'idle' })
  server.get('/', (request) => `${request.socket.localAddress}`)
  const slow = Promise.withResolvers<string>()
  finish = () => slow.resolve('at last')
  const reached = Promise.withResolvers<void>()
  begun = reached.promise
  server.get('/slow', () => {
    reached.resolve()
    return slow.promise
  })
})
afterEach(async () => {
  finish()
  await listeners.stop()
})

async function listen(on: string[] | undefined, port = 0): Promise<number> {
  addresses = on
  listeners = new HttpListeners({
    server,
    port,
    addresses: on === undefined ? undefined : () => addresses ?? [],
    emit: (event) => void events.push(event),
  })
  await listeners.start()
  return listeners.port
}

async function answer(host: string, port: number, path = '/'): Promise<string> {
  const response = await fetch(`http://${host}:${port}${path}`, {
    headers: { connection: 'close' },
  })
  return response.text()
}

test('with no interfaces named it answers on every address of both families', async () => {
  const port = await listen(undefined)
  expect(await answer('127.0.0.1', port)).toBe('::ffff:127.0.0.1')
  expect(await answer('127.0.0.2', port)).toBe('::ffff:127.0.0.2')
  expect(await answer('[::1]', port)).toBe('::1')
})

test('with some named it answers there and on 127.0.0.1, and nowhere else', async () => {
  const port = await listen(['127.0.0.2', '::1'])
  expect(await answer('127.0.0.1', port)).toBe('127.0.0.1')
  expect(await answer('127.0.0.2', port)).toBe('127.0.0.2')
  expect(await answer('[::1]', port)).toBe('::1')
  await expect(answer('127.0.0.3', port)).rejects.toThrow('fetch failed')
})

test('the port stays free for others on other addresses', async () => {
  const port = await listen(['127.0.0.2'])
  const other = createServer().listen({ host: '127.0.0.3', port })
  await once(other, 'listening')
  other.close()
})

test('addresses that come and go are followed', async () => {
  const port = await listen(['127.0.0.2'])
  addresses = ['127.0.0.3', '::1']
  await listeners.rescan()
  await expect(answer('127.0.0.2', port)).rejects.toThrow('fetch failed')
  expect(await answer('127.0.0.3', port)).toBe('127.0.0.3')
  expect(await answer('[::1]', port)).toBe('::1')
  expect(events).toEqual([])
})

test('an address that cannot be opened later is told once', async () => {
  await listen([])
  addresses = ['192.0.2.1']
  await listeners.rescan()
  await listeners.rescan()
  expect(events).toEqual([
    {
      type: 'service.hint',
      reason: expect.stringContaining('192.0.2.1 is not an address of this machine'),
    },
  ])
})

test('a connection that could not be taken is told once, and the next one is served', async () => {
  const port = await listen(['127.0.0.2'])
  server.server.prependListener('connection', (socket: Socket & { server: Server }) => {
    socket.server.emit('error', new Error('accept ENFILE')) // as the listening socket says it
  })
  for (const host of ['127.0.0.1', '127.0.0.2', '127.0.0.2']) {
    expect(await answer(host, port)).toBe(host)
  }
  expect(events).toEqual([
    { type: 'service.hint', reason: 'connections to port 0 are lost: accept ENFILE' },
  ])
})

test.for([
  { name: 'everywhere', on: undefined },
  { name: 'on loopback', on: [] },
  { name: 'on a named interface', on: ['127.0.0.2'], held: '127.0.0.2' },
])('a port that is held $name is refused with its holder', async ({ on, held = '127.0.0.1' }) => {
  const holder = createServer().listen({ host: held, port: 0 })
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const failure = listen(on, port)
  await expect(failure).rejects.toThrow(SystemError)
  await expect(failure).rejects.toThrow(`(process ${process.pid})`)
  holder.close()
})

test.for(['127.0.0.1', '127.0.0.2'])('on %s a request that runs may end first', async (host) => {
  const port = await listen(['127.0.0.2'])
  const running = answer(host, port, '/slow')
  await begun
  let isStopped = false
  const stopping = listeners.stop().then(() => (isStopped = true))
  await expect(answer(host, port)).rejects.toThrow('fetch failed')
  expect(isStopped).toBe(false)
  finish()
  expect(await running).toBe('at last')
  await stopping
})

test('connections that only wait for a next request do not hold it up', async () => {
  const port = await listen(['127.0.0.2'])
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    const response = await fetch(`http://${host}:${port}/`)
    expect(response.headers.get('connection')).toBe('keep-alive')
    await response.text()
  }
  await listeners.stop()
})
