import { expect, test } from 'vitest'
import { validatorsIn } from '../../../src/wire/http/http-conditions.ts'
import { select } from '../../../src/wire/http/http-selection.ts'

const modified = new Date('2026-03-01T12:00:00Z')
const now = modified.getTime() + 60_000
const part = { status: 206, range: { type: 'part', first: 0, last: 9 } }
const all = { status: 200, range: { type: 'whole' } }

test.for([
  { method: 'GET', headers: {}, chosen: all },
  { method: 'GET', headers: { range: 'bytes=0-9' }, chosen: part },
  { method: 'HEAD', headers: { range: 'bytes=0-9' }, chosen: all },
  { method: 'GET', headers: { range: 'bytes=0-9', 'if-range': '"old"' }, chosen: all },
  {
    method: 'GET',
    headers: { range: 'bytes=100-' },
    chosen: { status: 416, range: { type: 'unsatisfiable' } },
  },
  {
    method: 'GET',
    headers: { range: 'bytes=0-9', 'if-none-match': '"abc"' },
    chosen: { ...all, status: 304 },
  },
  {
    method: 'HEAD',
    headers: { 'if-match': '"old"' },
    chosen: { ...all, status: 412 },
  },
])('$method $headers: $chosen.status, RFC 9110 §13.2', ({ method, headers, chosen }) => {
  expect(select({ method, headers }, { etag: 'abc', modified }, 100, now)).toEqual(chosen)
})

test('of what has no length yet nothing is cut', () => {
  const request = { method: 'GET', headers: { range: 'bytes=0-9' } }
  expect(select(request, { etag: 'abc' }, undefined, now)).toEqual(all)
})

const file = { etag: 'file', modified }
const other = 'Sun, 01 Mar 2026 11:00:00 GMT'

test.for([
  { headers: {}, etag: 'file', isWeak: false, time: modified },
  { headers: { etag: '"own"' }, etag: 'own', isWeak: false, time: modified },
  { headers: { etag: 'W/"own"' }, etag: 'own', isWeak: true, time: modified },
  { headers: { etag: 'own' }, etag: 'file', isWeak: false, time: modified },
  { headers: { 'last-modified': other }, etag: 'file', isWeak: false, time: new Date(other) },
  { headers: { 'last-modified': 'once' }, etag: 'file', isWeak: false, time: undefined },
])('$headers has the validators $etag, weak: $isWeak, $time', ({ headers, time, ...rest }) => {
  expect(validatorsIn(headers, file, now)).toEqual({ ...rest, modified: time })
})
