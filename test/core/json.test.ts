import { expect, test } from 'vitest'
import { parseJson } from '../../src/core/json.ts'

test('JSON is read, and what is none is undefined', () => {
  expect(parseJson('{"a":[1,null]}')).toEqual({ a: [1, null] })
  expect(parseJson('{"a":')).toBeUndefined()
  expect(parseJson('')).toBeUndefined()
})
