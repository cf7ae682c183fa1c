/**
 * Fleets of machines that boot through a mirror at the same moment, and what must hold whatever they
 * do. The same on the real service, with its log, its kills and its restarts: test/interop/fleet.test.ts.
 */
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cacheEntries, checkBody } from '../../src/io/cache/cache-folder.ts'
import { spaceOf } from '../../src/protocol/cache/policy.ts'
import { type ClientKindName, clientKindNames } from '../support/fleet/client-kinds.ts'
import { type FleetReport, macOf, runFleet } from '../support/fleet/fleet.ts'
import {
  type Fixture,
  type FixtureOptions,
  everythingUnder,
  mirrorFixture,
} from '../support/mirror-fixture.ts'
import { type Fault, type VariantName, variants } from '../support/origin-faults.ts'
import { hostId } from '../support/origin-hosts.ts'
import { type Image, payloadsOf } from '../support/origin-payloads.ts'

const hosts = 50
/** The minutes after a download take as many tenths of a second. */
const tempo = 0.001
const kinds = clientKindNames
const baseOf = ({ port }: Fixture): string => `http://127.0.0.1:${port}`

const open = (options: FixtureOptions = {}): Promise<Fixture> =>
  mirrorFixture({ ...options, origin: { plain: false, ...options.origin } })

function sizeOf(image: Image): number {
  return payloadsOf(image).reduce((sum, { size }) => sum + size, 0)
}

