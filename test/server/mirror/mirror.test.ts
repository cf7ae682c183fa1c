import { rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { hostId } from '../../support/origin-hosts.ts'
import { payloadOctets } from '../../support/origin-payloads.ts'
import {
  type Fixture,
  everythingUnder,
  ask,
  mirrorFixture,
  raw,
} from '../../support/mirror-fixture.ts'

const mac = '52:54:00:12:34:56'
const host = `/vmw/rbd/host/${hostId(mac)}`

describe('payloads', () => {
  test('20 cold clients at the same moment are one request to the origin', async () => {
    await using f = await mirrorFixture()
    const [, large] = f.origin.payloads
    const answers = await Promise.all(Array.from({ length: 20 }, () => f.get(large!.path)))
    const expected = payloadOctets(large!)
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(answer.headers['content-length']).toBe(String(large!.size))
      expect(answer.body.equals(expected)).toBe(true)
    }
    expect(f.origin.count(large!.path)).toMatchObject({ gets: 1, heads: 0 })
    const told = answers.map(({ headers }) => headers['x-cache'])
    expect(told.filter((word) => word === 'MISS')).toHaveLength(1)
    expect(told.filter((word) => word === 'JOIN')).toHaveLength(19)
    await expect.poll(() => f.mirror.stats().filling).toBe(0)
    expect(f.mirror.stats()).toMatchObject({
      fills: 1,
      joins: 19,
      originBytes: large!.size,
      servedBytes: 20 * large!.size,
    })
  })

  test('each hit spares the origin the time that it took; passes are told by their reason', async () => {
    await using f = await mirrorFixture()
    const { path } = f.origin.payloads[5]!
    f.origin.inject({ path, delay: 80 })
    await f.get(path)
    await expect.poll(() => f.store.stats().objects).toBe(1)
    expect(f.mirror.stats().sparedMs).toBe(0)
    await f.get(path, { method: 'HEAD' })
    expect(f.mirror.stats().sparedMs).toBe(0)
    await f.get(path)
    expect(f.mirror.stats().sparedMs).toBeGreaterThanOrEqual(79)
    await f.get('/vmw/rbd/tramp')
    await f.get(`${path}?a=1`)
    const { passReasons, passes } = f.mirror.stats()
    expect(passes).toBe(2)
    expect(Object.values(passReasons)).toEqual([1, 1])
    expect(JSON.stringify(passReasons)).not.toContain('a=1')
  })

  test('what is stored is served without the origin, with HEAD and ranges', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[5]!
    const octets = payloadOctets(payload)
    await f.get(payload.path)
    await expect.poll(() => f.store.stats().objects).toBe(1)
    await f.origin.close()
    const whole = await f.get(payload.path)
    expect(whole.headers).toMatchObject({
      'x-cache': 'HIT',
      'content-type': 'application/octet-stream',
      'last-modified': 'Tue, 02 Jan 2024 03:04:05 GMT',
      'accept-ranges': 'bytes',
    })
    expect(whole.body.equals(octets)).toBe(true)
    const head = await f.get(payload.path, { method: 'HEAD' })
    expect(head.headers['content-length']).toBe(String(payload.size))
    expect(head.body.length).toBe(0)
    const part = await f.get(payload.path, { headers: { range: 'bytes=100-199' } })
    expect(part.status).toBe(206)
    expect(part.headers['content-range']).toBe(`bytes 100-199/${payload.size}`)
    expect(part.body.equals(octets.subarray(100, 200))).toBe(true)
    const known = await f.get(payload.path, { headers: { 'if-none-match': whole.headers.etag } })
    expect(known.status).toBe(304)
    expect(f.origin.count(payload.path).gets).toBe(1)
  })

  test('a range of an object that is arriving waits for its octets, not for all', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[1]!
    const octets = payloadOctets(payload)
    f.origin.inject({ path: payload.path, stallAfter: 1_000_000 })
    const first = f.get(payload.path)
    const range = { headers: { range: 'bytes=900000-900099' } }
    const part = await f.get(payload.path, range)
    expect(part.status).toBe(206)
    expect(part.body.equals(octets.subarray(900_000, 900_100))).toBe(true)
    expect((await f.get(payload.path, { method: 'HEAD' })).headers['content-length']).toBe(
      String(payload.size),
    )
    const none = await f.get(payload.path, { headers: { range: 'bytes=99999999-' } })
    expect(none.status).toBe(416)
    await f.mirror.close()
    expect((await first).whole).toBe(false)
    expect(f.origin.count(payload.path)).toMatchObject({ gets: 1, heads: 0 })
  })

  test('a body that vanished from the disk is fetched again', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[3]!
    await f.get(payload.path)
    await expect.poll(() => f.store.stats().objects).toBe(1)
    rmSync(f.directory, { recursive: true })
    const again = await f.get(payload.path)
    expect(again.body.equals(payloadOctets(payload))).toBe(true)
    expect(again.headers['x-cache']).toBe('MISS')
    await expect.poll(() => f.store.stats().objects).toBe(1)
    expect((await f.get(payload.path)).headers['x-cache']).toBe('HIT')
  })

  test('HEAD of what is not here asks the origin by HEAD and fetches nothing', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[1]!
    const head = await f.get(payload.path, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(head.headers['content-length']).toBe(String(payload.size))
    expect(f.origin.count(payload.path)).toMatchObject({ gets: 0, heads: 1 })
  })
})

