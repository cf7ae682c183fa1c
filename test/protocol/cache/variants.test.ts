import { describe, expect, test } from 'vitest'
import {
  primaryKey,
  selectingOf,
  selects,
  variantKey,
} from '../../../src/protocol/cache/variants.ts'

test.for(['*', '*, *', ', *', '*, Foo', 'Foo, *'])('Vary: %s selects no other request', (vary) => {
  expect(selectingOf({ vary }, { foo: '1' })).toBeUndefined()
  expect(selectingOf({ vary: ['', vary] }, { foo: '1' })).toBeUndefined()
})

test('what is for one person by Vary is no variant: keys hold no secrets', () => {
  expect(selectingOf({ vary: 'Accept, Cookie' }, { cookie: 'a=b' })).toBeUndefined()
  expect(selectingOf({ vary: 'Authorization' }, {})).toBeUndefined()
})

describe('a variant by Foo and Bar', () => {
  const selecting = selectingOf({ vary: 'Foo, Bar' }, { foo: '1', bar: 'abc', other: '2' }) ?? {}

  test.for([
    { request: { foo: '1', bar: 'abc' }, fits: true },
    { request: { bar: 'abc', foo: '1', other: '3' }, fits: true },
    { request: { foo: ' 1 ', bar: 'abc' }, fits: true },
    { request: { foo: '2', bar: 'abc' }, fits: false },
    { request: { foo: '1', bar: 'abcde' }, fits: false },
    { request: { foo: '1' }, fits: false },
    { request: {}, fits: false },
  ])('for $request: $fits', ({ request, fits }) => {
    expect(selects(selecting, request)).toBe(fits)
  })
})

test('an absent field is selected by its absence', () => {
  const selecting = selectingOf({ vary: 'Foo' }, {}) ?? {}
  expect(selects(selecting, {})).toBe(true)
  expect(selects(selecting, { foo: '1' })).toBe(false)
})

test.for([
  { vary: 'Foo', one: { foo: '1, 2' }, other: { foo: ['1', '2'] } },
  { vary: 'Foo', one: { foo: '1,2' }, other: { foo: ' 1 , 2 ' } },
  {
    vary: 'Accept-Language',
    one: { 'accept-language': 'en, de' },
    other: { 'accept-language': 'eN,De' },
  },
])('$one and $other mean the same', ({ vary, one, other }) => {
  expect(selects(selectingOf({ vary }, one) ?? {}, other)).toBe(true)
})

test('what is encoded is for those who take the encoding, though its origin forgets to say so', () => {
  const selecting = selectingOf({ 'content-encoding': 'gzip' }, { 'accept-encoding': 'gzip' }) ?? {}
  expect(selects(selecting, { 'accept-encoding': 'GZIP' })).toBe(true)
  expect(selects(selecting, {})).toBe(false)
})

test('letters of unknown fields count', () => {
  expect(selects(selectingOf({ vary: 'Foo' }, { foo: 'a' }) ?? {}, { foo: 'A' })).toBe(false)
})

test('the keys of variants differ, do not depend on the order of Vary, and know their URL', () => {
  const request = { foo: '1', bar: '2' }
  const one = variantKey('m /a', selectingOf({ vary: 'Foo, Bar' }, request) ?? {})
  expect(variantKey('m /a', selectingOf({ vary: 'bar,foo' }, request) ?? {})).toBe(one)
  expect(variantKey('m /a', selectingOf({ vary: 'Foo' }, request) ?? {})).not.toBe(one)
  expect(primaryKey(one)).toBe('m /a')
  expect(variantKey('m /a', {})).toBe('m /a')
  const torn = variantKey('m /a', selectingOf({ vary: 'Foo' }, { foo: 'x\nm /b' }) ?? {})
  expect(primaryKey(torn)).toBe('m /a')
})
