import { expect, test } from 'vitest'
import { invalidatedBy } from '../../../src/protocol/cache/invalidation.ts'

const origin = 'https://origin:6501'
const post = { method: 'POST', target: '/a/b?c=d' }

test.for(['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH'])('%s that succeeds', (method) => {
  const gone = invalidatedBy({ ...post, method }, { status: 200, headers: {} }, origin)
  expect(gone).toEqual(['/a/b?c=d'])
})

test.for(['GET', 'HEAD', 'OPTIONS', 'TRACE'])('%s changes nothing', (method) => {
  expect(invalidatedBy({ ...post, method }, { status: 200, headers: {} }, origin)).toEqual([])
})

test.for([404, 500, 503])('a %i changed nothing', (status) => {
  expect(invalidatedBy(post, { status, headers: {} }, origin)).toEqual([])
})

test('Location and Content-Location go, too, of this origin only (RFC 9111 §4.4)', () => {
  const headers = { location: '/x', 'content-location': 'y?z' }
  expect(invalidatedBy(post, { status: 201, headers }, origin)).toEqual([
    '/a/b?c=d',
    '/x',
    '/a/y?z',
  ])
  const elsewhere = { location: 'https://other/x', 'content-location': 'http://origin:6501/y' }
  expect(invalidatedBy(post, { status: 303, headers: elsewhere }, origin)).toEqual(['/a/b?c=d'])
  const own = { location: 'https://origin:6501/x', 'content-location': 'http://[' }
  expect(invalidatedBy(post, { status: 303, headers: own }, origin)).toEqual(['/a/b?c=d', '/x'])
})
