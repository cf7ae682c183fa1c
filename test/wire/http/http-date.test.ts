import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../../src/wire/http/http-date.ts'

const now = Date.UTC(2026, 10, 21)
const example = Date.UTC(1994, 10, 6, 8, 49, 37)

test.for([
  'Sun, 06 Nov 1994 08:49:37 GMT',
  'Sunday, 06-Nov-94 08:49:37 GMT',
  'Sun Nov  6 08:49:37 1994',
  'SUN, 06 NOV 1994 08:49:37 gmt',
])('%s is the example of RFC 9110 §5.6.7', (text) => {
  expect(parseHttpDate(text, now)).toBe(example)
})

test.for([
  ['Thursday, 18-Aug-50 02:01:18 GMT', 2050],
  ['Thursday, 18-Aug-76 02:01:18 GMT', 2076],
  ['Thursday, 18-Aug-77 02:01:18 GMT', 1977],
] as const)('two digits of a year more than fifty ahead are of the past: %s', ([text, year]) => {
  expect(new Date(parseHttpDate(text, now) ?? 0).getUTCFullYear()).toBe(year)
})

test.for([
  '0',
  '',
  'Thu, 18 Aug 2050 02:01:18 UTC',
  'Thu, 18 Aug 2050 02:01:18 AEST',
  'Thu, 18 Aug 2050 02:01:18 +0000',
  'Thu, 18 Aug 50 02:01:18 GMT',
  'Thu 18 Aug 2050 02:01:18 GMT',
  'Thu, 18  Aug  2050 02:01:18 GMT',
  'Thu, 18-Aug-2050 02:01:18 GMT',
  'Thu, 18 Aug 2050 02.01.18 GMT',
  'Thu, 18 Aug 2050 2:01:18 GMT',
  'Thu, 31 Feb 2050 02:01:18 GMT',
  'Thu, 18 Foo 2050 02:01:18 GMT',
  'Thu, 18 Aug 2050 25:01:18 GMT',
  'Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT',
  '2050-08-18T02:01:18Z',
])('"%s" is no date', (text) => {
  expect(parseHttpDate(text, now)).toBeUndefined()
})

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
      expect(parseHttpDate(formatHttpDate(seconds * 1000), now)).toBe(seconds * 1000)
    }),
    { seed: 1 },
  )
})
