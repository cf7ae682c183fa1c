import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cacheControl, fieldNamesOf, secondsOf } from '../../../src/protocol/cache/directives.ts'

const read = (...lines: string[]) => cacheControl({ 'cache-control': lines })

test.for([
  ['max-age=3600', 3600],
  ['MaX-aGe=3600', 3600],
  ['foobar, max-age=3600', 3600],
  ['max-age="3600"', 3600],
  ['max-age=003600', 3600],
  ['max-age=0', 0],
  ['max-age=99999999999', 2 ** 31],
  ['extension="max-age=3600", max-age=1', 1],
  ['max-age=1, extension="max-age=3600"', 1],
  ['extension="a\\"b, max-age=3600", max-age=1', 1],
] as const)('%s is %i seconds', ([text, seconds]) => {
  expect(secondsOf(read(text), 'max-age')).toBe(seconds)
})

test.for([
  "max-age='3600'",
  'max-age=-3600',
  'max-age=3600.0',
  'max-age=a3600',
  'max-age=3600a',
  'max-age',
])('%s is no number: stale at once (RFC 9111 §4.2.1)', (text) => {
  expect(secondsOf(read(text), 'max-age')).toBe(0)
})

test.for([['max-age=1800, max-age=1'], ['max-age=1, max-age=1800'], ['max-age=1800', 'max-age=1']])(
  'of two the shorter counts: %o',
  (lines) => {
    expect(secondsOf(read(...lines), 'max-age')).toBe(1)
  },
)

test('an absent directive is neither there nor a number', () => {
  expect(read('public').has('private')).toBe(false)
  expect(secondsOf(read('public'), 'max-age')).toBeUndefined()
})

test('field names of a directive', () => {
  expect(fieldNamesOf(read('no-cache="A, b", max-age=5'), 'no-cache')).toEqual(['a', 'b'])
  expect(fieldNamesOf(read('no-cache'), 'no-cache')).toEqual([])
})

const awkward = ['a', '=', '"', ',', ';', ' ', '\\', '1', '-']

test('any text is read without a hang or an error', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...awkward), { maxLength: 200 }), (characters) => {
      expect(read(characters.join('')).size).toBeLessThanOrEqual(200)
    }),
    { seed: 3, numRuns: 1000 },
  )
})