describe('chunked payloads', () => {
  test('are passed on chunked while they arrive, and have a length from the store', async () => {
    await using f = await mirrorFixture()
    f.origin.variant = { framing: 'chunked' }
    const payload = f.origin.payloads[1]!
    const first = await f.get(payload.path)
    expect(first.headers['transfer-encoding']).toBe('chunked')
    expect(first.body.equals(payloadOctets(payload))).toBe(true)
    await expect.poll(() => f.store.stats().objects).toBe(1)
    const second = await f.get(payload.path)
    expect(second.headers['content-length']).toBe(String(payload.size))
    expect(f.origin.count(payload.path).gets).toBe(1)
  })

  test.for([
    { name: 'esx-boot', headers: { 'user-agent': 'esx-boot/2.0' }, status: 200 },
    { name: 'a range', headers: { range: 'bytes=0-9' }, status: 206 },
  ])('$name waits for the length', async ({ headers, status }) => {
    await using f = await mirrorFixture()
    f.origin.variant = { framing: 'chunked' }
    const payload = f.origin.payloads[4]!
    const answer = await f.get(payload.path, { headers })
    expect(answer.status).toBe(status)
    expect(answer.headers['content-length']).toBe(String(status === 206 ? 10 : payload.size))
    expect(f.origin.count(payload.path).gets).toBe(1)
  })

  test('HTTP/1.0 waits for the length', async () => {
    await using f = await mirrorFixture()
    f.origin.variant = { framing: 'chunked' }
    const payload = f.origin.payloads[4]!
    const answer = await raw(f.port, `GET ${payload.path} HTTP/1.0\r\n\r\n`)
    expect(answer).toMatch(new RegExp(`content-length: ${payload.size}\r\n`, 'i'))
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toHaveLength(payload.size)
  })

  test('one that breaks off never looks whole', async () => {
    await using f = await mirrorFixture()
    f.origin.variant = { framing: 'chunked' }
    const payload = f.origin.payloads[1]!
    f.origin.inject({ path: payload.path, cutAfter: 500_000, times: 1 })
    const cut = await f.get(payload.path)
    expect(cut.whole).toBe(false)
    await expect.poll(() => f.mirror.stats().filling).toBe(0)
    expect(f.store.stats().objects).toBe(0)
    expect((await f.get(payload.path)).body.equals(payloadOctets(payload))).toBe(true)
  })
})

describe('answers that are not for everybody', () => {
  test.for([
    { name: 'Set-Cookie', variant: { headers: { 'set-cookie': 'session=1' } } },
    { name: 'Vary: *', variant: { headers: { vary: '*' } } },
    { name: 'private', variant: { headers: { 'cache-control': 'private' } } },
    { name: 'a content encoding', variant: { headers: { 'content-encoding': 'x-gzip' } } },
    { name: 'no length', variant: { framing: 'close' as const } },
  ])('$name: passed to each, one request each, nothing stored', async ({ variant }) => {
    await using f = await mirrorFixture()
    f.origin.variant = variant
    const payload = f.origin.payloads[4]!
    const answers = await Promise.all(Array.from({ length: 5 }, () => f.get(payload.path)))
    for (const answer of answers) {
      expect(answer.headers['x-cache']).toBe('PASS')
      expect(answer.body.equals(payloadOctets(payload))).toBe(true)
    }
    expect(f.origin.count(payload.path).gets).toBe(5)
    expect(f.store.stats().objects).toBe(0)
    expect(f.events.filter(({ type }) => type === 'mirror.pass')).toHaveLength(5)
  })

  test('an error of the origin is handed on as it is and not remembered', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[4]!
    f.origin.inject({ path: payload.path, status: 503, times: 1 })
    const refused = await f.get(payload.path)
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toBe('2')
    expect(f.origin.count(payload.path).gets).toBe(1)
    expect((await f.get(payload.path)).status).toBe(200)
    expect((await f.get('/vmw/cache/00/1/none.v00')).status).toBe(404)
  })
})

