import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromLatin1, latin1 } from '../../../src/wire/bytes.ts'
import { toNetascii } from '../../../src/wire/tftp/netascii.ts'

test.for([
  ['', ''],
  ['a\n', 'a\r\n'],
  ['a\rb', 'a\r\0b'],
  ['a\r\nb', 'a\r\0\r\nb'],
  ['\n\n', '\r\n\r\n'],
  ['\u0000\u00ff', '\u0000\u00ff'],
] as const)('%j is sent as %j', ([text, sent]) => {
  expect(latin1(toNetascii(fromLatin1(text)))).toBe(sent)
})

test('a client that converts back has the same octets', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (octets) => {
      const back = latin1(toNetascii(octets)).replaceAll(/\r([\n\0])/g, (_, after) =>
        after === '\n' ? '\n' : '\r',
      )
      expect(back).toBe(latin1(octets))
    }),
    { seed: 764 },
  )
})