/** Octets of payloads that left the origin. */
function originBytes({ origin }: Fixture): number {
  return [...origin.counts.values()].reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Paths that the origin was asked for another number of times than the hosts asked. */
function miscounted({ origin }: Fixture, { sent }: FleetReport): readonly string[] {
  const asked = [...origin.counts].flatMap(([path, { gets, heads, others }]) => {
    const isPost = others > 0
    const wanted = sent[`${isPost ? 'POST' : 'GET'} ${path}`] ?? 0
    const isOwn = path.startsWith('/vmw/rbd/')
    return isOwn && gets + heads + others !== wanted ? [`${path}: ${gets + others}, ${wanted}`] : []
  })
  const unasked = Object.keys(sent).filter((line) => !origin.counts.has(line.split(' ')[1] ?? ''))
  return [...asked, ...unasked]
}

/** What lies in the cache, by path. */
function storedPaths({ directory }: Fixture): readonly string[] {
  return cacheEntries(directory).map(({ entry }) => spaceOf(entry.key).target)
}

function octetsUnder(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = files.map(
    ({ parentPath, name }) =>
      statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0,
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

function expectNothingOfAHost(f: Fixture): void {
  const words = everythingUnder(f.scratch)
  const events = JSON.stringify([f.events, f.mirror.stats()])
  expect(f.origin.hosts.secrets.size).toBeGreaterThan(0)
  for (const text of [words, events]) {
    expect(text.includes('SECRET-'), 'a ticket of a host').toBe(false)
    expect(text.includes('NONCE-'), 'an answer for one host').toBe(false)
  }
  expect(storedPaths(f).filter((path) => !path.startsWith('/vmw/cache/'))).toEqual([])
}

describe(`${hosts} machines of every kind, at the same moment, on an empty cache`, () => {
  let f: Fixture
  let report: FleetReport
  beforeAll(async () => {
    f = await open()
    f.origin.hosts.upRefusals = 2
    report = await runFleet({ base: baseOf(f), hosts, kinds, tempo })
  }, 60_000)
  afterAll(() => f[Symbol.asyncDispose]())

  test('each payload leaves the origin once, and not an octet more', () => {
    const gets = f.origin.payloads.map(({ path }) => f.origin.count(path).gets)
    expect(gets).toEqual(gets.map(() => 1))
    expect(originBytes(f)).toBe(sizeOf('tiny'))
    expect(report.bytes).toBeGreaterThanOrEqual(hosts * sizeOf('tiny'))
  })

  test('every request of a host reaches the origin once, and no other does', () => {
    expect(miscounted(f, report)).toEqual([])
    expect(Object.keys(report.sent).length).toBe(2 + 3 * hosts)
  })

  test('a report that the origin puts off with 503 is put off by the mirror, and no more', () => {
    for (const { mac, upStatuses } of report.reports) {
      expect(upStatuses).toEqual([503, 503, 200])
      expect(f.origin.count(`/vmw/rbd/host/${hostId(mac)}/up`).others).toBe(3)
    }
  })

  test('every octet is right, and no host sees what is another’s or old', () => {
    expect(report.problems).toEqual([])
    expect(report.booted).toBe(hosts)
  })

  test('nothing of a host lies in the cache or is told in an event', async () => {
    await expect.poll(() => f.store.stats().objects).toBe(60)
    expectNothingOfAHost(f)
  })

  test('the next fleet takes no payload from the origin; sizes are told without it, too', async () => {
    f.origin.resetCounts()
    const again = await runFleet({ base: baseOf(f), hosts, first: hosts, kinds: ['esx-boot'] })
    expect(again.problems).toEqual([])
    const asked = f.origin.payloads.map(({ path }) => f.origin.count(path))
    expect(asked.filter(({ gets, heads }) => gets + heads > 0)).toEqual([])
    expect(miscounted(f, again)).toEqual([])
    expectNothingOfAHost(f)
  }, 60_000)

  test('the first octet of a hit does not wait for the origin', async () => {
    f.origin.inject({ path: '/vmw/cache/', delay: 5000 })
    const one = await runFleet({ base: baseOf(f), hosts: 1, first: 2 * hosts })
    expect(one.problems).toEqual([])
    expect(one.fileFirstByte.worst).toBeLessThan(5000)
  }, 60_000)
})

/** Which may be stored, and so leave the origin once. */
const shared: Readonly<Record<VariantName, boolean>> = {
  bare: true,
  etag: true,
  'no-cache': true,
  chunked: true,
  close: false,
  cookie: false,
  'text-type': true,
  'gzip-type': true,
  'gzip-encoding': false,
  'vary-star': false,
}

test.for(Object.keys(shared) as VariantName[])(
  'an origin that answers in the way `%s`: right for all, and nothing of a host is stored',
  { timeout: 60_000 },
  async (name) => {
    await using f = await open({ origin: { plain: true } })
    f.origin.variant = variants[name]
    // esx-boot refuses what has no length, and an origin that has none has none for the mirror.
    const able = name === 'close' ? kinds.filter((kind) => kind !== 'esx-boot') : kinds
    const report = await runFleet({ base: baseOf(f), hosts: 6, kinds: able, tempo })
    expect(report.problems).toEqual([])
    expect(miscounted(f, report)).toEqual([])
    const most = Math.max(...f.origin.payloads.map(({ path }) => f.origin.count(path).gets))
    if (shared[name]) expect(most).toBe(1)
    else expect(storedPaths(f)).toEqual([])
    expectNothingOfAHost(f)
  },
)

test('machines that no rule of vCenter’s matches are told so, each time anew', async () => {
  await using f = await open()
  const strangers = [macOf(0), macOf(1)]
  for (const mac of strangers) f.origin.hosts.unknown.add(mac)
  const before = await runFleet({ base: baseOf(f), hosts: 4, tempo })
  expect(before.problems).toEqual(strangers.map((mac) => `${mac}: did not boot: no image`))
  f.origin.hosts.unknown.clear()
  expect((await runFleet({ base: baseOf(f), hosts: 4, tempo })).problems).toEqual([])
}, 60_000)

test.for([401, 404, 409, 410])('a report that is answered %i is not sent again', async (status) => {
  await using f = await open()
  const [mac] = [macOf(0)]
  f.origin.hosts.upStatus.set(hostId(mac), status)
  const report = await runFleet({ base: baseOf(f), hosts: 1, tempo })
  expect(report.reports[0]?.upStatuses).toEqual([status])
  expect(f.origin.count(`/vmw/rbd/host/${hostId(mac)}/up`).others).toBe(1)
})

describe('proxies that are not there', () => {
  test('are passed over by a host that has not begun: the next one, or vCenter itself', async () => {
    await using f = await open()
    const gone = 'http://127.0.0.1:1'
    for (const proxies of [[gone, baseOf(f)], [gone]]) {
      f.origin.hosts.proxies = proxies
      const report = await runFleet({ base: f.origin.url, hosts: 10 })
      expect(report.problems).toEqual([])
      expect(report.reports.flatMap(({ failures }) => failures)).toEqual([])
    }
    expect(f.mirror.stats().fills).toBe(60)
  }, 60_000)

  test('a mirror whose origin is down refuses at once, and the next boot is as any other', async () => {
    await using f = await open()
    await f.origin.close()
    const down = await runFleet({ base: baseOf(f), hosts: 10 })
    expect(down.booted).toBe(0)
    for (const { failures } of down.reports) expect(failures).toEqual(['/vmw/rbd/tramp: 502'])
    await f.origin.start()
    expect((await runFleet({ base: baseOf(f), hosts: 10 })).problems).toEqual([])
  }, 60_000)
})

describe('another build of the image', () => {
  test('is what the next boot gets, without a purge; what nobody boots goes first', async () => {
    await using f = await open({ maxBytes: Math.floor(1.5 * sizeOf('tiny')) })
    const images: readonly Image[] = ['tiny', 'tiny@2']
    const largest = Math.max(...payloadsOf('tiny').map(({ size }) => size))
    for (const image of images) {
      f.origin.setImages([image])
      const report = await runFleet({ base: baseOf(f), hosts: 20, images: [image] })
      expect(report.problems).toEqual([])
      expect(f.store.stats().bytes).toBeLessThanOrEqual(f.store.stats().limit + largest)
    }
    await expect.poll(() => originBytes(f)).toBe(2 * sizeOf('tiny'))
    const kept = (image: Image) => {
      const stored = new Set(storedPaths(f))
      return payloadsOf(image).filter(({ path }) => stored.has(path)).length
    }
    await expect.poll(() => kept('tiny@2')).toBe(60)
    expect(kept('tiny')).toBeLessThan(60)
  }, 60_000)

  test('while hosts boot others: each gets its own', async () => {
    const images: readonly Image[] = ['tiny', 'tiny@2', 'tiny@3']
    await using f = await open({ origin: { images } })
    const report = await runFleet({ base: baseOf(f), hosts: 30, images, kinds })
    expect(report.problems).toEqual([])
    expect(originBytes(f)).toBe(3 * sizeOf('tiny'))
  }, 60_000)
})

test('a cache that holds half an image: never more than its size and one object, and all boot', async () => {
  const maxBytes = Math.floor(sizeOf('tiny') / 2)
  await using f = await open({ maxBytes })
  const largest = Math.max(...f.origin.payloads.map(({ size }) => size))
  const bodies = join(f.directory, 'content-v1')
  mkdirSync(bodies, { recursive: true }) // the watch may be there before the first body
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, octetsUnder(bodies))
  }, 20)
  const fleet = { base: baseOf(f), hosts: 20, kinds, power: { within: 1500 } }
  const report = await runFleet(fleet).finally(() => clearInterval(watch))
  expect(report.problems).toEqual([])
  expect(most).toBeGreaterThan(maxBytes / 2)
  expect(most).toBeLessThanOrEqual(maxBytes + largest)
}, 60_000)

