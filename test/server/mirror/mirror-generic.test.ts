import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import { everythingUnder, raw } from '../../support/mirror-fixture.ts'
import { mirrorOf, webOrigin } from '../../support/web-origin.ts'

/** A clock that a test moves. */
function clockAt(start: number) {
  let now = start
  return { clock: () => now, forward: (seconds: number) => void (now += seconds * 1000) }
}

const body = 'a body of some octets'
const minute = { 'cache-control': 'max-age=60', etag: '"1"' }

describe('freshness', () => {
  test('a fresh answer is given out with its age and without the origin', async () => {
    await using origin = await webOrigin((_, response) => response.writeHead(200, minute).end(body))
    const time = clockAt(Date.now())
    await using f = await mirrorOf(origin, { mirror: { clock: time.clock } })
    const first = await f.get('/a?b=c')
    expect(first.headers['cache-status']).toBe('Bootlace; fwd=uri-miss; stored')
    await expect.poll(() => f.store.stats().objects).toBe(1)
    time.forward(20)
    const second = await f.get('/a?b=c')
    expect(second.body.toString()).toBe(body)
    expect(second.headers).toMatchObject({
      'x-cache': 'HIT',
      etag: '"1"',
      date: first.headers.date,
    })
    expect(Number(second.headers['age'])).toBeGreaterThanOrEqual(20)
    expect(second.headers['cache-status']).toMatch(/^Bootlace; hit; ttl=(39|40)$/)
    expect(origin.asked).toEqual(['GET /a?b=c'])
    expect((await f.get('/a?b=d')).headers['x-cache']).toBe('MISS')
  })

  test('a stale one is asked about, and a 304 makes it fresh with its new fields', async () => {
    await using origin = await webOrigin((request, response) =>
      request.headers['if-none-match'] === '"1"'
        ? response.writeHead(304, { ...minute, 'x-new': 'yes' }).end()
        : response.writeHead(200, minute).end(body),
    )
    const time = clockAt(Date.now())
    await using f = await mirrorOf(origin, { mirror: { clock: time.clock } })
    await f.get('/a')
    await expect.poll(() => f.store.stats().objects).toBe(1)
    time.forward(61)
    const answers = await Promise.all([f.get('/a'), f.get('/a'), f.get('/a')])
    for (const answer of answers) {
      expect(answer.body.toString()).toBe(body)
      expect(answer.headers).toMatchObject({ 'x-new': 'yes', 'x-cache': 'HIT' })
    }
    expect(origin.asked).toHaveLength(2)
    expect((await f.get('/a')).headers['x-new']).toBe('yes')
    expect(origin.asked).toHaveLength(2)
  })

  test('a 304 about another version makes it be asked for anew', async () => {
    await using origin = await webOrigin((request, response) =>
      request.headers['if-none-match'] === undefined
        ? response.writeHead(200, { 'cache-control': 'max-age=1', etag: '"1"' }).end(body)
        : response.writeHead(304, { etag: '"2"' }).end(),
    )
    const time = clockAt(Date.now())
    await using f = await mirrorOf(origin, { mirror: { clock: time.clock } })
    await f.get('/a')
    await expect.poll(() => f.store.stats().objects).toBe(1)
    time.forward(5)
    const answer = await f.get('/a')
    expect(answer.status).toBe(200)
    expect(answer.body.toString()).toBe(body)
    expect(origin.asked).toHaveLength(3)
  })

  test('stale-while-revalidate: the client has it at once, the next one has the new one', async () => {
    const headers = { 'cache-control': 'max-age=1, stale-while-revalidate=60' }
    await using origin = await webOrigin((_, response, count) =>
      response.writeHead(200, headers).end(`version ${count}`),
    )
    const time = clockAt(Date.now())
    await using f = await mirrorOf(origin, { mirror: { clock: time.clock } })
    await f.get('/a')
    await expect.poll(() => f.store.stats().objects).toBe(1)
    time.forward(5)
    expect((await f.get('/a')).body.toString()).toBe('version 1')
    await expect.poll(async () => (await f.get('/a')).body.toString()).toBe('version 2')
    expect(origin.asked).toHaveLength(2)
  })

  test.for([
    { control: 'max-age=1', whenDown: 200, whenFailing: 503 },
    { control: 'max-age=1, stale-if-error=60', whenDown: 200, whenFailing: 200 },
    { control: 'max-age=1, must-revalidate', whenDown: 502, whenFailing: 503 },
    { control: 'max-age=1, s-maxage=1', whenDown: 502, whenFailing: 503 },
  ])(
    '$control: $whenDown for an origin that is down, $whenFailing for one that fails',
    async (it) => {
      await using origin = await webOrigin((_, response) =>
        response.writeHead(200, { 'cache-control': it.control, etag: '"1"' }).end(body),
      )
      const time = clockAt(Date.now())
      await using f = await mirrorOf(origin, { mirror: { clock: time.clock } })
      await f.get('/a')
      await expect.poll(() => f.store.stats().objects).toBe(1)
      time.forward(5)
      origin.handler = (_, response) => response.writeHead(503, { 'retry-after': '7' }).end('no')
      expect((await f.get('/a')).status).toBe(it.whenFailing)
      await origin.close()
      const answer = await f.get('/a')
      expect(answer.status).toBe(it.whenDown)
      if (it.whenDown === 200) expect(answer.headers['cache-status']).toMatch(/hit; ttl=-\d/)
    },
  )

  test('only-if-cached: 504 when it is not, which is no error of the origin’s', async () => {
    await using origin = await webOrigin((_, response) => response.writeHead(200, minute).end(body))
    await using f = await mirrorOf(origin)
    const headers = { 'cache-control': 'only-if-cached' }
    expect((await f.get('/a', { headers })).status).toBe(504)
    expect(f.mirror.stats()).toMatchObject({ errors: 0, refusals: 1 })
    expect(f.events.map(({ type, status }) => [type, status])).toEqual([['mirror.refused', 504]])
    await f.get('/a')
    await expect.poll(() => f.store.stats().objects).toBe(1)
    expect((await f.get('/a', { headers })).status).toBe(200)
    expect(origin.asked).toHaveLength(1)
  })
})

