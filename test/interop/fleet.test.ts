/**
 * Fleets through the real service, in a network of their own: its log, its folders, its kills and its
 * restarts. What its mirror does with each request: test/simulation/fleet.test.ts.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FleetSummary } from '../../bench/fleet-program.ts'
import { cacheEntries, checkBody } from '../../src/io/cache/cache-folder.ts'
import { clientKindNames } from '../support/fleet/client-kinds.ts'
import { type Running, TestNetwork } from '../support/netns.ts'
import { node } from '../support/dhcp-network.ts'

const hosts = 50
const mirrorUrl = 'http://127.0.0.1:5100'
const originUrl = 'https://127.0.0.1:6501'
const adminUrl = 'http://127.0.0.1:6599'

let network: TestNetwork
let space: string
let folder: string
beforeEach(() => {
  network = new TestNetwork()
  space = network.namespace('fleet')
  folder = network.folder
})
afterEach(() => network[Symbol.asyncDispose]())

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))

async function startOrigin(...more: readonly string[]): Promise<Running> {
  const where = ['--port', '6501', '--admin-port', '6599', '--ca-file', join(folder, 'ca.pem')]
  const argv = [node, path('test/support/origin-program.ts'), ...where, ...more]
  const origin = network.start(space, argv)
  await origin.line(/"admin"/)
  return origin
}

async function startService(): Promise<Running> {
  const file = join(folder, 'bootlace.yaml')
  const configuration = {
    interfaces: ['lo'],
    data: join(folder, 'data'),
    cache: { directory: join(folder, 'cache') },
    dhcp: { mode: 'off' },
    tftp: { enabled: false },
    mirrors: { autodeploy: { origin: originUrl, trust: { ca: join(folder, 'ca.pem') } } },
  }
  writeFileSync(file, JSON.stringify(configuration))
  await mkdir(join(folder, 'tmp'), { recursive: true })
  const command = ['env', `TMPDIR=${join(folder, 'tmp')}`, node, path('src/main.ts')]
  const service = network.start(space, [...command, 'serve', '--config', file])
  await service.line(/service\.ready/, 30_000)
  return service
}

async function fleet(...words: readonly string[]): Promise<FleetSummary> {
  const argv = [node, path('bench/fleet-program.ts'), '--hosts', `${hosts}`, '--admin', adminUrl]
  const { output, status } = await network.run(space, [...argv, ...words], { seconds: 90 })
  if (status !== 0) throw new Error(`the fleet: ${output}`)
  return JSON.parse(output) as FleetSummary
}

async function ask(name: string): Promise<string> {
  return (await network.run(space, ['curl', '-sSf', `${adminUrl}/${name}`])).output
}

/** Every file that has something of a host in it, wherever the service could have written it. */
function filesWithSecrets(): readonly string[] {
  const found = ['cache', 'data', 'tmp'].flatMap((name) => {
    try {
      return readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
    } catch {
      return [] // not there yet, or just gone
    }
  })
  const paths = found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  return paths.filter((one) => {
    try {
      return readFileSync(one).includes('SECRET-')
    } catch {
      return false
    }
  })
}

const everyKind = clientKindNames.flatMap((kind) => ['--kind', kind])

const coldAndWarm = async () => ({
  cold: await fleet('--base', mirrorUrl, '--tempo', '0.001', ...everyKind),
  warm: await fleet('--base', mirrorUrl, '--first', '100', ...everyKind),
})

test('50 machines of every kind: one fetch each, and nothing of a host anywhere, ever', async () => {
  await startOrigin('--up-refusals', '1')
  const service = await startService()
  const seen = new Set<string>()
  const watch = setInterval(() => filesWithSecrets().forEach((file) => seen.add(file)), 250)
  const { cold, warm } = await coldAndWarm().finally(() => clearInterval(watch))
  expect([cold.problems, warm.problems]).toEqual([[], []])
  expect(cold.origin).toMatchObject({ fetches: 60, mostFetches: 1, bytes: cold.imageBytes })
  expect(warm.origin).toMatchObject({ fetches: 0, bytes: 0 })
  await service.stop()
  const secrets = (await ask('secrets')).split('\n').filter(Boolean)
  expect(secrets.length).toBeGreaterThanOrEqual(2 * hosts)
  expect([...seen, ...filesWithSecrets()]).toEqual([])
  expect(cacheEntries(join(folder, 'cache'))).toHaveLength(60)
  expect(service.lines.filter((line) => line.includes('SECRET-'))).toEqual([])
  expect(service.lines.filter((line) => line.includes('mirror.pass')).length).toBeGreaterThan(hosts)
}, 180_000)

test('a kill in the middle: those who had begun boot again by another way, the rest at once', async () => {
  await startOrigin('--proxy', mirrorUrl, '--rate', '4000000')
  const service = await startService()
  const booting = fleet('--base', originUrl, '--within', '3000', '--reboots', '5')
  await service.line(/mirror\.(fill|join)/, 30_000)
  await service.stop('SIGKILL')
  const killed = await booting
  expect(killed.problems).toEqual([])

  const again = await startService()
  const rest = await fleet('--base', mirrorUrl, '--first', '100', '--hosts', '20')
  expect(rest.problems).toEqual([])

  // Hosts have an octet before it is stored. A kill takes nothing of what is.
  const cache = join(folder, 'cache')
  await expect.poll(() => cacheEntries(cache).length, { timeout: 30_000 }).toBe(60)
  await again.stop('SIGKILL')
  const third = await startService()
  const warm = await fleet('--base', mirrorUrl, '--first', '200', '--hosts', '12', ...everyKind)
  expect(warm.problems).toEqual([])
  expect(warm.origin).toMatchObject({ fetches: 0 })
  await third.stop()
  expect(readdirSync(join(cache, 'tmp'))).toEqual([])
  const bodies = cacheEntries(cache).map(({ entry }) => checkBody(cache, entry))
  expect(new Set(await Promise.all(bodies))).toEqual(new Set(['whole']))
  expect(filesWithSecrets()).toEqual([])
}, 240_000)

test('the origin’s zip for the TFTP folder is where a real one has it', async () => {
  const origin = await startOrigin('--management-port', '6502')
  const zip = join(folder, 'deploy-tftp.zip')
  const url = 'https://127.0.0.1:6502/vmw/rbd/deploy-tftp.zip'
  await network.run(space, ['curl', '-ksSf', '-o', zip, url])
  expect((await readFile(zip)).subarray(0, 2).toString()).toBe('PK')
  await origin.stop()
}, 60_000)
