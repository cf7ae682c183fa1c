/**
 * A third party's installer: Debian 12's own, as its network boot is published, with a preseed that
 * Bootlace renders and packages that come through a mirror. It ends when the first of those have
 * come; to the end of the installation goes test/long/debian-install.test.ts.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ServiceEvent } from '../../src/core/events.ts'
import { openLab } from '../../src/lab/lab.ts'
import { debianInstaller } from '../../src/setup/debian-installer.ts'
import { writePartsArchive } from '../support/debian-archive.ts'
import { allTold, debianConfig, debianMacs, labPreseed, never } from '../support/debian-lab.ts'
import { DebianOrigin } from '../support/debian-origin.ts'
import { story } from './lab-boot.ts'

test('Debian’s installer takes its preseed and its first packages through Bootlace', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bootlace-debian-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const { netboot, parts } = debianInstaller()
  const packages = await writePartsArchive({ folder, suite: 'bookworm', parts })
  const preseed = join(folder, 'debian.preseed')
  await writeFile(preseed, labPreseed('d-i debian-installer/allow_unauthenticated boolean true'))
  let origin: DebianOrigin | undefined
  await using lab = await openLab({
    mode: 'full',
    machines: [{ firmware: 'ipxe', mac: debianMacs[0], memory: 1024 }],
    before: async (network) =>
      (origin = await DebianOrigin.start(network, { folder, socket: join(folder, 'door') })),
    config: debianConfig({ netboot, preseed }),
  })
  const events: ServiceEvent[] = []
  lab.server.listen((event) => events.push(event))
  const arrived = allTold((listener) => lab.server.listen(listener), 'mirror.stored', packages)
  const [machine] = lab.machines
  const boot = machine!.boot({ timeout: 600_000, until: never })
  const ended = await Promise.race([boot, arrived])
  if (ended !== undefined) throw new Error(story(ended))
  await machine!.powerOff()
  await boot

  const types = events.map(({ type }) => type)
  expect(types).toContain('install.started')
  expect(types.indexOf('install.running')).toBeGreaterThan(types.indexOf('install.started'))
  expect(types.indexOf('mirror.stored')).toBeGreaterThan(types.indexOf('install.running'))
  expect(types).not.toContain('install.done')
  const { asked = [] } = origin ?? {}
  expect(asked).toEqual(expect.arrayContaining(packages.map((path) => `GET ${path}`)))
  expect(asked.filter((one, index) => asked.indexOf(one) !== index && /pool/.test(one))).toEqual([])
}, 660_000)
