/**
 * Debian's own installer to its end, and what comes after: the machine starts from its disk and is
 * not installed again; another one is installed from the warm cache. Packages come from the archive
 * of this computer's apt, through a mirror. Half an hour and more for each machine; not in CI.
 *
 *   npm run setup -- --test && npm run long
 *
 * BOOTLACE_DEBIAN: a folder with `netboot/` (netboot.tar.gz, unpacked) and, where the archive lacks
 * them, the parts of that installer in `parts/` (all its .udeb files). By default Debian 12's.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ServiceEvent } from '../../src/core/events.ts'
import { type Lab, openLab } from '../../src/lab/lab.ts'
import { archiveOfMachine } from '../../src/setup/apt.ts'
import { debianInstaller } from '../../src/setup/debian-installer.ts'
import { writePartsArchive } from '../support/debian-archive.ts'
import { debianConfig, debianMacs, labPreseed, never } from '../support/debian-lab.ts'
import { DebianOrigin } from '../support/debian-origin.ts'
import { story } from '../e2e/lab-boot.ts'

const hours = 3_600_000

let folder: string
let lab: Lab
let origin: DebianOrigin
const events: ServiceEvent[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootlace-debian-'))
  const own = process.env['BOOTLACE_DEBIAN']
  const netboot = own === undefined ? debianInstaller().netboot : join(own, 'netboot')
  const preseed = join(folder, 'debian.preseed')
  const extra = own === undefined ? [] : await ownParts(join(own, 'parts'))
  await writeFile(preseed, labPreseed(...extra))
  const upstream = await archiveOfMachine()
  lab = await openLab({
    mode: 'full',
    machines: await Promise.all(debianMacs.map(newMachine)),
    before: async (network) =>
      (origin = await DebianOrigin.start(network, {
        folder,
        upstream,
        socket: join(folder, 'door'),
      })),
    config: debianConfig({ netboot, preseed }),
  })
  lab.server.listen((event) => events.push(event))
})

afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** Parts of one's own are a suite beside the archive's, and not signed. */
async function ownParts(parts: string): Promise<readonly string[]> {
  if (!existsSync(parts)) return []
  await writePartsArchive({ folder, suite: 'parts', parts })
  return [
    'd-i mirror/udeb/suite string parts',
    'd-i debian-installer/allow_unauthenticated boolean true',
  ]
}

async function newMachine(mac: string) {
  const disk = join(folder, `${mac.replaceAll(':', '')}.img`)
  await writeFile(disk, '')
  await truncate(disk, 4 * 2 ** 30)
  return { firmware: 'ipxe', mac, disk, keepsDisk: true, memory: 1536 } as const
}

async function installs(index: number): Promise<void> {
  const machine = lab.machines[index]!
  const [before, sent, started] = [events.length, origin.bytes, Date.now()]
  const result = await machine.boot({ timeout: 3 * hours, until: never })
  const told = events.slice(before)
  console.log(summaryOf(told, { bytes: origin.bytes - sent, ms: Date.now() - started }))
  const types = told.map(({ type }) => type)
  if (!types.includes('install.done')) throw new Error(story(result))
  expect(types.filter((type) => type === 'install.started')).toHaveLength(1)
}

function summaryOf(told: readonly ServiceEvent[], { bytes, ms }: { bytes: number; ms: number }) {
  const of = (type: ServiceEvent['type']) => told.filter((event) => event.type === type)
  const octets = (type: ServiceEvent['type']) =>
    of(type).reduce((sum, event) => sum + (event.bytes ?? 0), 0)
  return [
    `installed in ${(ms / 60_000).toFixed(1)} min`,
    `${of('mirror.stored').length} files stored, ${of('mirror.hit').length} from the cache`,
    `${(octets('mirror.hit') / 1e6).toFixed(1)} MB of the cache, ${(bytes / 1e6).toFixed(1)} MB of the archive`,
  ].join('; ')
}

async function startsFromDisk(index: number): Promise<void> {
  const before = events.length
  const result = await lab.machines[index]!.boot({ timeout: hours / 4, until: /login:/ })
  expect(result.reason).toBeUndefined()
  expect(result.serial).toMatch(/debian-(one|two) login:/)
  const types = events.slice(before).map(({ type }) => type)
  expect(types).not.toContain('install.started')
  await lab.machines[index]!.powerOff()
}

test('a machine installs itself', () => installs(0), 3 * hours)
test('it starts from its disk', () => startsFromDisk(0), hours)
test('and at each further start', () => startsFromDisk(0), hours)
test('another installs itself from the warm cache', () => installs(1), 3 * hours)
test('and starts from its disk', () => startsFromDisk(1), hours)
