import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type RequestOptions, request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SystemError } from '../../../src/core/errors.ts'
import type { ServiceEvent } from '../../../src/core/events.ts'
import { TlsListeners } from '../../../src/server/http/tls-listeners.ts'
import { type Authority, type Certificate, makeAuthority } from '../../support/certificates.ts'
import { type Fixture, mirrorFixture } from '../../support/mirror-fixture.ts'
import { payloadOctets } from '../../support/origin-payloads.ts'

let folder = ''
let authority: Authority
let events: Omit<ServiceEvent, 'at'>[]
let f: Fixture
let listeners: TlsListeners | undefined
let port = 0

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-tls-'))
  authority = await makeAuthority()
  events = []
  f = await mirrorFixture()
  port = await freePort()
})

afterEach(async () => {
  await listeners?.stop()
  listeners = undefined
  await f[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const files = () => ({ certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') })

function write(part: keyof ReturnType<typeof files>, text: string): void {
  writeFileSync(files()[part], text)
}

function make(): TlsListeners {
  listeners = new TlsListeners({
    server: f.server,
    port,
    files: files(),
    addresses: () => ['127.0.0.1'],
    emit: (event) => void events.push(event),
  })
  return listeners
}

async function started(): Promise<[TlsListeners, Certificate]> {
  const certificate = await authority.issue(['localhost'])
  write('certificate', certificate.cert)
  write('key', certificate.key)
  const made = make()
  await made.start()
  return [made, certificate]
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

interface Got {
  readonly status: number | undefined
  readonly body: Buffer
  readonly fingerprint: string
}

function get(path: string, options: RequestOptions = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const all = { host: '127.0.0.1', port, path, servername: 'localhost', ca: authority.ca }
    const asked = request({ ...all, agent: false, ...options }, (response) => {
      const { fingerprint256 } = (response.socket as TLSSocket).getPeerCertificate()
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          body: Buffer.concat(parts),
          fingerprint: `sha256:${fingerprint256}`,
        }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}

test('the same server answers over TLS: a miss, a hit and a passed request', async () => {
  await started()
  const payload = f.origin.payloads[1]!
  for (let times = 0; times < 3; times++) {
    const { status, body } = await get(payload.path)
    expect(status).toBe(200)
    expect(body.equals(payloadOctets(payload))).toBe(true)
    await expect.poll(() => f.store.stats().objects).toBe(1)
  }
  expect(f.mirror.stats()).toMatchObject({ fills: 1, hits: 2 })
  expect((await get('/vmw/rbd/tramp')).body.toString()).toContain('#!ipxe')
})

test('clients that know no TLS 1.3 and no GCM are answered', async () => {
  await started()
  const old = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' } as const
  expect((await get('/vmw/rbd/tramp', old)).status).toBe(200)
})

test('a renewed certificate serves the next connections; half of one changes nothing', async () => {
  const [made, first] = await started()
  expect((await get('/vmw/rbd/tramp')).fingerprint).toBe(first.fingerprint)
  const second = await authority.issue(['localhost', 'renewed.example'])
  write('certificate', `${second.cert}\n`)
  await made.rescan()
  await made.rescan()
  expect(events.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/keeps its certificate: .*cert\.pem and .*key\.pem cannot be used/),
  ])
  expect((await get('/vmw/rbd/tramp')).fingerprint).toBe(first.fingerprint)
  write('key', `${second.key}\n`)
  await made.rescan()
  expect((await get('/vmw/rbd/tramp')).fingerprint).toBe(second.fingerprint)
  rmSync(files().key)
  await made.rescan()
  await made.rescan()
  expect(events).toHaveLength(3)
  expect((await get('/vmw/rbd/tramp')).fingerprint).toBe(second.fingerprint)
})

test('files that cannot be read, or do not fit: it does not start, and says which', async () => {
  await expect(make().start()).rejects.toThrow(SystemError)
  await expect(make().start()).rejects.toThrow(/http\.tls: .*cert\.pem/)
  const [one, other] = [await authority.issue(['a']), await authority.issue(['b'])]
  write('certificate', one.cert)
  write('key', other.key)
  await expect(make().start()).rejects.toThrow('cannot be used')
})
