import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { ContentStore } from '../../../src/io/cache/content-store.ts'
import { mirror } from '../../../src/server/mirror/mirror.ts'
import { makeAuthority } from '../../support/certificates.ts'

test('an origin whose address is IPv6 is vouched for by its CA, a client over IPv6 is told to it', async () => {
  await using opened = new AsyncDisposableStack()
  const scratch = mkdtempSync(join(tmpdir(), 'bootlace-mirror-'))
  opened.defer(() => rmSync(scratch, { recursive: true }))
  const authority = await makeAuthority()
  const { cert, key } = await authority.issue(['::1'])
  const origin = createServer({ cert, key }, ({ headers }, response) => {
    response.end(JSON.stringify({ from: headers['x-real-ip'], host: headers.host }))
  })
  await new Promise<void>((resolve) => origin.listen(0, '::1', resolve))
  opened.defer(() => void origin.close())
  const ca = join(scratch, 'ca.pem')
  writeFileSync(ca, authority.ca)
  const store = await ContentStore.open({
    directory: join(scratch, 'cache'),
    maxBytes: 1e9,
    clock: Date.now,
  })
  opened.defer(() => store.close())
  const { port } = origin.address() as AddressInfo
  const mirrored = mirror({
    name: 'autodeploy',
    origin: new URL(`https://[::1]:${port}`),
    trust: { ca },
    hostHeader: 'client-no-port',
    profile: 'autodeploy',
    store,
    emit: () => undefined,
    macOf: () => undefined,
    clock: Date.now,
  })
  opened.defer(() => mirrored.close())
  const server = Fastify()
  await server.register(mirrored.plugin)
  opened.defer(() => server.close())
  const at = await server.listen({ host: '::1', port: 0 })
  const answer = await fetch(`${at}/vmw/rbd/tramp`)
  expect(await answer.json()).toEqual({ from: '::1', host: '[::1]' })
})