describe('machines in each other’s way', () => {
  test('one that does not read, and one that leaves first, delay nobody', async () => {
    await using f = await open({ origin: { plain: true, images: ['esxi8'] } })
    const payload = f.origin.payloads.find(({ size }) => size > 30e6 && size < 50e6)!
    f.origin.inject({ path: payload.path, rate: 40_000_000 })
    const request = `GET ${payload.path} HTTP/1.1\r\nHost: a\r\n\r\n`
    const stuck = connect(f.port, '127.0.0.1').pause()
    stuck.write(request)
    const leader = connect(f.port, '127.0.0.1', () => leader.write(request))
    leader.once('data', () => leader.destroy())
    await new Promise((resolve) => leader.once('close', resolve))
    const answers = await Promise.all(Array.from({ length: 5 }, () => f.get(payload.path)))
    for (const { whole, body } of answers)
      expect([whole, body.length]).toEqual([true, payload.size])
    expect(f.origin.count(payload.path).gets).toBe(1)
    expect(stuck.bytesRead).toBeLessThan(payload.size)
    stuck.destroy()
  }, 60_000)

  test('slow machines do not hold up fast ones', async () => {
    await using f = await open()
    const goOn = Promise.withResolvers<undefined>()
    let stopped = 0
    const reached = () => {
      stopped += 1
      return goOn.promise
    }
    const stop = { after: 1_000_000, reached }
    const ten = { base: baseOf(f), hosts: 10 }
    const slow = runFleet({ ...ten, kinds: ['slow'], stop })
    const fast = await runFleet({ ...ten, first: 10 })
    expect([fast.booted, ...fast.problems]).toEqual([10])
    await expect.poll(() => stopped, { timeout: 30_000 }).toBe(10) // none of them has ended
    goOn.resolve(undefined)
    expect((await slow).problems).toEqual([])
  }, 60_000)
})

