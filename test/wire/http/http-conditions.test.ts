import { describe, expect, test } from 'vitest'
import { checkConditions, rangeIsCurrent } from '../../../src/wire/http/http-conditions.ts'

const modified = new Date('2026-03-01T12:00:00.400Z')
const validators = { etag: 'abc', modified }
const same = 'Sun, 01 Mar 2026 12:00:00 GMT'
const before = 'Sun, 01 Mar 2026 11:59:59 GMT'
const now = modified.getTime() + 60_000

describe('preconditions, RFC 9110 §13.2.2', () => {
  test.for([
    { headers: {}, answer: 'proceed' },
    { headers: { 'if-match': '"abc"' }, answer: 'proceed' },
    { headers: { 'if-match': '*' }, answer: 'proceed' },
    { headers: { 'if-match': '"old"' }, answer: 'failed' },
    { headers: { 'if-match': 'W/"abc"' }, answer: 'failed' },
    { headers: { 'if-match': '"abc"', 'if-unmodified-since': before }, answer: 'proceed' },
    { headers: { 'if-unmodified-since': before }, answer: 'failed' },
    { headers: { 'if-unmodified-since': same }, answer: 'proceed' },
    { headers: { 'if-none-match': '"abc"' }, answer: 'unchanged' },
    { headers: { 'if-none-match': 'W/"abc"' }, answer: 'unchanged' },
    { headers: { 'if-none-match': '"x", "abc"' }, answer: 'unchanged' },
    { headers: { 'if-none-match': '*' }, answer: 'unchanged' },
    { headers: { 'if-none-match': '"x"', 'if-modified-since': same }, answer: 'proceed' },
    { headers: { 'if-modified-since': same }, answer: 'unchanged' },
    { headers: { 'if-modified-since': before }, answer: 'proceed' },
    { headers: { 'if-modified-since': 'yesterday' }, answer: 'proceed' },
  ])('$headers: $answer', ({ headers, answer }) => {
    expect(checkConditions(headers, validators)).toBe(answer)
  })

  test('a weak tag says "unchanged", but never "these very octets"', () => {
    const weak = { etag: 'abc', isWeak: true }
    expect(checkConditions({ 'if-none-match': 'W/"abc"' }, weak)).toBe('unchanged')
    expect(checkConditions({ 'if-match': '"abc"' }, weak)).toBe('failed')
    expect(rangeIsCurrent({ 'if-range': '"abc"' }, weak, now)).toBe(false)
  })

  test('a file without a time has only its tag', () => {
    expect(checkConditions({ 'if-modified-since': same }, { etag: 'abc' })).toBe('proceed')
  })
})

describe('If-Range, RFC 9110 §13.1.5', () => {
  test.for([
    { value: undefined, current: true },
    { value: '"abc"', current: true },
    { value: 'W/"abc"', current: false },
    { value: '"old"', current: false },
    { value: same, current: true },
    { value: before, current: false },
    { value: 'nonsense', current: false },
  ])('$value: $current', ({ value, current }) => {
    expect(rangeIsCurrent({ 'if-range': value }, validators, now)).toBe(current)
  })

  test('a time of this very second proves nothing', () => {
    expect(rangeIsCurrent({ 'if-range': same }, validators, modified.getTime())).toBe(false)
  })
})
