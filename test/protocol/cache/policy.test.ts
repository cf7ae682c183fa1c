import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CacheRequest,
  admit,
  classify,
  originForm,
  storeKey,
} from '../../../src/protocol/cache/policy.ts'
import type { HeaderFields } from '../../../src/wire/http/header-fields.ts'
import { type Rule, rulesOf } from '../../../src/protocol/cache/rules.ts'

const payload = '/vmw/cache/54/c406bbaa811f90b902d772f3f8544c/s.v00'

function ask(changes: Partial<CacheRequest>) {
  const request = { method: 'GET', target: payload, headers: {}, hostLines: 1, ...changes }
  return classify(request, rulesOf('autodeploy'))
}

test.for(['GET', 'HEAD'])('%s of a payload may be stored', (method) => {
  expect(ask({ method })).toMatchObject({ action: 'store', path: payload })
})

test.for([
  { name: 'another method', changes: { method: 'POST' }, reason: 'only GET and HEAD are stored' },
  { name: 'a query', changes: { target: `${payload}?a=b` }, reason: 'the request has a query' },
  { name: 'an empty query', changes: { target: `${payload}?` }, reason: 'the request has a query' },
  { name: 'a cookie', changes: { headers: { cookie: 'a=b' } }, reason: 'the request has a cookie' },
  {
    name: 'credentials',
    changes: { headers: { authorization: 'Basic eDp5' } },
    reason: 'the request has credentials',
  },
  {
    name: 'a body',
    changes: { headers: { 'content-length': '3' } },
    reason: 'the request has a body',
  },
  {
    name: 'a chunked body',
    changes: { headers: { 'transfer-encoding': 'chunked' } },
    reason: 'the request has a body',
  },
])('a request with $name is passed', ({ changes, reason }) => {
  expect(ask(changes)).toEqual({ action: 'pass', reason })
})

test('an empty body is none', () => {
  expect(ask({ headers: { 'content-length': '0' } }).action).toBe('store')
})

test('two Host headers are refused, whatever is asked', () => {
  expect(ask({ hostLines: 2 })).toEqual({ action: 'refuse', reason: 'two Host headers' })
  expect(ask({ hostLines: 2, method: 'POST' }).action).toBe('refuse')
})

test.for([
  '/vmw/rbd/tramp',
  '/vmw/rbd/host-register',
  '/vmw/rbd/host/0123456789abcdef0123456789abcdef/boot.cfg',
  '/vmw/rbd/host/0123456789abcdef0123456789abcdef/waiter.tgz',
  '/vmw/cache/54/c4/boot.cfg',
  '/vmw/cache/54/c4/BOOT.CFG',
  '/vmw/cache/54/c4/host.cfg',
  '/vmw/cache/54/c4/waiter.tgz',
  '/vmw/cache',
  '/vmw/cache/',
  '/vmw/CACHE/54/c4/s.v00',
  '/x/vmw/cache/54/c4/s.v00',
  '/',
])('%s is passed', (target) => {
  expect(ask({ target }).action).toBe('pass')
})

describe('no spelling of another path is stored', () => {
  test.for([
    '/vmw/cache/../rbd/host/1/waiter.tgz',
    '/vmw/cache/%2e%2e/rbd/tramp',
    '/vmw/cache/..%2frbd/tramp',
    '/vmw/cache/.%2e/rbd/tramp',
    '/vmw/cache/./54/s.v00',
    '/vmw/cache//54/s.v00',
    '//vmw/cache/54/s.v00',
    '/vmw//cache/54/s.v00',
    '/vmw/cache/54/s.v00/',
    '/vmw/cache/54/s%2ev00',
    '/vmw/cache/54/s.v00%00',
    '/vmw/cache\\..\\rbd\\tramp',
    '/vmw/cache/54/s.v00#x',
    '/vmw/cache/54/s v00',
    '/vmw/cache/54/waiter.tgz;v=1', // many servers cut path parameters off (RFC 3986 §3.3)
    '/vmw/cache/..;/rbd/tramp',
    '/vmw/cache/%252e%252e/rbd/tramp',
    '/vmw/cache/54/s%3bv00',
    '/vmw/cache/54/s%41',
    '/vmw/cache/54/é',
    'http://evil/vmw/rbd/tramp',
    'http://evil/vmw/cache/../rbd/tramp',
    'vmw/cache/54/s.v00',
    '*',
    '',
  ])('%s', (target) => {
    expect(ask({ target }).action).toBe('pass')
  })

  test('any target that is stored is in its plain form, and inside the payload tree', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      'vmw',
      'cache',
      'rbd',
      'a',
      '\\',
      '?',
      '#',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const verdict = ask({ target: `/vmw/cache/${pieces.join('')}` })
        if (verdict.action !== 'store') return
        expect(new URL(verdict.path, 'http://origin').pathname).toBe(verdict.path)
        expect(verdict.path).toMatch(/^\/vmw\/cache\/[^/%\\?#]+(\/[^/%\\?#]+)*$/)
      }),
      { seed: 5, numRuns: 2000 },
    )
  })
})