describe('an origin in trouble while a fleet boots', () => {
  const takesBodies = new Set<ClientKindName>(['ipxe', 'http10', 'leaver', 'slow'])
  const once = { path: '/vmw/cache/', times: 3 }
  const faults: readonly { readonly name: string; readonly fault: Fault }[] = [
    { name: 'cuts payloads', fault: { ...once, cutAfter: 10_000 } },
    { name: 'resets', fault: { ...once, reset: true } },
    { name: 'answers 500', fault: { ...once, status: 500 } },
    { name: 'answers 503', fault: { ...once, status: 503 } },
    { name: 'is slow to begin', fault: { ...once, delay: 1500 } },
    { name: 'says more than it sends', fault: { ...once, saysLength: 9_000_000 } },
    { name: 'stalls', fault: { ...once, stallAfter: 5000 } },
    { name: 'never answers', fault: { ...once, hang: true } },
  ]
  const sentence = 'that $name: hosts that fail boot again, and nothing wrong is whole'
  test.for(faults)(sentence, { timeout: 60_000 }, async ({ fault }) => {
    await using f = await open({ mirror: { limits: { idle: 1000, firstByte: 2000 } } })
    f.origin.inject(fault)
    // A wrong length is wrong for who asks for that alone; whoever takes the body finds out.
    const able = kinds.filter((kind) => fault.saysLength === undefined || takesBodies.has(kind))
    const report = await runFleet({ base: baseOf(f), hosts: 8, kinds: able, reboots: 9 })
    expect(report.problems).toEqual([])
    for (const { entry } of cacheEntries(f.directory)) {
      expect(await checkBody(f.directory, entry)).toBe('whole')
    }
    expect(readdirSync(join(f.directory, 'tmp'))).toEqual([])
    expectNothingOfAHost(f)
  })

  test('that says less than it sends: what was short is forgotten, and all boot then', async () => {
    await using f = await open()
    const { path } = f.origin.payloads.at(-1)!
    f.origin.inject({ path, times: 1, saysLength: 100 })
    expect((await f.get(path)).body).toHaveLength(100)
    const told = () => f.events.filter(({ type }) => type === 'mirror.broken').length
    await expect.poll(told).toBe(1)
    await expect.poll(() => storedPaths(f)).not.toContain(path)
    const report = await runFleet({ base: baseOf(f), hosts: 4, kinds })
    expect(report.problems).toEqual([])
    expect(f.origin.count(path).gets).toBe(2)
  }, 60_000)

  test('octets that differ at a second download: each host gets one version or the other', async () => {
    await using f = await open()
    const { path, size } = f.origin.payloads[1]!
    await f.get(path)
    await expect.poll(() => f.store.stats().objects).toBe(1)
    f.origin.inject({ path, differs: true })
    const report = await runFleet({ base: baseOf(f), hosts: 6, kinds })
    expect(report.problems, 'what is stored is what counts').toEqual([])
    expect(f.origin.count(path)).toMatchObject({ gets: 1, bytes: size })
  }, 60_000)

  test('a few requests at a time: the others queue, and all boot', async () => {
    await using f = await open({ origin: { atOnce: 8 } })
    const report = await runFleet({ base: baseOf(f), hosts: 30, kinds })
    expect(report.problems).toEqual([])
    expect(originBytes(f)).toBe(sizeOf('tiny'))
  }, 60_000)
})