describe('who shares an answer', () => {
  test('variants are kept beside each other, also after a restart', async () => {
    await using origin = await webOrigin((request, response) =>
      response
        .writeHead(200, { ...minute, vary: 'Accept-Language' })
        .end(request.headers['accept-language']),
    )
    await using f = await mirrorOf(origin)
    const ask = (language: string) => f.get('/a', { headers: { 'accept-language': language } })
    for (const language of ['en', 'de'])
      expect((await ask(language)).body.toString()).toBe(language)
    await expect.poll(() => f.store.stats().objects).toBe(2)
    for (const language of ['en', 'de', 'EN']) {
      const answer = await ask(language)
      expect(answer.body.toString()).toBe(language.toLowerCase())
      expect(answer.headers['x-cache']).toBe('HIT')
    }
    expect(origin.asked).toHaveLength(2)
  })

  test('requests for other variants at the same moment do not get each other’s', async () => {
    await using origin = await webOrigin((request, response) =>
      setTimeout(
        () => response.writeHead(200, { ...minute, vary: 'x-who' }).end(request.headers['x-who']),
        30,
      ),
    )
    await using f = await mirrorOf(origin)
    const names = ['a', 'b', 'c', 'a', 'b', 'c']
    const answers = await Promise.all(
      names.map((who) => f.get('/a', { headers: { 'x-who': who } })),
    )
    expect(answers.map((answer) => answer.body.toString())).toEqual(names)
  })

  test('what may be stored is one request for all who ask while it comes', async () => {
    await using origin = await webOrigin((_, response) =>
      setTimeout(() => response.writeHead(200, minute).end(body), 50),
    )
    await using f = await mirrorOf(origin)
    const answers = await Promise.all(Array.from({ length: 10 }, () => f.get('/a')))
    expect(answers.every((answer) => answer.body.toString() === body)).toBe(true)
    expect(origin.asked).toHaveLength(1)
  })

  test('what may not is everybody’s own, and after the first nobody waits for another', async () => {
    await using origin = await webOrigin((_, response, count) =>
      setTimeout(() => response.writeHead(200, { 'cache-control': 'private' }).end(`${count}`), 20),
    )
    await using f = await mirrorOf(origin)
    await Promise.all(Array.from({ length: 5 }, () => f.get('/a')))
    const answers = await Promise.all(Array.from({ length: 5 }, () => f.get('/a')))
    expect(new Set(answers.map((answer) => answer.body.toString())).size).toBe(5)
    expect(origin.asked).toHaveLength(10)
    expect(f.store.stats().objects).toBe(0)
  })

  test('an answer to credentials is nobody else’s, and goes with them', async () => {
    await using origin = await webOrigin((request, response) =>
      response.writeHead(200, minute).end(`for ${request.headers.authorization}`),
    )
    await using f = await mirrorOf(origin)
    const headers = { authorization: 'Basic c2VjcmV0' }
    const answers = await Promise.all([f.get('/a', { headers }), f.get('/a', { headers })])
    expect(answers.map((answer) => answer.body.toString())).toEqual([
      'for Basic c2VjcmV0',
      'for Basic c2VjcmV0',
    ])
    expect(f.store.stats().objects).toBe(0)
    expect((await f.get('/a')).body.toString()).toBe('for undefined')
    expect(everythingUnder(f.directory)).not.toContain('c2VjcmV0')
  })

  test('a request that changes things makes what is stored worthless, if it succeeds', async () => {
    await using origin = await webOrigin((request, response, count) =>
      request.method === 'GET'
        ? response.writeHead(200, minute).end(`version ${count}`)
        : response.writeHead(request.url === '/a' ? 204 : 500).end(),
    )
    await using f = await mirrorOf(origin)
    for (const path of ['/a', '/b']) await f.get(path)
    await expect.poll(() => f.store.stats().objects).toBe(2)
    for (const path of ['/a', '/b']) await f.get(path, { method: 'DELETE' })
    expect((await f.get('/a')).body.toString()).toBe('version 3')
    expect((await f.get('/b')).body.toString()).toBe('version 1')
  })
})

