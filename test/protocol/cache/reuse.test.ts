import { describe, expect, test } from 'vitest'
import type { HeaderFields } from '../../../src/wire/http/header-fields.ts'
import { isFailure, reuse } from '../../../src/protocol/cache/reuse.ts'
import { answer, later } from './answers.ts'

const byHeaders = { path: '**', action: 'headers' } as const

function after(seconds: number, headers: HeaderFields, request: HeaderFields = {}) {
  return reuse(answer(headers), request, byHeaders, later(seconds))
}

describe('fresh and stale (RFC 9111 §4.2)', () => {
  const minute = { 'cache-control': 'max-age=60' }

  test('is given out up to its last second', () => {
    expect(after(59, minute)).toEqual({ type: 'fresh', age: 59, ttl: 1 })
    expect(after(60, minute)).toMatchObject({ type: 'revalidate', ttl: 0 })
  })

  test('Age of the origin counts', () => {
    expect(after(10, { ...minute, age: '55' }).type).toBe('revalidate')
  })

  test('no-cache is never given out unasked, no-cache of fields is', () => {
    expect(after(0, { 'cache-control': 'max-age=60, no-cache' }).type).toBe('revalidate')
    expect(after(0, { 'cache-control': 'max-age=60, no-cache="a"' }).type).toBe('fresh')
  })
})

describe('what a request may ask (§5.2.1)', () => {
  const hour = { 'cache-control': 'max-age=3600' }
  test.for([
    ['no-cache', 'revalidate'],
    ['max-age=0', 'revalidate'],
    ['max-age=99', 'revalidate'],
    ['max-age=100', 'fresh'],
    ['min-fresh=3501', 'revalidate'],
    ['min-fresh=3499', 'fresh'],
    ['anything', 'fresh'],
  ] as const)('%s after 100 seconds of an hour: %s', ([wish, type]) => {
    expect(after(100, hour, { 'cache-control': wish }).type).toBe(type)
  })

  test('max-stale has it stale, but not over must-revalidate', () => {
    for (const wish of ['max-stale=100', 'max-stale']) {
      expect(after(3650, hour, { 'cache-control': wish }).type).toBe('fresh')
    }
    expect(after(3750, hour, { 'cache-control': 'max-stale=100' }).type).toBe('revalidate')
    const strict = { 'cache-control': 'max-age=3600, must-revalidate' }
    expect(after(3650, strict, { 'cache-control': 'max-stale' }).type).toBe('revalidate')
  })

  test('Pragma counts where there is no Cache-Control (§5.4)', () => {
    expect(after(0, hour, { pragma: 'no-cache' }).type).toBe('revalidate')
    expect(after(0, hour, { pragma: 'no-cache', 'cache-control': 'a' }).type).toBe('fresh')
  })
})

const headers = (more: string) => ({ 'cache-control': `max-age=60${more}` })

describe('stale answers (§4.2.4, RFC 5861)', () => {
  test('stale-while-revalidate: given out meanwhile, within its window', () => {
    expect(after(70, headers(', stale-while-revalidate=20')).type).toBe('meanwhile')
    expect(after(80, headers(', stale-while-revalidate=20')).type).toBe('revalidate')
    const insisting = { 'cache-control': 'no-cache' }
    expect(after(70, headers(', stale-while-revalidate=20'), insisting).type).toBe('revalidate')
  })

  test('an unreachable origin is stood in for, for a day', () => {
    expect(after(70, headers(''))).toMatchObject({ ifUnreachable: true, ifFailing: false })
    expect(after(86_400 + 70, headers(''))).toMatchObject({ ifUnreachable: false })
  })

  test('stale-if-error: also for an origin that fails, within its window', () => {
    const allowing = headers(', stale-if-error=20')
    expect(after(70, allowing)).toMatchObject({ ifUnreachable: true, ifFailing: true })
    expect(after(80, allowing)).toMatchObject({ ifFailing: false })
  })

  test.for(['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache'])(
    'never over %s, whatever else is said',
    (word) => {
      const strict = headers(`, ${word}, stale-while-revalidate=99, stale-if-error=99`)
      expect(after(70, strict)).toMatchObject({
        type: 'revalidate',
        ifUnreachable: false,
        ifFailing: false,
      })
    },
  )

  test('failures are 500, 502, 503 and 504', () => {
    expect([500, 501, 502, 503, 504, 505, 404].filter(isFailure)).toEqual([500, 502, 503, 504])
  })
})

describe('a rule that stores', () => {
  const rule = { path: '**', action: 'store' } as const
  const hostile = { 'cache-control': 'no-cache, must-revalidate, max-age=0', age: '999999' }

  test('without a lifetime: for ever, whatever the header or a client says', () => {
    const wish = { 'cache-control': 'no-cache' }
    expect(reuse(answer(hostile), wish, rule, later(1e9)).type).toBe('fresh')
  })

  test('with one: asked again after it, and given out if the origin cannot answer', () => {
    const hourly = { ...rule, lifetime: 3600 }
    expect(reuse(answer(hostile), {}, hourly, later(3599)).type).toBe('fresh')
    expect(reuse(answer(hostile), {}, hourly, later(3600))).toMatchObject({
      type: 'revalidate',
      ifUnreachable: true,
      ifFailing: true,
    })
  })
})