describe('what is passed', () => {
  test('a 503 to POST …/up reaches the origin once and the host untouched', async () => {
    await using f = await mirrorFixture()
    f.origin.hosts.upRefusals = 1
    const first = await f.get(`${host}/up`, { method: 'POST' })
    expect(first.status).toBe(503)
    expect(first.headers['retry-after']).toBe('10')
    expect(first.body.toString()).toBe('add host in progress\n')
    expect(f.origin.count(`${host}/up`).others).toBe(1)
    expect((await f.get(`${host}/up`, { method: 'POST' })).status).toBe(200)
    expect(f.origin.count(`${host}/up`).others).toBe(2)
  })

  test('a 503 to GET is not asked again either', async () => {
    await using f = await mirrorFixture()
    f.origin.inject({ path: '/vmw/rbd/tramp', status: 503 })
    expect((await f.get('/vmw/rbd/tramp')).status).toBe(503)
    expect(f.origin.count('/vmw/rbd/tramp').gets).toBe(1)
  })

  test('bodies of any type and size go through, streamed', async () => {
    await using f = await mirrorFixture()
    const body = '{ "script": 0 } '.repeat(200_000)
    for (const type of ['application/json', 'text/plain', undefined]) {
      const headers = type === undefined ? {} : { 'content-type': type }
      const path = `${host}/script-status`
      const answer = await f.get(path, { method: 'POST', body, headers })
      expect(answer.status).toBe(200)
    }
    expect(f.origin.hosts.scriptStatus).toEqual([body, body, body])
  })

  test('a client that sends Expect: 100-continue is served', async () => {
    await using f = await mirrorFixture()
    const headers = { expect: '100-continue', 'content-length': 4 }
    const answer = await f.get(`${host}/script-status`, { method: 'POST', body: 'true', headers })
    expect(answer.status).toBe(200)
    expect(f.origin.hosts.scriptStatus).toEqual(['true'])
  })

  test('each request is one request, with its query, and no answer is another host’s', async () => {
    await using f = await mirrorFixture()
    const macs = Array.from({ length: 10 }, (_, index) => `52:54:00:00:00:0${index}`)
    const scripts = await Promise.all(
      macs.map((address) => f.get(`/vmw/rbd/host-register?bootmac=${address}&uuid=${address}`)),
    )
    for (const [index, script] of scripts.entries()) {
      expect(script.body.toString()).toContain(`SECRET-${hostId(macs[index]!)}-1`)
      expect(script.headers['x-cache']).toBe('PASS')
    }
    expect(f.origin.count('/vmw/rbd/host-register').gets).toBe(10)
  })

  test('the origin sees the fields of the nginx recipe and the client’s own', async () => {
    await using f = await mirrorFixture()
    const headers = {
      host: 'proxy.lab:5100',
      cookie: 'a=b',
      connection: 'close, x-hop',
      'x-hop': '1',
    }
    await f.get('/vmw/rbd/tramp', { headers })
    expect(f.origin.seen[0]?.headers).toMatchObject({
      host: 'proxy.lab',
      'x-real-ip': '127.0.0.1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'proxy.lab',
      cookie: 'a=b',
    })
    expect(f.origin.seen[0]?.headers['x-hop']).toBeUndefined()
  })

  test('a GET with a body goes without it', async () => {
    await using f = await mirrorFixture()
    const answer = await f.get('/vmw/rbd/tramp', {
      body: 'hello',
      headers: { 'content-length': 5 },
    })
    expect(answer.status).toBe(200)
  })

  test('every method reaches the origin', async () => {
    await using f = await mirrorFixture()
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect((await f.get('/vmw/rbd/x', { method })).status).toBe(404)
    }
    expect(f.origin.seen.map(({ method }) => method)).toEqual(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])
  })

  test('a whole boot leaves no secret on disk, in events or in the counters’ way', async () => {
    await using f = await mirrorFixture()
    const tramp = await f.get('/vmw/rbd/tramp')
    expect(tramp.body.toString()).toContain('chain host-register?bootmac=')
    const script = (await f.get(`/vmw/rbd/host-register?bootmac=${mac}&uuid=1`)).body.toString()
    const base = '/vmw/rbd/host-register'
    for (const [, uri] of script.matchAll(/^imgfetch --name \S+ ([^\s#]+)/gm)) {
      const { pathname, search } = new URL(uri!, `http://origin${base}`)
      expect((await f.get(pathname + search)).status).toBe(pathname.endsWith('/up') ? 404 : 200)
    }
    await expect.poll(() => f.store.stats().objects).toBe(f.origin.payloads.length)
    const secret = `SECRET-${hostId(mac)}-1`
    expect(script).toContain(secret)
    expect(everythingUnder(f.directory)).not.toContain('SECRET-')
    expect(JSON.stringify(f.events)).not.toContain('SECRET-')
    expect(f.origin.count(`${host}/boot.cfg`).gets).toBe(1)
  })
})

describe('keys cannot be forged', () => {
  test.for([
    '/vmw/cache/../rbd/tramp',
    '/vmw/cache/%2e%2e/rbd/tramp',
    '/vmw/cache/..%2frbd/tramp',
    '/vmw/cache/.%2e%2frbd/tramp',
    '/vmw/cache\\..\\rbd\\tramp',
    '/vmw/cache//../../rbd/tramp',
    '//vmw/rbd/tramp',
    '/vmw/cache/%2E%2E%2Frbd/tramp',
    'http://origin/vmw/cache/../rbd/tramp',
  ])('%s stores nothing', async (target) => {
    await using f = await mirrorFixture()
    await raw(f.port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    expect(f.store.stats().objects).toBe(0)
    expect(f.mirror.stats().fills).toBe(0)
  })

  test('an evil Host or absolute form changes neither the key nor what is fetched', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[4]!
    const target = `http://evil.example${payload.path}`
    const first = await raw(
      f.port,
      `GET ${target} HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n`,
    )
    expect(first).toContain('x-cache: MISS')
    expect(f.origin.seen[0]?.headers).toEqual({
      host: f.origin.url.host,
      accept: '*/*',
      'accept-encoding': 'identity',
      'user-agent': 'Bootlace',
      connection: 'keep-alive',
    })
    await expect.poll(() => f.store.stats().objects).toBe(1)
    expect((await f.get(payload.path)).headers['x-cache']).toBe('HIT')
  })

  test('absolute form of what is passed reaches the origin with its host', async () => {
    await using f = await mirrorFixture()
    const target = 'http://proxy.lab:5100/vmw/rbd/tramp?a=b'
    await raw(f.port, `GET ${target} HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n`)
    expect(f.origin.seen[0]).toMatchObject({
      url: '/vmw/rbd/tramp?a=b',
      headers: { host: 'proxy.lab' },
    })
  })

  test('two Host headers are refused', async () => {
    await using f = await mirrorFixture()
    const path = f.origin.payloads[4]!.path
    const answer = await raw(
      f.port,
      `GET ${path} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(f.origin.seen).toHaveLength(0)
  })

  test('with a cookie, credentials or a query a payload is passed, also when it is stored', async () => {
    await using f = await mirrorFixture()
    const { path } = f.origin.payloads[4]!
    await f.get(path)
    await expect.poll(() => f.store.stats().objects).toBe(1)
    for (const headers of [{ cookie: 'a=b' }, { authorization: 'Basic eDp5' }]) {
      expect((await f.get(path, { headers })).headers['x-cache']).toBe('PASS')
    }
    expect((await f.get(`${path}?a=b`)).headers['x-cache']).toBe('PASS')
    expect(f.origin.count(path).gets).toBe(4)
    expect(f.store.stats().objects).toBe(1)
  })
})

describe('an origin in trouble', () => {
  test('is 502 in one sentence at once, and what is stored is still served', async () => {
    await using f = await mirrorFixture()
    const [first, second] = f.origin.payloads
    await f.get(first!.path)
    await expect.poll(() => f.store.stats().objects).toBe(1)
    await f.origin.close()
    for (const path of [second!.path, '/vmw/rbd/tramp']) {
      const answer = await f.get(path)
      expect(answer.status).toBe(502)
      expect(answer.body.toString()).toBe(
        `the origin failed: ${f.origin.url.host} refuses connections\n`,
      )
    }
    expect((await f.get(first!.path)).headers['x-cache']).toBe('HIT')
    expect(f.events.filter(({ type }) => type === 'mirror.error')).toHaveLength(2)
  })

  test('that accepts and says nothing is given up within five seconds', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    await using f = await mirrorFixture({
      mirror: { origin: new URL(`https://127.0.0.1:${port}`) },
    })
    const startedAt = performance.now()
    const answers = await Promise.all([f.get('/vmw/rbd/tramp'), f.get(f.origin.payloads[1]!.path)])
    expect(answers.map(({ status }) => status)).toEqual([502, 502])
    expect(performance.now() - startedAt).toBeLessThan(5000)
    silent.close()
  }, 10_000)

  test('that says nothing keeps nobody waiting longer, however many ask', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    await using f = await mirrorFixture({
      mirror: {
        origin: new URL(`https://127.0.0.1:${port}`),
        limits: { connect: 600, fillConnections: 2, passConnections: 2 },
      },
    })
    const startedAt = performance.now()
    const paths = Array.from({ length: 12 }, (_, index) =>
      index % 2 === 0 ? `/vmw/cache/ab/${index}.v00` : `/vmw/rbd/${index}`,
    )
    const answers = await Promise.all(paths.map((path) => f.get(path)))
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 502))
    expect(performance.now() - startedAt).toBeLessThan(2000)
    silent.close()
  })

  test('clients with octets are cut, the others get a second download', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[1]!
    f.origin.inject({ path: payload.path, cutAfter: 1_000_000, times: 1 })
    const early = f.get(payload.path)
    // Waits for octets that the first download will never bring.
    const late = f.get(payload.path, { headers: { range: 'bytes=2000000-2000099' } })
    expect((await early).whole).toBe(false)
    const answer = await late
    expect(answer.whole).toBe(true)
    expect(answer.body.equals(payloadOctets(payload).subarray(2_000_000, 2_000_100))).toBe(true)
    expect(f.origin.count(payload.path).gets).toBe(2)
    expect(f.mirror.stats().broken).toBe(1)
  })

  test('one that cuts before the first octet is asked once more, then it is 502', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[1]!
    f.origin.inject({ path: payload.path, cutAfter: 0, times: 1 })
    expect((await f.get(payload.path)).body.equals(payloadOctets(payload))).toBe(true)
    const other = f.origin.payloads[2]!
    f.origin.inject({ path: other.path, cutAfter: 0 })
    const answer = await f.get(other.path).catch(() => undefined)
    expect(answer?.whole ?? false).toBe(false)
    expect(f.origin.count(other.path).gets).toBe(2)
  })

  test.for<readonly [string, { status: number; headers: Record<string, string> }]>([
    ['is refused', { status: 404, headers: {} }],
    ['is another version', { status: 200, headers: { etag: '"second"' } }],
    ['is for one client only', { status: 200, headers: { etag: '"first"', 'set-cookie': 'a=b' } }],
  ])(
    'a second download that %s does not go behind the first head',
    { timeout: 3000 },
    async ([, second]) => {
      const body = 'x'.repeat(1000)
      let asked = 0
      const origin = createHttpServer((_request, response) => {
        asked += 1
        const { status, headers } = asked === 1 ? first : second
        response.writeHead(status, { 'content-length': body.length, ...headers })
        if (asked > 1) return response.end(body)
        response.flushHeaders()
        return setTimeout(() => response.destroy(), 50)
      })
      const first = { status: 200, headers: { etag: '"first"' } }
      await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
      const { port } = origin.address() as AddressInfo
      await using f = await mirrorFixture({
        mirror: { origin: new URL(`http://127.0.0.1:${port}`) },
      })
      const answer = await f.get('/vmw/cache/ab/module.v00')
      expect(answer).toMatchObject({ status: 200, whole: false })
      expect(answer.body).toHaveLength(0)
      expect(f.events.filter(({ type }) => /hit|join|fill$|pass|error/.test(type))).toHaveLength(1)
      origin.closeAllConnections()
      origin.close()
    },
  )

  test('one that says too great a length is not believed', async () => {
    await using f = await mirrorFixture({ mirror: { limits: { idle: 300 } } })
    const payload = f.origin.payloads[4]!
    f.origin.inject({ path: payload.path, saysLength: payload.size + 10 })
    const answer = await f.get(payload.path)
    expect(answer.whole).toBe(false)
    await expect.poll(() => f.mirror.stats().filling).toBe(0)
    expect(f.store.stats().objects).toBe(0)
  })

  test('a passed answer that breaks off is cut for the client, too', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[1]!
    f.origin.inject({ path: payload.path, cutAfter: 100_000 })
    const answer = await f.get(`${payload.path}?a=b`)
    expect(answer.whole).toBe(false)
    expect(f.origin.count(payload.path).gets).toBe(1)
  })

  test('one that stalls is given up after the idle time', async () => {
    await using f = await mirrorFixture({ mirror: { limits: { idle: 300 } } })
    const payload = f.origin.payloads[1]!
    f.origin.inject({ path: payload.path, stallAfter: 300_000 })
    const answer = await f.get(payload.path)
    expect(answer.whole).toBe(false)
    await expect.poll(() => f.mirror.stats().broken).toBe(1)
    expect(f.events.find(({ type }) => type === 'mirror.broken')?.reason).toMatch(/stopped/)
    expect(f.store.stats().objects).toBe(0)
  })
})

