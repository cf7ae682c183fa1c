import { expect, test } from 'vitest'
import { visible } from '../../src/core/visible.ts'

test.for([
  ['boot/tinyvm/vmlinuz', 'boot/tinyvm/vmlinuz'],
  ['a name with ü, 名前', 'a name with ü, 名前'],
  ['\u001b[2J\u0007', '\\x1b[2J\\x07'],
  ['one\r\ntwo', 'one\\x0d\\x0atwo'],
  ['\u009b31m', '\\x9b31m'],
  ['fdp.\u202eexe', 'fdp.\\u{202e}exe'],
  ['\u2028', '\\u{2028}'],
  ['\ud800', '\\u{d800}'],
])('%j is shown as %j', ([text, shown]) => {
  expect(visible(text!)).toBe(shown)
})

test('a long text is cut', () => {
  expect(visible('x'.repeat(70_000))).toBe(`${'x'.repeat(512)}…`)
  expect(visible('x'.repeat(512))).toBe('x'.repeat(512))
  expect(visible('abcdef', 3)).toBe('abc…')
})
