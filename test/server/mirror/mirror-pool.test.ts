/** What the origin has to bear at once, and for how long anybody waits for it. */
import { expect, test } from 'vitest'
import { mirrorFixture } from '../../support/mirror-fixture.ts'

test('however many cold payloads are asked for, the origin sees few connections, first come first', async () => {
  await using f = await mirrorFixture({ mirror: { limits: { fillConnections: 3 } } })
  const paths = f.origin.payloads.slice(-30).map(({ path }) => path)
  f.origin.inject({ path: '/vmw/cache/', delay: 20 })
  const answers = await Promise.all(paths.map((path) => f.get(path)))
  expect(answers.every(({ status, whole }) => status === 200 && whole)).toBe(true)
  expect(f.origin.maxConnections).toBe(3)
  expect(f.origin.connections, 'kept alive').toBe(3)
  const order = f.origin.seen.map(({ url }) => paths.indexOf(url))
  const jumps = order.map((place, index) => Math.abs(place - index))
  expect(Math.max(...jumps), 'nobody is overtaken by more than those beside him').toBeLessThan(6)
})

test('downloads never hold up what is passed', async () => {
  await using f = await mirrorFixture({
    mirror: { limits: { fillConnections: 1, passConnections: 1 } },
  })
  const [, first, second] = f.origin.payloads
  f.origin.inject({ path: first!.path, stallAfter: 1000 })
  const stalled = f.get(first!.path).catch(() => undefined)
  const queued = f.get(second!.path).catch(() => undefined)
  await expect.poll(() => f.origin.count(first!.path).gets).toBe(1)
  expect((await f.get('/vmw/rbd/tramp')).status).toBe(200)
  expect(f.origin.count(second!.path).gets).toBe(0)
  await f.mirror.close()
  await Promise.all([stalled, queued])
})

test('an origin that is silent before its answer is told as 504, and asked once only', async () => {
  await using f = await mirrorFixture({ mirror: { limits: { firstByte: 600 } } })
  const { path } = f.origin.payloads[5]!
  const up = '/vmw/rbd/host/00112233445566778899aabbccddeeff/up'
  f.origin.inject({ path, delay: 8000 })
  f.origin.inject({ path: up, delay: 8000 })
  const [payload, report] = await Promise.all([
    f.get(path),
    f.get(up, { method: 'POST', body: 'x' }),
  ])
  expect([payload.status, report.status]).toEqual([504, 504])
  expect(payload.body.toString()).toContain('took too long to answer')
  expect(f.origin.count(path).gets).toBe(1)
  expect(f.origin.count(up).others).toBe(1)
})