describe('clients in trouble', () => {
  test('one that does not read holds up neither the download nor the others', async () => {
    await using f = await mirrorFixture({ origin: { images: ['esxi8'] } })
    const payload = f.origin.payloads.find(({ size }) => size > 12e6 && size < 16e6)!
    const slow = connect(f.port, '127.0.0.1')
    slow.pause().write(`GET ${payload.path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    await expect.poll(() => f.origin.count(payload.path).gets).toBe(1)
    const others = await Promise.all([f.get(payload.path), f.get(payload.path)])
    const expected = payloadOctets(payload)
    for (const answer of others) expect(answer.body.equals(expected)).toBe(true)
    await expect.poll(() => f.store.stats().objects, { timeout: 5000 }).toBe(1)
    let late = 0
    for await (const part of slow as AsyncIterable<Buffer>) late += part.length
    expect(late).toBeGreaterThan(payload.size)
    expect(f.origin.count(payload.path).gets).toBe(1)
  }, 15_000)

  test('the first leaves: the download goes on for the others and is stored', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[1]!
    const leave = await clientThatLeaves(f, payload.path)
    const follower = f.get(payload.path)
    await leave()
    expect((await follower).body.equals(payloadOctets(payload))).toBe(true)
    expect(f.origin.count(payload.path).gets).toBe(1)
  })

  test.for(['/vmw/cache/ab/not-there.v00', '/vmw/rbd/tramp'])(
    'one that leaves before %s has an answer harms nobody',
    async (path) => {
      await using f = await mirrorFixture()
      f.origin.inject({ path, delay: 100, times: 1 })
      const client = connect(f.port, '127.0.0.1', () =>
        client.write(`GET ${path} HTTP/1.1\r\nHost: m\r\n\r\n`),
      )
      await expect.poll(() => f.origin.count(path).running).toBe(1)
      client.destroy()
      await expect.poll(() => f.origin.count(path).running).toBe(0)
      // An error that nobody hears would end the process only now.
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect((await f.get('/vmw/rbd/tramp')).status).toBe(200)
    },
  )

  test('all leave: it is stored nevertheless', async () => {
    await using f = await mirrorFixture()
    const payload = f.origin.payloads[1]!
    const leave = await clientThatLeaves(f, payload.path)
    await leave()
    await expect.poll(() => f.store.stats().objects, { timeout: 5000 }).toBe(1)
    expect((await f.get(payload.path)).headers['x-cache']).toBe('HIT')
  })
})

describe('on several servers', () => {
  test('a prefix keeps the paths as they are, and the mirror is one', async () => {
    await using f = await mirrorFixture({ prefix: '/vmw' })
    const other = fastify()
    await other.register(f.mirror.plugin)
    await other.listen({ port: 0, host: '127.0.0.1' })
    const { port } = other.server.address() as AddressInfo
    const payload = f.origin.payloads[4]!
    expect((await f.get(payload.path)).headers['x-cache']).toBe('MISS')
    await expect.poll(() => f.store.stats().objects).toBe(1)
    expect((await ask({ port, path: payload.path })).headers['x-cache']).toBe('HIT')
    expect((await f.get('/vmw/rbd/tramp')).status).toBe(200)
    expect((await ask({ port, path: '/vmw/rbd/tramp?a=b' })).status).toBe(200)
    expect(f.origin.seen.map(({ url }) => url)).toEqual([
      payload.path,
      '/vmw/rbd/tramp',
      '/vmw/rbd/tramp?a=b',
    ])
    expect((await f.get('/elsewhere')).status).toBe(404)
    expect((await ask({ port, path: '/elsewhere' })).body.toString()).toBe('no such thing\n')
    await other.close()
  })
})

test('a restart keeps what is whole and sweeps up what is not', async () => {
  await using f = await mirrorFixture()
  const payload = f.origin.payloads[4]!
  await f.get(payload.path)
  await expect.poll(() => f.store.stats().objects).toBe(1)
  const { ContentStore } = await import('../../../src/io/cache/content-store.ts')
  const again = await ContentStore.open({ directory: f.directory, maxBytes: 1e9, clock: Date.now })
  expect(again.find(`autodeploy ${f.origin.url.origin} ${payload.path}`)?.size).toBe(payload.size)
  expect(everythingUnder(join(f.directory, 'tmp'))).toBe('')
  await again.close()
})

describe('a disk that refuses', () => {
  test('cuts nobody: many clients get all, nothing is stored, and it is said', async () => {
    await using f = await mirrorFixture()
    rmSync(join(f.directory, 'tmp'), { recursive: true })
    writeFileSync(join(f.directory, 'tmp'), 'no folder')
    for (const payload of f.origin.payloads.slice(0, 6)) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => f.get(payload.path)))
      const expected = payloadOctets(payload)
      for (const answer of answers) expect(answer.body.equals(expected)).toBe(true)
    }
    expect(f.store.stats().objects).toBe(0)
    expect(f.events.filter(({ type }) => type === 'mirror.unstored').length).toBeGreaterThan(0)
    rmSync(join(f.directory, 'tmp'))
    await f.get(f.origin.payloads[1]!.path)
    await expect.poll(() => f.store.stats().objects).toBe(1)
  })

  test('a client that must have a length is passed', async () => {
    await using f = await mirrorFixture()
    rmSync(join(f.directory, 'tmp'), { recursive: true })
    writeFileSync(join(f.directory, 'tmp'), 'no folder')
    f.origin.variant = { framing: 'chunked' }
    const payload = f.origin.payloads[1]!
    const answer = await f.get(payload.path, { headers: { 'user-agent': 'esx-boot/2.0' } })
    expect(answer.body.equals(payloadOctets(payload))).toBe(true)
    expect(answer.headers['x-cache']).toBe('PASS')
    await expect.poll(() => f.mirror.stats().filling).toBe(0)
  })

  test('what is larger than the cache is shared while it arrives, and not stored', async () => {
    await using f = await mirrorFixture({ maxBytes: 1_000_000 })
    const payload = f.origin.payloads[1]!
    const answers = await Promise.all(Array.from({ length: 8 }, () => f.get(payload.path)))
    for (const answer of answers) expect(answer.body.equals(payloadOctets(payload))).toBe(true)
    expect(f.origin.count(payload.path).gets).toBe(1)
    await expect.poll(() => f.mirror.stats().filling).toBe(0)
    expect(f.store.stats().objects).toBe(0)
  })
})

/** One that has a part of a slow payload; what is returned makes it leave. */
async function clientThatLeaves(f: Fixture, path: string): Promise<() => Promise<void>> {
  f.origin.inject({ path, rate: 8_000_000 })
  const stop = new AbortController()
  const gone = f.get(path, { signal: stop.signal }).catch(() => undefined)
  await expect.poll(() => f.origin.count(path).bytes).toBeGreaterThan(100_000)
  return async () => {
    stop.abort()
    await gone
  }
}
