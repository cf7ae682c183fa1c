import fastify from 'fastify'
import { expect, test } from 'vitest'
import { type ClientRoute, clientOf } from '../../../src/server/http/http-client.ts'

test.for([
  { host: '192.168.50.1', agent: 'iPXE/1.21.1', port: 80 },
  { host: '192.168.50.1:8080', agent: 'iPXE/1.21.1', port: 8080 },
  { host: '192.168.50.1', agent: 'GRUB 2.12-9+deb13u2', port: undefined },
  { host: '192.168.50.1', agent: 'esx-boot/2.0', port: undefined },
  { host: '192.168.50.1:8080', agent: 'UefiHttpBoot/1.0', port: 8080 },
])('$agent asks $host: the port is $port', async ({ host, agent, port }) => {
  await using server = fastify()
  const seen: unknown[] = []
  server.get<ClientRoute>('/', (request) => {
    seen.push(clientOf(request))
    return ''
  })
  await server.inject({ url: '/', headers: { host, 'user-agent': agent } })
  expect(seen).toMatchObject([{ server: '192.168.50.1', port }])
})

test.for(['999.1.1.1', '192.168.50.1:99999', 'a b'])(
  'Host %j is no name for us: our own address is',
  async (host) => {
    await using server = fastify()
    const seen: unknown[] = []
    server.get<ClientRoute>('/', (request) => {
      seen.push(clientOf(request))
      return ''
    })
    await server.inject({ url: '/', headers: { host } })
    expect(seen).toMatchObject([{ server: '127.0.0.1' }])
  },
)

test('a client whose connection has just broken comes from nowhere', async () => {
  await using server = fastify()
  const seen: unknown[] = []
  server.get<ClientRoute>('/', (request) => {
    Object.defineProperty(request.socket, 'remoteAddress', { value: undefined })
    seen.push(clientOf(request))
    return ''
  })
  expect((await server.inject('/')).statusCode).toBe(200)
  expect(seen).toMatchObject([{ ip: '' }])
})
