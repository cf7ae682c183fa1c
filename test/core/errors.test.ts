import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { codeOf, unreadable } from '../../src/core/errors.ts'

const reasons: readonly (readonly [string, string])[] = [
  ['/nowhere/at/all', 'there is no such file'],
  ['/', 'it is a folder'],
  ['/etc/passwd/x', 'a part of its path is no folder'],
]

test.for(reasons)('a file that cannot be read, %s: %s', ([file, reason]) => {
  let problem = 'none'
  try {
    readFileSync(file)
  } catch (error) {
    problem = unreadable(error)
  }
  expect(problem).toBe(reason)
})

test('any other reason is told as it was thrown', () => {
  expect(unreadable(new Error('the disk is on fire'))).toBe('the disk is on fire')
  expect(unreadable('a text')).toBe('a text')
})

test.for([
  [Object.assign(new Error('no'), { code: 'ENOENT' }), 'ENOENT'],
  [new Error('no'), ''],
  ['ENOENT', ''],
])('the code of %s is "%s"', ([error, code]) => {
  expect(codeOf(error)).toBe(code)
})
