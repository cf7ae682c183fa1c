import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { mirrorOf, webOrigin } from '../../support/web-origin.ts'

const octets = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251))
/** Another version: as long, and other everywhere. */
const later = Buffer.from(octets.map((octet) => 255 - octet))
const common = { 'cache-control': 'max-age=60', 'accept-ranges': 'bytes' }

/** Until what was written has surely been read, in milliseconds: an error makes the rest be lost. */
const pause = 150

interface Breaking {
  readonly etag?: string
  /** Said from the second answer on. */
  readonly laterEtag?: string
  readonly chunked?: boolean
  /** Octets that each answer brings before it breaks off. */
  readonly each?: number
}

/** Serves ranges by If-Range as a good origin does, and breaks off each answer. */
function breaking({ etag = '"1"', laterEtag = etag, chunked = false, each = 100_000 }: Breaking) {
  return ({ headers }: IncomingMessage, response: ServerResponse, count: number): void => {
    const tag = count === 1 ? etag : laterEtag
    const version = tag === etag ? octets : later
    const first = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? Number.NaN)
    const isPart = !Number.isNaN(first) && headers['if-range'] === tag
    const start = isPart ? first : 0
    const range = `bytes ${start}-${octets.length - 1}/${octets.length}`
    response.writeHead(isPart ? 206 : 200, {
      ...common,
      etag: tag,
      ...(isPart ? { 'content-range': range } : {}),
      ...(chunked ? {} : { 'content-length': octets.length - start }),
    })
    const end = Math.min(start + each, octets.length)
    response.write(version.subarray(start, end), () =>
      end === octets.length ? response.end() : setTimeout(() => response.destroy(), pause),
    )
  }
}

describe('a download that breaks off is gone on with', () => {
  test.for([
    { name: 'with a length', chunked: false },
    { name: 'chunked', chunked: true },
  ])('$name: every client gets all, and it is stored', async ({ chunked }) => {
    await using origin = await webOrigin(breaking({ chunked }))
    await using f = await mirrorOf(origin)
    const answers = await Promise.all([f.get('/a'), f.get('/a'), f.get('/a')])
    for (const { whole, body } of answers) {
      expect(whole).toBe(true)
      expect(body.equals(octets)).toBe(true)
    }
    const [first, ...rest] = origin.headers.map(({ range }) => range)
    expect(first).toBeUndefined()
    for (const range of rest) expect(range).toMatch(/^bytes=[1-9]\d*-$/)
    await expect.poll(() => f.store.stats().objects).toBe(1)
    expect((await f.get('/a')).body.equals(octets)).toBe(true)
    expect(f.mirror.stats()).toMatchObject({ broken: 0, originBytes: octets.length })
  })
})

describe('it is not', () => {
  test('when the origin has another version by then: nobody gets some of each', async () => {
    await using origin = await webOrigin(breaking({ laterEtag: '"2"' }))
    await using f = await mirrorOf(origin)
    const first = await f.get('/a')
    expect(first.whole && !first.body.equals(later)).toBe(false)
    expect(octets.subarray(0, first.body.length).equals(first.body)).toBe(true)
    const second = await f.get('/a')
    expect(second.whole).toBe(true)
    expect(second.body.equals(later)).toBe(true)
    await expect.poll(() => f.store.stats().objects).toBe(1)
    expect((await f.get('/a')).body.equals(later)).toBe(true)
  })

  test.for([
    { name: 'its tag is weak', etag: 'W/"1"' },
    { name: 'it has none', etag: '' },
  ])('when $name', async ({ etag }) => {
    await using origin = await webOrigin(breaking({ etag }))
    await using f = await mirrorOf(origin)
    expect((await f.get('/a')).whole).toBe(false)
    expect(origin.headers.some(({ range }) => range !== undefined)).toBe(false)
    expect(f.store.stats().objects).toBe(0)
  })

  test('when it goes on breaking off', async () => {
    await using origin = await webOrigin(breaking({ each: 20_000 }))
    await using f = await mirrorOf(origin)
    expect((await f.get('/a')).whole).toBe(false)
    expect(origin.asked.length).toBeLessThanOrEqual(10) // twice five, for who had nothing yet
    expect(f.store.stats().objects).toBe(0)
  })

  test('when the answer to the resumption is of another place', async () => {
    await using origin = await webOrigin(({ headers }, response) => {
      const range = headers.range === undefined ? {} : { 'content-range': 'bytes 0-299999/300000' }
      response.writeHead(headers.range === undefined ? 200 : 206, {
        ...common,
        etag: '"1"',
        ...range,
        'content-length': octets.length,
      })
      response.write(octets.subarray(0, 50_000), () => setTimeout(() => response.destroy(), pause))
    })
    await using f = await mirrorOf(origin)
    expect((await f.get('/a')).whole).toBe(false)
    expect(f.store.stats().objects).toBe(0)
  })
})
