import { describe, expect, test } from 'vitest'
import { resumeHeaders, sizeWithRest } from '../../../src/protocol/cache/resume.ts'
import { at } from './answers.ts'

const ranges = { 'accept-ranges': 'bytes' }

test.for([
  { headers: { ...ranges, etag: '"a"' }, validator: '"a"' },
  { headers: { ...ranges, 'last-modified': at(-60), date: at(0) }, validator: at(-60) },
])('the rest is asked for by $validator', ({ headers, validator }) => {
  expect(resumeHeaders(headers, 100)).toEqual({ range: 'bytes=100-', 'if-range': validator })
})

test.for([
  { name: 'no ranges', headers: { etag: '"a"' } },
  { name: 'ranges refused', headers: { etag: '"a"', 'accept-ranges': 'none' } },
  {
    name: 'a weak tag',
    headers: { ...ranges, etag: 'W/"a"', 'last-modified': at(-60), date: at(0) },
  },
  { name: 'a date of just now', headers: { ...ranges, 'last-modified': at(-59), date: at(0) } },
  { name: 'no validator', headers: ranges },
])('$name: nothing proves that the rest fits', ({ headers }) => {
  expect(resumeHeaders(headers, 100)).toBeUndefined()
})

describe('an answer to that', () => {
  const beginning = { headers: { etag: '"a"' }, received: 100, size: 300 }
  const framed = { 'content-length': '200' }
  const rest = { ...framed, 'content-range': 'bytes 100-299/300', etag: '"a"' }

  test('is the rest, and tells how much there is', () => {
    expect(sizeWithRest({ status: 206, headers: rest }, beginning)).toBe(300)
    const unknown = { ...beginning, size: undefined }
    expect(sizeWithRest({ status: 206, headers: rest }, unknown)).toBe(300)
  })

  test.for([
    { name: 'a whole one', status: 200, headers: rest },
    { name: 'no range', status: 206, headers: framed },
    {
      name: 'another place',
      status: 206,
      headers: { ...framed, 'content-range': 'bytes 99-299/300' },
    },
    {
      name: 'an end too early',
      status: 206,
      headers: { ...framed, 'content-range': 'bytes 100-298/300' },
    },
    {
      name: 'another length',
      status: 206,
      headers: { ...framed, 'content-range': 'bytes 100-399/400' },
    },
    {
      name: 'an unknown length',
      status: 206,
      headers: { ...framed, 'content-range': 'bytes 100-299/*' },
    },
    {
      name: 'one without an end of its own',
      status: 206,
      headers: { ...rest, 'content-length': undefined },
    },
    { name: 'another version', status: 206, headers: { ...rest, etag: '"b"' } },
  ])('$name is not', ({ status, headers }) => {
    expect(sizeWithRest({ status, headers }, beginning)).toBeUndefined()
  })
})
