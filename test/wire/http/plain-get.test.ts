import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { parsePlainGet } from '../../../src/wire/http/plain-get.ts'

const plain =
  'GET /vmw/cache/a%20b?x=1 HTTP/1.1\r\nHost: vc:5100\r\nUser-Agent:  iPXE/1.21 \r\n\r\n'

test('a plain request is read', () => {
  expect(parsePlainGet(plain)).toEqual({
    target: '/vmw/cache/a%20b?x=1',
    headers: { host: 'vc:5100', 'user-agent': 'iPXE/1.21' },
  })
})

test.for([
  ['another method', plain.replace('GET', 'HEAD')],
  ['another version', plain.replace('1.1', '1.0')],
  ['a target in absolute form', plain.replace('/vmw', 'http://vc/vmw')],
  ['a space in the target', plain.replace('%20', ' ')],
  ['no Host', plain.replace('Host', 'Accept')],
  ['two Hosts', plain.replace('User-Agent: ', 'HOST:')],
  ['an odd Host', plain.replace('vc:5100', 'vc/evil')],
  ['an unknown field', plain.replace('User-Agent', 'X-Forwarded-For')],
  ['a range', plain.replace('User-Agent:  iPXE/1.21 ', 'Range: bytes=0-1')],
  ['a length', plain.replace('User-Agent:  iPXE/1.21 ', 'Content-Length: 0')],
  ['another protocol', plain.replace('User-Agent:  iPXE/1.21 ', 'Connection: upgrade')],
  ['a space before the colon', plain.replace('Host:', 'Host :')],
  ['a folded line', plain.replace('iPXE', '\r\n iPXE')],
  ['bare line feeds', plain.replaceAll('\r', '')],
  ['a bare carriage return', plain.replace('iPXE', 'i\rPXE')],
  ['octets above ASCII', plain.replace('iPXE', 'i\u00e4PXE')],
  ['a NUL', plain.replace('iPXE', 'i\u0000PXE')],
  ['an empty field', plain.replace('  iPXE/1.21 ', '')],
  ['a second request behind it', plain + plain],
  ['an octet behind it', `${plain}x`],
  ['a name that objects have', plain.replace('User-Agent', 'constructor')],
])('%s is not plain', ([, text]) => {
  expect(text).not.toBe(plain)
  expect(parsePlainGet(text!)).toBeUndefined()
})

test('a head that is cut anywhere is not plain', () => {
  for (let length = 0; length < plain.length; length += 1) {
    expect(parsePlainGet(plain.slice(0, length))).toBeUndefined()
  }
})

test('whatever comes, it is read in no time and nothing is thrown', () => {
  assert(
    property(string({ unit: 'binary', maxLength: 300 }), (noise) => {
      parsePlainGet(plain.replace('iPXE', () => noise))
      parsePlainGet(noise)
    }),
  )
})
