/**
 * A mirror as a process of its own, so that a test can kill it:
 * `node mirror-process.ts ORIGIN CACHE-FOLDER [OCTETS]`. Prints its port.
 */
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { ContentStore } from '../../src/io/cache/content-store.ts'
import { mirror } from '../../src/server/mirror/mirror.ts'

const [origin = '', directory = '', size = 2 ** 30] = process.argv.slice(2)
const store = await ContentStore.open({ directory, maxBytes: Number(size), clock: Date.now })
const { plugin } = mirror({
  name: 'autodeploy',
  origin: new URL(origin),
  trust: { insecure: true },
  hostHeader: 'client-no-port',
  profile: 'autodeploy',
  store,
  emit: () => {},
  macOf: () => undefined,
  clock: Date.now,
})
const server = fastify()
await server.register(plugin)
await server.listen({ port: 0, host: '127.0.0.1' })
console.log((server.server.address() as AddressInfo).port)
