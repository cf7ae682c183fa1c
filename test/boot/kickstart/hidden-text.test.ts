import { expect, test } from 'vitest'
import { hideVariables } from '../../../src/boot/kickstart/hidden-text.ts'

test('a secret is hidden as it is, and as JSON and YAML write it in quotes', () => {
  const secret = 'a"b\\c\nd'
  const variables = new Map([['vars.password', secret]])
  expect(hideVariables(`x ${secret} y`, variables)).toBe('x (hidden) y')
  expect(hideVariables(`{"p": ${JSON.stringify(secret)}}`, variables)).toBe('{"p": "(hidden)"}')
})
