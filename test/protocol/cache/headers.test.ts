import { expect, test } from 'vitest'
import {
  endToEnd,
  fillRequestHeaders,
  passRequestHeaders,
  payloadHeaders,
  sharedRequestHeaders,
} from '../../../src/protocol/cache/headers.ts'

const forwarding = {
  ip: '192.168.50.100',
  clientHost: 'proxy.lab:5100',
  originHost: 'vcsa:6501',
  hostHeader: 'client-no-port',
} as const

test('a payload is asked for with fields of our own only, without encodings', () => {
  expect(fillRequestHeaders('vcsa:6501')).toEqual({
    host: 'vcsa:6501',
    accept: '*/*',
    'accept-encoding': 'identity',
    'user-agent': 'Bootlace',
  })
})

test('a passed request gets what the nginx recipe sets', () => {
  expect(passRequestHeaders({ 'user-agent': 'iPXE', host: 'x' }, forwarding)).toEqual({
    'user-agent': 'iPXE',
    host: 'proxy.lab',
    'x-real-ip': '192.168.50.100',
    'x-forwarded-for': '192.168.50.100',
    'x-forwarded-host': 'proxy.lab',
  })
})

test.for([
  ['client', 'proxy.lab:5100'],
  ['client-no-port', 'proxy.lab'],
  ['upstream', 'vcsa:6501'],
] as const)('Host as %s is %s', ([hostHeader, host]) => {
  expect(passRequestHeaders({}, { ...forwarding, hostHeader })['host']).toBe(host)
})

const host = (clientHost: string | undefined) =>
  passRequestHeaders({}, { ...forwarding, clientHost })['host']

test('Host of an IPv6 address keeps its brackets; HTTP/1.0 without Host gets the origin’s', () => {
  expect(host('[fd00::1]:5100')).toBe('[fd00::1]')
  expect(host('[fd00::1]')).toBe('[fd00::1]')
  expect(host(undefined)).toBe('vcsa')
})

test('a client cannot forge who it is, only add to the list of who it says it stands for', () => {
  const sent = {
    'x-real-ip': '1.1.1.1',
    'x-forwarded-host': 'evil',
    'x-forwarded-for': '1.1.1.1',
    connection: 'x-real-ip',
  }
  expect(passRequestHeaders(sent, forwarding)).toMatchObject({
    'x-real-ip': '192.168.50.100',
    'x-forwarded-host': 'proxy.lab',
    'x-forwarded-for': '1.1.1.1, 192.168.50.100',
  })
})

test('hop-by-hop fields and those that Connection names go no further', () => {
  const headers = {
    connection: 'close, X-Hop',
    'keep-alive': 'timeout=5',
    'transfer-encoding': 'chunked',
    te: 'trailers',
    upgrade: 'h2c',
    expect: '100-continue',
    'proxy-authorization': 'Basic eDp5',
    'x-hop': '1',
    cookie: 'a=b',
    'set-cookie': ['a=b', 'c=d'],
  }
  expect(endToEnd(headers)).toEqual({ cookie: 'a=b', 'set-cookie': ['a=b', 'c=d'] })
})

test('of an answer only what describes the body is kept', () => {
  const headers = {
    'content-type': 'application/octet-stream',
    'last-modified': 'Tue, 02 Jan 2024 03:04:05 GMT',
    server: 'CherryPy',
    'set-cookie': 'a=b',
    'x-host-id': '17',
    etag: '"a"',
    date: 'Tue, 02 Jan 2024 03:04:06 GMT',
  }
  expect(payloadHeaders(headers)).toEqual({
    'content-type': 'application/octet-stream',
    'last-modified': 'Tue, 02 Jan 2024 03:04:05 GMT',
    etag: '"a"',
    date: 'Tue, 02 Jan 2024 03:04:06 GMT',
  })
})

test('a field that could not be sent again is not kept', () => {
  const headers = { 'content-type': 'a/b', 'content-disposition': 'attachment; filename="€.tgz"' }
  expect(payloadHeaders(headers)).toEqual({ 'content-type': 'a/b' })
})

test('only a strong entity tag identifies octets', () => {
  expect(payloadHeaders({ etag: '"abc"' })).toEqual({ etag: '"abc"' })
  for (const etag of ['W/"abc"', 'abc', '"a\r\nb"']) expect(payloadHeaders({ etag })).toEqual({})
})

test('a shared request has the client’s fields and our Host, and nothing that colours unseen', () => {
  const sent = {
    host: 'evil',
    accept: 'text/plain',
    'accept-language': ['en', 'de'],
    'x-anything': '1',
    'if-none-match': '"a"',
    range: 'bytes=0-1',
    connection: 'x-hop',
    'x-hop': '1',
    'x-forwarded-host': 'evil',
    'x-forwarded-for': '1.1.1.1',
    forwarded: 'host=evil',
    'x-original-url': '/evil',
    'x-http-method-override': 'DELETE',
  }
  expect(sharedRequestHeaders(sent, 'vcsa:6501')).toEqual({
    host: 'vcsa:6501',
    accept: 'text/plain',
    'accept-language': ['en', 'de'],
    'x-anything': '1',
  })
})
