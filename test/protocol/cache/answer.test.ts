import { describe, expect, test } from 'vitest'
import { answerTo } from '../../../src/protocol/cache/answer.ts'
import { cacheStatus } from '../../../src/protocol/cache/cache-status.ts'
import { at, t0 } from './answers.ts'

const stored = {
  status: 200,
  headers: { etag: '"a"', 'last-modified': at(-100), 'content-type': 'text/plain' },
  size: 1000,
}

const ask = (headers: Record<string, string>, method = 'GET', representation = stored) =>
  answerTo({ method, headers }, representation, t0)

test('the whole, with its length', () => {
  const answer = ask({})
  expect(answer).toMatchObject({ status: 200, body: { first: 0, length: 1000 } })
  expect(answer.headers).toEqual({
    ...stored.headers,
    'accept-ranges': 'bytes',
    'content-length': 1000,
  })
})

test('HEAD has the length and no body', () => {
  expect(ask({ range: 'bytes=0-1' }, 'HEAD')).toMatchObject({
    status: 200,
    headers: { 'content-length': 1000 },
    body: undefined,
  })
})

test.for([
  ['bytes=0-99', 0, 100, 'bytes 0-99/1000'],
  ['bytes=900-', 900, 100, 'bytes 900-999/1000'],
  ['bytes=-5', 995, 5, 'bytes 995-999/1000'],
] as const)('range %s', ([range, first, length, place]) => {
  const answer = ask({ range })
  expect(answer).toMatchObject({ status: 206, body: { first, length } })
  expect(answer.headers).toMatchObject({ 'content-range': place, 'content-length': length })
})

test('a range that is not there is 416, and one of another version is the whole', () => {
  expect(ask({ range: 'bytes=1000-' })).toMatchObject({
    status: 416,
    headers: { 'content-range': 'bytes */1000', 'content-length': 0 },
    body: undefined,
  })
  expect(ask({ range: 'bytes=0-9', 'if-range': '"b"' }).status).toBe(200)
  expect(ask({ range: 'bytes=0-9', 'if-range': '"a"' }).status).toBe(206)
})

describe('conditions', () => {
  test.for([
    [{ 'if-none-match': '"a"' }, 304],
    [{ 'if-none-match': '"x", "a"' }, 304],
    [{ 'if-none-match': 'W/"a"' }, 304],
    [{ 'if-none-match': '"b"' }, 200],
    [{ 'if-none-match': '"b"', 'if-modified-since': at(0) }, 200],
    [{ 'if-none-match': '"a"', 'if-modified-since': at(-500) }, 304],
    [{ 'if-modified-since': at(-100) }, 304],
    [{ 'if-modified-since': at(-101) }, 200],
  ] as const)('%o: %i', ([headers, status]) => {
    expect(ask(headers).status).toBe(status)
  })

  test('a 304 has the validators and no length', () => {
    const { headers, body } = ask({ 'if-none-match': '"a"' })
    expect(headers).toMatchObject({ etag: '"a"' })
    expect(headers['content-length']).toBeUndefined()
    expect(body).toBeUndefined()
  })

  test('a tag of our own stands in where a rule gives one', () => {
    const plain = { status: 200, headers: {}, size: 5 }
    const request = { method: 'GET', headers: { 'if-none-match': '"ours"' } }
    expect(answerTo(request, { ...plain, etag: 'ours' }, t0).status).toBe(304)
    expect(answerTo(request, plain, t0)).toMatchObject({ status: 200 })
    expect(answerTo(request, plain, t0).headers['etag']).toBeUndefined()
  })
})

test('only a 200 is compared and cut', () => {
  const gone = { ...stored, status: 410 }
  const request = { range: 'bytes=0-1', 'if-none-match': '"a"' }
  expect(ask(request, 'GET', gone)).toMatchObject({ status: 410, body: { first: 0, length: 1000 } })
  const empty = { status: 204, headers: {}, size: 0 }
  expect(answerTo({ method: 'GET', headers: {} }, empty, t0)).toEqual({
    status: 204,
    headers: {},
    body: undefined,
  })
})

test('while the length is unknown there are no ranges', () => {
  const arriving = { ...stored, size: undefined }
  const answer = answerTo({ method: 'GET', headers: { range: 'bytes=0-1' } }, arriving, t0)
  expect(answer).toMatchObject({ status: 200, body: { first: 0, length: undefined } })
  expect(answer.headers['content-length']).toBeUndefined()
  expect(answer.headers['accept-ranges']).toBeUndefined()
})

test.for([
  [{ hit: true, ttl: 30 }, {}, 'Bootlace; hit; ttl=30'],
  [{ hit: true, ttl: Number.POSITIVE_INFINITY }, {}, 'Bootlace; hit'],
  [
    { fwd: 'stale', 'fwd-status': 304, collapsed: false },
    {},
    'Bootlace; fwd=stale; fwd-status=304',
  ],
  [
    { fwd: 'uri-miss', stored: true },
    { 'cache-status': 'CDN; hit' },
    'CDN; hit, Bootlace; fwd=uri-miss; stored',
  ],
] as const)('Cache-Status of %o', ([status, headers, text]) => {
  expect(cacheStatus(status, headers)).toBe(text)
})