test('absolute form has the key of its path: the host in it is the client’s word only', () => {
  expect(ask({ target: `http://evil.example${payload}` })).toMatchObject({ path: payload })
})

test.for([
  ['/a?b', '/a?b'],
  ['http://h/a?b', '/a?b'],
  ['HTTPS://h:1', '/'],
  ['http://h?q', '/?q'],
] as const)('origin form of %s is %s', ([target, expected]) => {
  expect(originForm(target)).toBe(expected)
})

test('a key has what is configured in it and nothing of the request but its path', () => {
  const space = { name: 'autodeploy', base: 'https://vcsa:6501' }
  expect(storeKey(space, payload)).toBe(`autodeploy https://vcsa:6501 ${payload}`)
})

describe('answers', () => {
  const plain: HeaderFields = { 'content-length': '1000', 'content-type': 'text/plain' }

  test('a 200 with a length is stored', () => {
    expect(admit({ status: 200, headers: plain })).toEqual({ action: 'store', size: 1000 })
  })

  test('a chunked 200 is stored once it has ended', () => {
    const headers = { 'transfer-encoding': 'chunked' }
    expect(admit({ status: 200, headers })).toEqual({ action: 'store', size: undefined })
  })

  test.for([
    { 'cache-control': 'public, max-age=5' },
    { 'cache-control': 'no-cache' },
    { pragma: 'no-cache' },
    { vary: 'Accept-Encoding' },
    { vary: 'cookie, accept-encoding' },
    { 'content-encoding': 'identity' },
    { expires: '0' },
  ])('%o does not matter: the rule says that payloads never change', (headers) => {
    expect(admit({ status: 200, headers: { ...plain, ...headers } }).action).toBe('store')
  })

  test.for([
    { headers: { 'set-cookie': ['a=b'] }, reason: 'the answer sets a cookie' },
    { headers: { 'cache-control': 'no-store' }, reason: 'the answer says no-store' },
    { headers: { 'cache-control': 'max-age=3, NO-STORE' }, reason: 'the answer says no-store' },
    { headers: { 'cache-control': ['max-age=3', 'private'] }, reason: 'the answer says private' },
    { headers: { 'cache-control': 'private="x-a"' }, reason: 'the answer says private' },
    { headers: { vary: '*' }, reason: 'the answer varies by request headers' },
    { headers: { vary: 'user-agent' }, reason: 'the answer varies by request headers' },
    { headers: { 'content-encoding': 'x-gzip' }, reason: 'the answer has a content encoding' },
    { headers: { 'content-range': 'bytes 0-9/10' }, reason: 'the answer is a part' },
    {
      headers: { 'content-length': undefined },
      reason: 'the answer has no length and is not chunked',
    },
    { headers: { 'content-length': '-1' }, reason: 'the answer has no length and is not chunked' },
    {
      headers: { 'content-length': '1, 1' },
      reason: 'the answer has no length and is not chunked',
    },
    {
      headers: { 'transfer-encoding': 'chunked' },
      reason: 'the answer has no length and is not chunked',
    },
    {
      headers: { 'content-length': undefined, 'transfer-encoding': 'gzip, chunked' },
      reason: 'the answer has no length and is not chunked',
    },
  ])('$headers is passed', ({ headers, reason }) => {
    expect(admit({ status: 200, headers: { ...plain, ...headers } })).toEqual({
      action: 'pass',
      reason,
    })
  })

  test.for([201, 203, 204, 206, 301, 304, 404, 500, 503])('status %i is passed', (status) => {
    expect(admit({ status, headers: plain }).action).toBe('pass')
  })
})

