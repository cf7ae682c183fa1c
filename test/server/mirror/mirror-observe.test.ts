import { expect, test } from 'vitest'
import { Observer } from '../../../src/server/mirror/mirror-observer.ts'
import type { ServiceEvent } from '../../../src/core/events.ts'
import { mirrorFixture } from '../../support/mirror-fixture.ts'

function observer() {
  const said: Omit<ServiceEvent, 'at'>[] = []
  const watcher = new Observer({ name: 'm', emit: (event) => void said.push(event) })
  const pass = (target: string, ip: string, text: string, headers = {}) => {
    const watch = watcher.watch({ method: 'GET', target, headers, hostLines: 1 }, ip)
    watch?.octets(Buffer.from(text))
    watch?.whole(200)
    return watch !== undefined
  }
  return { said, pass }
}

test('what two hosts got the same is worth a rule, and it is written out', () => {
  const { said, pass } = observer()
  pass('/depot/5f/b.v00', '10.0.0.1', 'body')
  expect(said).toEqual([])
  pass('/depot/5f/b.v00', '10.0.0.2', 'body')
  expect(said).toEqual([
    {
      type: 'mirror.observe',
      mirror: 'm',
      file: '/depot/**',
      bytes: 4,
      reason:
        '1 paths were the same for 2 hosts; to store them: rules: [{ path: "/depot/**", action: store }]',
    },
  ])
})

test('it is said at the first, the tenth and the hundredth path', () => {
  const { said, pass } = observer()
  for (let index = 0; index < 120; index++) {
    for (const ip of ['10.0.0.1', '10.0.0.2']) pass(`/depot/${index}/b.v00`, ip, 'body')
  }
  expect(said.map(({ reason }) => reason?.split(' ', 1)[0])).toEqual(['1', '10', '100'])
})

test('one host alone proves nothing, nor do different octets', () => {
  const { said, pass } = observer()
  for (let times = 0; times < 5; times++) pass('/a/b', '10.0.0.1', 'body')
  for (let host = 0; host < 5; host++) pass('/a/c', `10.0.0.${host}`, `body ${host}`)
  expect(said).toEqual([])
})

test('a folder with answers that differ is proposed with a warning only', () => {
  const { said, pass } = observer()
  for (const ip of ['10.0.0.1', '10.0.0.2']) pass('/a/one', ip, ip)
  for (const ip of ['10.0.0.1', '10.0.0.2']) pass('/a/two', ip, 'body')
  expect(said[0]?.reason).toBe(
    '1 paths were the same for 2 hosts, but 1 were not: look before you store them',
  )
})

test.for([
  ['/a?bootmac=52:54:00:12:34:56', {}],
  ['/a', { cookie: 'a=b' }],
  ['/a', { authorization: 'Basic eDp5' }],
  ['/a', { range: 'bytes=0-1' }],
] as const)('%s with %o is not looked at', ([target, headers]) => {
  expect(observer().pass(target, '10.0.0.1', 'body', headers)).toBe(false)
})

test('of a mirror: off by itself, and nothing is stored by it', async () => {
  for (const observe of [false, true]) {
    await using f = await mirrorFixture({
      mirror: { observe, rules: [{ path: '**', action: 'pass' }] },
    })
    const { path } = f.origin.payloads[4]!
    await f.get(path)
    await f.get(path)
    const hosts = (await fetch(`http://127.0.0.1:${f.port}${path}`)).status
    expect(hosts).toBe(200)
    expect(f.store.stats().objects).toBe(0)
    expect(f.origin.count(path).gets).toBe(3)
  }
})
