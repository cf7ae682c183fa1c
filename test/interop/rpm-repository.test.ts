/** An RPM repository behind a mirror, read by dnf, also while the origin replaces it. */
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Fixture } from '../support/mirror-fixture.ts'
import {
  type Installed,
  type MetadataNames,
  filesOf,
  installLamp,
  makeRepository,
  sendFrom,
} from '../support/rpm-repository.ts'
import { type WebOrigin, mirrorOf, webOrigin } from '../support/web-origin.ts'

const index = '/repodata/repomd.xml'
const both = (version: string) => ({ bulb: version, lamp: version })

let folder = ''
/** By the names of their metadata, the generations in order. */
let repositories: Readonly<Record<MetadataNames, readonly [string, string]>>
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-rpm-'))
  const generations = (names: MetadataNames) =>
    [1, 2].map((version) => makeRepository(join(folder, names), version, names)) as [string, string]
  repositories = { unique: generations('unique'), simple: generations('simple') }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let roots = 0
const newRoot = () => join(folder, `root-${roots++}`)

interface Rig extends AsyncDisposable {
  readonly origin: WebOrigin
  readonly mirror: Fixture
  publish(repository: string): void
  /** How often the origin was asked for each path. */
  asked(): Readonly<Record<string, number>>
  install(port?: number): Promise<Installed>
}

async function rigFor([first]: readonly [string, string]): Promise<Rig> {
  let published = first
  const origin = await webOrigin(({ url = '', headers }, response) =>
    sendFrom(published, url, response, headers['if-none-match']),
  )
  const mirror = await mirrorOf(origin, { mirror: { profile: 'rpm-repository' } })
  return {
    origin,
    mirror,
    publish: (repository) => void (published = repository),
    asked: () => {
      const counts: Record<string, number> = {}
      for (const line of origin.asked) {
        const path = line.slice('GET '.length)
        counts[path] = (counts[path] ?? 0) + 1
      }
      return counts
    },
    install: (port = mirror.port) => installLamp(newRoot(), `http://127.0.0.1:${port}`),
    async [Symbol.asyncDispose]() {
      await mirror[Symbol.asyncDispose]()
      await origin.close()
    },
  }
}

/** The way of one client to the mirror, on which a request may be made to wait. */
async function gate(port: number, before: (path: string) => Promise<void>) {
  const lead = async ({ method, url = '', headers }: IncomingMessage, answer: ServerResponse) => {
    await before(url)
    request({ port, host: '127.0.0.1', method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 0, response.headers)
      response.pipe(answer)
    }).end()
  }
  const server = createServer((asked, answer) => void lead(asked, answer)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('dnf installs through the mirror; what one machine fetched, the next gets from here', async () => {
  await using rig = await rigFor(repositories.unique)
  expect(await rig.install()).toMatchObject({ status: 0, versions: both('1') })
  const before = rig.origin.asked.length
  expect(await rig.install()).toMatchObject({ status: 0, versions: both('1') })
  expect(rig.origin.asked.slice(before)).toEqual([`GET ${index}`])
  for (const path of filesOf(repositories.unique[0]).filter((name) => name.endsWith('.rpm'))) {
    const { body } = await rig.mirror.get(path)
    expect(body.equals(readFileSync(join(repositories.unique[0], path)))).toBe(true)
  }
})

test('six machines at once cost the origin each file once', async () => {
  await using rig = await rigFor(repositories.unique)
  const installed = await Promise.all(Array.from({ length: 6 }, () => rig.install()))
  for (const one of installed) expect(one).toMatchObject({ status: 0, versions: both('1') })
  const { [index]: looks, [`${index}.key`]: _absent, ...others } = rig.asked()
  expect(looks).toBeLessThanOrEqual(6)
  const names = filesOf(repositories.unique[0]).filter((name) => name !== index)
  expect(others).toEqual(Object.fromEntries(names.map((name) => [name, 1])))
})

describe.each(['unique', 'simple'] as const)('with %s names of metadata', (names) => {
  test('an origin that is down keeps no machine from installing', async () => {
    await using rig = await rigFor(repositories[names])
    await rig.install()
    await rig.origin.close()
    expect(await rig.install()).toMatchObject({ status: 0, versions: both('1') })
  })

  test.each([
    ['the list of packages', /primary\.xml/],
    ['the packages', /\.rpm$/],
  ])('replaced before a machine asks for %s: it gets all of the old one', async (_, moment) => {
    const [old, young] = repositories[names]
    await using rig = await rigFor([old, young])
    await rig.install()
    const other = { localAddress: '127.0.0.2' }
    let isReplaced = false
    await using way = await gate(rig.mirror.port, async (path) => {
      if (isReplaced || !moment.test(path)) return
      isReplaced = true
      rig.publish(young)
      const newest = readFileSync(join(young, index), 'utf8')
      const seen = async () => (await rig.mirror.get(index, other)).body.toString()
      await expect.poll(seen).toBe(newest)
    })
    expect(await rig.install(way.port)).toMatchObject({ status: 0, versions: both('1') })
    expect(isReplaced).toBe(true)
    expect(await rig.install()).toMatchObject({ status: 0, versions: both('2') })
  })

  test('replaced under the first machine of all: it gets all of the new one', async () => {
    const [old, young] = repositories[names]
    await using rig = await rigFor([old, young])
    const { handler } = rig.origin
    rig.origin.handler = (asked, response, count) => {
      handler(asked, response, count)
      if (asked.url === index) rig.publish(young)
    }
    expect(await rig.install()).toMatchObject({ status: 0, versions: both('2') })
  })
})