test('what was on its way when it was changed is not kept, and nobody joins it any more', async () => {
  const finish: (() => void)[] = []
  await using origin = await webOrigin((request, response, count) => {
    if (request.method !== 'GET') return response.writeHead(204).end()
    response.writeHead(200, minute).write(`version ${count}`)
    return count === 1 ? finish.push(() => response.end()) : response.end()
  })
  await using f = await mirrorOf(origin)
  const first = f.get('/a')
  await expect.poll(() => finish).toHaveLength(1)
  await f.get('/a', { method: 'PUT' })
  expect((await f.get('/a')).body.toString()).toBe('version 3')
  finish[0]?.()
  expect((await first).body.toString()).toBe('version 1')
  await expect.poll(() => f.mirror.stats().filling).toBe(0)
  expect((await f.get('/a')).body.toString()).toBe('version 3')
})

describe('other answers', () => {
  test('statuses other than 200 are kept when their header says so', async () => {
    await using origin = await webOrigin((_, response) =>
      response.writeHead(404, { 'cache-control': 'max-age=60' }).end('not here'),
    )
    await using f = await mirrorOf(origin)
    await f.get('/a')
    await expect.poll(() => f.store.stats().objects).toBe(1)
    const answer = await f.get('/a', { headers: { range: 'bytes=0-1' } })
    expect(answer.status).toBe(404)
    expect(answer.body.toString()).toBe('not here')
    expect(origin.asked).toHaveLength(1)
  })

  test('HEAD is answered from what is stored; one that says otherwise outdates it', async () => {
    await using origin = await webOrigin((request, response) =>
      request.method === 'HEAD'
        ? response.writeHead(200, { ...minute, etag: '"2"', 'content-length': 7 }).end()
        : response.writeHead(200, { ...minute, 'cache-control': 'max-age=5' }).end(body),
    )
    const time = clockAt(Date.now())
    await using f = await mirrorOf(origin, { mirror: { clock: time.clock } })
    await f.get('/a')
    await expect.poll(() => f.store.stats().objects).toBe(1)
    const head = await f.get('/a', { method: 'HEAD' })
    expect(head.headers['content-length']).toBe(String(body.length))
    expect(origin.asked).toEqual(['GET /a'])
    time.forward(10)
    await f.get('/a', { method: 'HEAD' })
    expect(origin.asked.at(-1)).toBe('HEAD /a')
    expect(f.store.stats().objects).toBe(0)
  })

  test('a range of what is not here fetches the whole, once', async () => {
    await using origin = await webOrigin((_, response) => response.writeHead(200, minute).end(body))
    await using f = await mirrorOf(origin)
    await f.get('/a') // no length is known while it is chunked: the next one has it
    await expect.poll(() => f.store.stats().objects).toBe(1)
    const part = await f.get('/a', { headers: { range: 'bytes=2-5' } })
    expect([part.status, part.body.toString()]).toEqual([206, 'body'])
    const other = await f.get('/b', { headers: { range: 'bytes=2-5' } })
    expect([other.status, other.body.toString()]).toEqual([206, 'body'])
    expect(origin.asked).toEqual(['GET /a', 'GET /b'])
    expect(origin.headers.map(({ range }) => range)).toEqual([undefined, undefined])
  })

  test('the conditions of a client go along where nothing is stored', async () => {
    await using origin = await webOrigin((request, response) =>
      request.headers['if-none-match'] === '"1"'
        ? response.writeHead(304, minute).end()
        : response.writeHead(200, minute).end(body),
    )
    await using f = await mirrorOf(origin)
    const answer = await f.get('/a', { headers: { 'if-none-match': '"1"' } })
    expect(answer.status).toBe(304)
    expect(f.store.stats().objects).toBe(0)
    expect((await f.get('/a')).body.toString()).toBe(body)
  })

  test('a body that ends with the connection is never made to look whole', async () => {
    await using origin = await webOrigin((_, response) => {
      response.useChunkedEncodingByDefault = false
      response.writeHead(200, { connection: 'close' }).write(body)
      setTimeout(() => response.destroy(), 50)
    })
    await using f = await mirrorOf(origin)
    for (const headers of [{}, { authorization: 'Basic eDp5', 'if-match': '"1"' }]) {
      const { headers: got } = await f.get('/a', { headers })
      expect(got['transfer-encoding']).toBeUndefined()
      expect(got['content-length']).toBeUndefined()
      expect(got.connection).toBe('close')
    }
    expect(f.store.stats().objects).toBe(0)
  })

  test('early hints reach who caused the request', async () => {
    await using origin = await webOrigin((_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.writeHead(200, minute).end(body)
    })
    await using f = await mirrorOf(origin)
    const asked = httpRequest({ port: f.port, host: '127.0.0.1', path: '/a' }).end()
    const hints: string[] = []
    asked.on('information', ({ statusCode, headers }) => {
      hints.push(`${statusCode} ${String(headers['link'])}`)
    })
    const [response] = (await once(asked, 'response')) as [{ resume(): void }]
    response.resume()
    expect(hints).toEqual(['103 </a.css>; rel=preload'])
  })
})

