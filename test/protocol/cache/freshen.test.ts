import { describe, expect, test } from 'vitest'
import {
  conditionsFor,
  describes,
  freshened,
  isAbout,
} from '../../../src/protocol/cache/freshen.ts'

test('what is stored is asked about by all that it has (RFC 9111 §4.3.1)', () => {
  expect(conditionsFor({ etag: 'W/"a"', 'last-modified': 'then' })).toEqual({
    'if-none-match': 'W/"a"',
    'if-modified-since': 'then',
  })
  expect(conditionsFor({ date: 'now' })).toBeUndefined()
})

describe('a 304 (§4.3.4)', () => {
  test('brings new fields, leaves others, and no length or coding of a body', () => {
    const stored = { a: '1', b: '2', etag: '"x"', age: '50', 'cache-control': 'max-age=1' }
    const news = {
      b: '3',
      c: ['4', '5'],
      'cache-control': 'max-age=9',
      'content-length': '99',
      'content-encoding': 'gzip',
      'content-range': 'bytes 0-1/2',
      connection: 'close',
    }
    expect(freshened(stored, news)).toEqual({
      a: '1',
      b: '3',
      c: '4, 5',
      etag: '"x"',
      'cache-control': 'max-age=9',
    })
  })

  test.for([
    [{ etag: '"x"' }, { etag: '"x"' }, true],
    [{ etag: 'W/"x"' }, { etag: '"x"' }, true],
    [{ etag: '"y"' }, { etag: '"x"' }, false],
    [{ etag: '"y"' }, { 'last-modified': 'then' }, false],
    [{}, { etag: '"x"' }, true],
    [{ 'last-modified': 'then' }, { 'last-modified': 'then' }, true],
    [{ 'last-modified': 'later' }, { 'last-modified': 'then' }, false],
  ] as const)('%o about %o: %s', ([news, stored, same]) => {
    expect(isAbout(news, stored)).toBe(same)
  })
})

test('the answer to a HEAD is about a body of the same length and version only (§4.3.5)', () => {
  const stored = { headers: { etag: '"x"' }, size: 5 }
  expect(describes({ etag: '"x"', 'content-length': '5' }, stored)).toBe(true)
  expect(describes({ etag: '"x"' }, stored)).toBe(true)
  expect(describes({ etag: '"x"', 'content-length': '6' }, stored)).toBe(false)
  expect(describes({ etag: '"y"', 'content-length': '5' }, stored)).toBe(false)
})