const own = (rule: Partial<Rule>) =>
  rulesOf('autodeploy', [{ path: '/depot/**', action: 'store', ...rule }])
const asked = (target: string, rules: readonly Rule[]) =>
  classify({ method: 'GET', target, headers: {}, hostLines: 1 }, rules)

describe('rules of the user', () => {
  test('come before those of the profile', () => {
    expect(asked('/depot/a', own({}))).toMatchObject({ action: 'store', target: '/depot/a' })
    expect(asked('/depot/a', own({ action: 'pass' })).action).toBe('pass')
    expect(asked(payload, own({})).action).toBe('store')
  })

  test.for([
    { query: undefined, action: 'pass' },
    { query: 'pass' as const, action: 'pass' },
    { query: 'key' as const, action: 'store', target: '/depot/a?b=c' },
    { query: 'ignore' as const, action: 'store', target: '/depot/a' },
  ])('a query with $query: $action $target', ({ query, ...expected }) => {
    expect(asked('/depot/a?b=c', own({ query }))).toMatchObject(expected)
  })

  test.for([
    '/vmw/rbd/tramp',
    '/VMW/RBD/tramp',
    '/vmw/rbd;x/host/1/waiter.tgz',
    '/vmw/rbd/host/0123/waiter.tgz',
    '/vmw/x/waiter.tgz;v=1',
    '/vmw/cache/boot.cfg',
    '/vmw//rbd/tramp',
    '/vmw/%72bd/tramp',
    '/vmw/x/../rbd/tramp',
    '/vmw/x/..;/rbd/tramp',
    '/vmw/x/..;a=b/rbd/tramp',
    '/vmw/.;/rbd/tramp',
    '/vmw/%252e%252e/vmw/rbd/tramp',
    '/vmw/x%2f..%2frbd/tramp',
    '//vmw/rbd/tramp',
  ])('however wide: %s stays passed', (target) => {
    for (const action of ['store', 'headers'] as const) {
      for (const query of ['key', 'ignore'] as const) {
        const wide = rulesOf('autodeploy', [{ path: '**', action, query }])
        expect(asked(target, wide).action).toBe('pass')
        expect(asked(`${target}?a=b`, wide).action).toBe('pass')
      }
    }
  })
})

test.for([
  ['/x/repodata/repomd.xml', 'index'],
  [`/x/repodata/${'0a'.repeat(32)}-primary.xml.gz`, 'member'],
  ['/x/repodata/comps.xml', 'member'],
  ['/x/Packages/a-1.0-1.x86_64.rpm', undefined],
  ['/x/Packages/libstdc++-1~rc1.rpm', undefined],
  ['/x/Packages/libstdc%2B%2B-1%5E2.rpm', undefined],
])('%s of a repository is %s', ([target = '', role]) => {
  const verdict = classify(
    { method: 'GET', target, headers: {}, hostLines: 1 },
    rulesOf('rpm-repository'),
  )
  expect(verdict).toMatchObject({ action: 'store' })
  expect(verdict.action === 'store' ? verdict.rule.role : '').toBe(role)
})

test.for([
  ['/debian/pool/main/h/hello/hello_2.10-3_amd64.deb', undefined],
  // apt writes `+` and `~` of versions so; debootstrap as they are.
  ['/debian/pool/main/t/tar/tar_1.35%2bdfsg-3.1%7edeb13u1_amd64.deb', undefined],
  [`/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/${'0a'.repeat(32)}`, undefined],
  ['/debian/dists/trixie/InRelease', 0],
  ['/debian/dists/trixie/main/binary-amd64/Packages.xz', 0],
] as const)('%s of an archive is asked for again after %s', ([target, lifetime]) => {
  const request = { method: 'GET', target, headers: {}, hostLines: 1 }
  const verdict = classify(request, rulesOf('debian-archive'))
  expect(verdict).toMatchObject({ action: 'store' })
  expect(verdict.action === 'store' ? verdict.rule.lifetime : -1).toBe(lifetime)
})

test('in a repository everything else goes by its header', () => {
  const rules = rulesOf('rpm-repository')
  expect(ask({ target: '/x/.treeinfo' }).action).toBe('pass')
  const request = { method: 'GET', target: '/x/.treeinfo?a', headers: {}, hostLines: 1 }
  expect(classify(request, rules)).toMatchObject({ action: 'headers', target: '/x/.treeinfo?a' })
})