describe('keys cannot be poisoned', () => {
  test('Host and the fields that stand for it reach nobody else', async () => {
    await using origin = await webOrigin((request, response) =>
      response.writeHead(200, minute).end(JSON.stringify(request.headers)),
    )
    await using f = await mirrorOf(origin)
    const evil = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-scheme': 'evil.example',
      forwarded: 'host=evil.example',
      'x-original-url': '/evil.example',
      'x-host': 'evil.example',
    }
    const first = await f.get('/a', { headers: evil })
    expect(first.body.toString()).not.toContain('evil')
    expect(first.headers['x-cache']).toBe('MISS')
  })

  test.for([
    '/a/../b',
    '/a/./b',
    '//a',
    '/a//b',
    '/%2e%2e/b',
    '/a%2fb',
    '/a%5cb',
    '/%61',
    '/a%00',
    '/a\\b',
    '/a#b',
    '/a/..;/b',
    '/a%3bb',
    '/a%25b',
  ])('%s is passed, never stored', async (target) => {
    await using origin = await webOrigin((_, response) => response.writeHead(200, minute).end(body))
    await using f = await mirrorOf(origin)
    await raw(f.port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    expect(f.store.stats().objects).toBe(0)
    expect(f.mirror.stats().fills).toBe(0)
  })

  test.for([
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'Content-Length: 5\r\nContent-Length: 6\r\n',
    'Transfer-Encoding: gzip, chunked, x\r\n',
    'Content-Length: +5\r\n',
    'X : 1\r\n',
    'Host: b\r\n',
  ])('a request that two servers read differently is refused: %s', async (lines) => {
    await using origin = await webOrigin((_, response) => response.writeHead(200, minute).end(body))
    await using f = await mirrorOf(origin)
    const answer = await raw(
      f.port,
      `POST /a HTTP/1.1\r\nHost: a\r\n${lines}Connection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(origin.asked).toEqual([])
  })

  test('two Host headers, or none, are refused', async () => {
    await using origin = await webOrigin((_, response) => response.writeHead(200, minute).end(body))
    await using f = await mirrorOf(origin)
    const answer = await raw(f.port, 'GET /a HTTP/1.1\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(origin.asked).toEqual([])
  })
})
