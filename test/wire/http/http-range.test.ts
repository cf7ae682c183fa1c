import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseRange, contentRange } from '../../../src/wire/http/http-range.ts'

const part = (first: number, last: number) => ({ type: 'part', first, last })
const whole = { type: 'whole' }
const unsatisfiable = { type: 'unsatisfiable' }

describe('RFC 9110 §14.1.2, a file of 10 000 octets', () => {
  test.for([
    { name: 'the first 500', header: 'bytes=0-499', answer: part(0, 499) },
    { name: 'the second 500', header: 'bytes=500-999', answer: part(500, 999) },
    { name: 'one octet', header: 'bytes=0-0', answer: part(0, 0) },
    { name: 'the last 500', header: 'bytes=-500', answer: part(9500, 9999) },
    { name: 'from 9500 on', header: 'bytes=9500-', answer: part(9500, 9999) },
    { name: 'an end past the end is cut', header: 'bytes=9500-20000', answer: part(9500, 9999) },
    { name: 'a suffix longer than the file', header: 'bytes=-20000', answer: part(0, 9999) },
    { name: 'a start at the end', header: 'bytes=10000-', answer: unsatisfiable },
    { name: 'a suffix of nothing', header: 'bytes=-0', answer: unsatisfiable },
    { name: 'several, none satisfiable', header: 'bytes=10000-,20000-', answer: unsatisfiable },
    { name: 'several: the whole file', header: 'bytes=0-0,-1', answer: whole },
    { name: 'an empty element in the list', header: 'bytes=,0-9', answer: part(0, 9) },
    { name: 'the unit in capitals', header: 'Bytes=0-9', answer: part(0, 9) },
    { name: 'backwards is malformed: ignored', header: 'bytes=5-2', answer: whole },
    { name: 'no digits: ignored', header: 'bytes=-', answer: whole },
    { name: 'what BIOS iPXE sends above 2 GB: ignored', header: 'bytes=u-u', answer: whole },
    { name: 'a bad one among good ones: ignored', header: 'bytes=0-1,x-2', answer: whole },
    { name: 'another unit: ignored', header: 'lines=0-9', answer: whole },
    { name: 'no ranges at all: ignored', header: 'bytes=', answer: whole },
    { name: 'numbers beyond reason', header: `bytes=0-${'9'.repeat(400)}`, answer: part(0, 9999) },
    { name: 'no header', header: undefined, answer: whole },
  ])('$name', ({ header, answer }) => {
    expect(chooseRange(header, 10_000)).toEqual(answer)
  })
})

test.for([
  { header: 'bytes=0-', answer: unsatisfiable },
  { header: 'bytes=-5', answer: whole },
])('an empty file and $header', ({ header, answer }) => {
  expect(chooseRange(header, 0)).toEqual(answer)
})

test('Content-Range names the part, or the length where there is none', () => {
  expect(contentRange({ type: 'part', first: 0, last: 499 }, 1234)).toBe('bytes 0-499/1234')
  expect(contentRange({ type: 'unsatisfiable' }, 1234)).toBe('bytes */1234')
  expect(contentRange({ type: 'whole' }, 1234)).toBeUndefined()
})

test('a part always lies inside the file, whatever is asked', () => {
  const piece = fc.oneof(fc.nat(200).map(String), fc.constantFrom('', '-', ',', ' ', 'x', '='))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.nat(100), (pieces, size) => {
      const answer = chooseRange(`bytes=${pieces.join('')}`, size)
      if (answer.type !== 'part') return
      expect(answer.first).toBeGreaterThanOrEqual(0)
      expect(answer.first).toBeLessThanOrEqual(answer.last)
      expect(answer.last).toBeLessThan(size)
    }),
  )
})
