import { describe, expect, test } from 'vitest'
import { ageOf, explicitLifetimeOf, lifetimeOf } from '../../../src/protocol/cache/freshness.ts'
import { answer, at, later, t0 } from './answers.ts'

describe('lifetime (RFC 9111 §4.2.1)', () => {
  test.for([
    { name: 'max-age', headers: { 'cache-control': 'max-age=60' }, lifetime: 60 },
    {
      name: 's-maxage over max-age',
      headers: { 'cache-control': 'max-age=60, s-maxage=5' },
      lifetime: 5,
    },
    {
      name: 'max-age over Expires',
      headers: { 'cache-control': 'max-age=60', expires: at(5) },
      lifetime: 60,
    },
    { name: 'Expires less Date', headers: { expires: at(30), date: at(10) }, lifetime: 20 },
    { name: 'Expires with a broken Date', headers: { expires: at(30), date: 'foo' }, lifetime: 30 },
    { name: 'Expires before Date', headers: { expires: at(5), date: at(10) }, lifetime: 0 },
    { name: 'Expires: 0', headers: { expires: '0' }, lifetime: 0 },
    { name: 'two Expires', headers: { expires: [at(50), at(60)] }, lifetime: 0 },
    { name: 'nothing', headers: {}, lifetime: 0 },
  ])('$name', ({ headers, lifetime }) => {
    expect(lifetimeOf(answer(headers))).toBe(lifetime)
  })

  test('a tenth of the age of Last-Modified, a day at most (§4.2.2)', () => {
    expect(lifetimeOf(answer({ 'last-modified': at(-1000) }))).toBe(100)
    expect(lifetimeOf(answer({ 'last-modified': at(-90 * 86_400) }))).toBe(86_400)
    expect(lifetimeOf(answer({ 'last-modified': at(10) }))).toBe(0)
    expect(explicitLifetimeOf(answer({ 'last-modified': at(-1000) }))).toBeUndefined()
  })

  test.for([
    [203, 100],
    [204, 100],
    [404, 100],
    [410, 100],
    [501, 100],
    [201, 0],
    [302, 0],
    [403, 0],
    [500, 0],
    [503, 0],
    [599, 0],
  ])('by guess a %i lives %i seconds', ([status = 0, lifetime]) => {
    expect(lifetimeOf(answer({ 'last-modified': at(-1000) }, { status }))).toBe(lifetime)
  })

  test('public allows a guess for any status', () => {
    const headers = { 'last-modified': at(-1000), 'cache-control': 'public' }
    expect(lifetimeOf(answer(headers, { status: 599 }))).toBe(100)
  })
})

describe('age (RFC 9111 §4.2.3)', () => {
  test.for([
    { name: 'just come', headers: {}, age: 0 },
    { name: 'Age', headers: { age: '30' }, age: 30 },
    { name: 'the first of two', headers: { age: ['30', '0'] }, age: 30 },
    { name: 'the first of a list', headers: { age: '0, 30' }, age: 0 },
    { name: 'no number', headers: { age: 'abc' }, age: 0 },
    { name: 'a negative one', headers: { age: '-30' }, age: 0 },
    { name: 'a fraction', headers: { age: '30.0' }, age: 0 },
    { name: 'a huge one', headers: { age: '2147483649' }, age: 2_147_483_648 },
    { name: 'an old Date', headers: { date: at(-50) }, age: 50 },
    { name: 'a Date of the future', headers: { date: at(50) }, age: 0 },
    { name: 'the larger of both', headers: { date: at(-50), age: '20' }, age: 50 },
    { name: 'no Date', headers: { date: undefined }, age: 0 },
  ])('$name', ({ headers, age }) => {
    expect(ageOf(answer(headers), t0)).toBe(age)
  })

  test('grows with the time here, and by the time that the answer took', () => {
    expect(ageOf(answer({ age: '5' }), later(10))).toBe(15)
    expect(ageOf(answer({ age: '5' }, { requestedAt: later(-3) }), later(10))).toBe(18)
    expect(ageOf(answer({}), later(-100)), 'a clock set back').toBe(0)
  })
})
