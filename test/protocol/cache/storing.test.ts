import { describe, expect, test } from 'vitest'
import type { HeaderFields } from '../../../src/wire/http/header-fields.ts'
import { keptFields, mayStore } from '../../../src/protocol/cache/storing.ts'
import { answer, at } from './answers.ts'

const framed = { 'content-length': '5' }

function verdict(headers: HeaderFields, request: HeaderFields = {}, status = 200) {
  return mayStore(request, answer({ ...framed, ...headers }, { status }))
}

describe('stored (RFC 9111 §3)', () => {
  test.for([
    { 'cache-control': 'max-age=5' },
    { 'cache-control': 's-maxage=5' },
    { expires: at(5) },
    { 'last-modified': at(-1000) },
    { etag: '"a"' },
    { 'cache-control': 'no-cache', etag: '"a"' },
    { 'cache-control': 'max-age=5, no-store, must-understand' },
    { 'cache-control': 'max-age=5', 'content-encoding': 'gzip' },
    { 'cache-control': 'max-age=5', 'content-length': undefined, 'transfer-encoding': 'chunked' },
  ])('%o', (headers) => {
    expect(verdict(headers).action).toBe('store')
  })

  test.for([201, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599])(
    'a %i, when its header says so',
    (status) => {
      expect(verdict({ 'cache-control': 'max-age=5' }, {}, status).action).toBe('store')
    },
  )

  test('a 204 has no length and needs none', () => {
    const headers = { 'cache-control': 'max-age=5', 'content-length': undefined }
    expect(verdict(headers, {}, 204)).toMatchObject({ action: 'store', size: 0 })
  })
})

describe('not stored', () => {
  test.for([
    { headers: {}, reason: 'the answer is stale at once and cannot be revalidated' },
    {
      headers: { 'cache-control': 'max-age=0' },
      reason: 'the answer is stale at once and cannot be revalidated',
    },
    { headers: { 'cache-control': 'max-age=5, no-store' }, reason: 'the answer says no-store' },
    { headers: { 'cache-control': 'max-age=5, No-StOrE' }, reason: 'the answer says no-store' },
    { headers: { 'cache-control': 'max-age=5, private' }, reason: 'the answer says private' },
    { headers: { 'cache-control': 'max-age=5, private="a"' }, reason: 'the answer says private' },
    {
      headers: { 'cache-control': 'public, max-age=5', 'set-cookie': ['a=b'] },
      reason: 'the answer sets a cookie',
    },
    { headers: { 'cache-control': 'max-age=5', vary: '*' }, reason: 'the answer varies widely' },
    {
      headers: { 'cache-control': 'max-age=5', vary: 'Cookie' },
      reason: 'the answer varies widely',
    },
    {
      headers: { 'cache-control': 'max-age=5', 'content-length': undefined },
      reason: 'the answer has no length and is not chunked',
    },
    {
      headers: { 'cache-control': 'max-age=5', 'transfer-encoding': 'chunked' },
      reason: 'the answer has no length and is not chunked',
    },
  ])('$headers', ({ headers, reason }) => {
    expect(verdict(headers)).toEqual({ action: 'pass', reason })
  })

  test.for([206, 304, 103])('a %i', (status) => {
    expect(verdict({ 'cache-control': 'max-age=5' }, {}, status).action).toBe('pass')
  })

  test('a status that must be understood and is not', () => {
    const headers = { 'cache-control': 'max-age=5, no-store, must-understand' }
    expect(verdict(headers, {}, 599).action).toBe('pass')
  })

  test('the answer to one person, unless the origin says that it is for all (§3.5)', () => {
    const one = { authorization: 'Basic eDp5' }
    expect(verdict({ 'cache-control': 'max-age=5' }, one).action).toBe('pass')
    for (const word of ['public', 'must-revalidate', 's-maxage=5']) {
      expect(verdict({ 'cache-control': `max-age=5, ${word}` }, one).action).toBe('store')
    }
    const guest = { cookie: 'a=b' }
    expect(verdict({ 'cache-control': 'max-age=5, must-revalidate' }, guest).action).toBe('pass')
    expect(verdict({ 'cache-control': 'max-age=5, public' }, guest).action).toBe('store')
  })
})

test('fields of one connection, and what no-cache names, are not kept (§3.1)', () => {
  const headers = {
    ...framed,
    connection: 'a, b',
    a: '1',
    b: '2',
    c: ['3', '4'],
    'proxy-authenticate': 'Basic',
    'cache-control': 'no-cache="d", max-age=5',
    d: '5',
    e: 'not sendable: €',
    vary: 'Accept',
  }
  expect(keptFields(headers)).toEqual({
    c: '3, 4',
    'cache-control': 'no-cache="d", max-age=5',
    vary: 'Accept',
  })
})
