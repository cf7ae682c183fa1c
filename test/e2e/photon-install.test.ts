/**
 * A Photon-shaped ISO in `images/`, a host and its kickstart in the configuration, the network first
 * in the boot order, always: the machine installs itself once, then starts from its disk, until it
 * is told to install once more.
 */
import { truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ServiceEvent } from '../../src/core/events.ts'
import type { LabFirmware } from '../../src/lab/boards.ts'
import { labAddresses } from '../../src/lab/lab-config.ts'
import { type Lab, openLab } from '../../src/lab/lab.ts'
import { startIn } from '../../src/lab/processes.ts'
import { writePhotonIso } from '../support/photon/photon-iso.ts'
import { story, timeout } from './lab-boot.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))

let folder: string
let iso: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootlace-photon-'))
  iso = await writePhotonIso(folder, { release: '5.0', installer: '2.7' })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const mac = '52:54:00:b0:07:51'

/** Where the packages come from: the ISO, or a mirror, here of the ISO's. */
const packages = {
  ISO: { images: {}, mirrors: {} },
  mirror: {
    images: { repository: '${server}:5300/boot/photon-5.0/RPMS' },
    mirrors: {
      photon: { origin: `http://${labAddresses.server}`, port: 5300, profile: 'rpm-repository' },
    },
  },
} as const

/** What a user writes: the lines of docs/systems/photon.md, for this machine's disk. */
function configOf(from: keyof typeof packages): Readonly<Record<string, unknown>> {
  const { images, mirrors } = packages[from]
  const kickstart = join(home, 'kickstarts/photon-minimal.yaml')
  const args = 'no_timer_check' // the emulated timer stalls where the lab's machine is busy
  const vars = { disk: '/dev/vda', ssh_key: 'ssh-ed25519 AAAA you@desk' }
  return {
    images: { 'photon-5.0': { source: iso, kickstart, args, ...images } },
    mirrors,
    hosts: [{ name: 'web-01', mac, boot: 'photon-5.0', vars }],
  }
}

function openPhotonLab(firmware: LabFirmware, from: keyof typeof packages): Promise<Lab> {
  const disk = join(folder, `${firmware}.img`)
  writeFileSync(disk, '')
  truncateSync(disk, 512 << 20)
  const machine = { firmware, mac, disk, keepsDisk: true, memory: 512 }
  return openLab({ mode: 'full', machines: [machine], config: configOf(from) })
}

/** One power cycle, up to what the console shows; then the power goes. */
async function cycle(lab: Lab, until: RegExp): Promise<string> {
  const [machine] = lab.machines
  if (machine === undefined) throw new Error('no machine')
  const result = await machine.boot({ timeout: 2 * timeout, until })
  if (!result.ok) throw new Error(story(result))
  if (until === restarts) await machine.running?.off()
  await machine.powerOff()
  return result.serial
}

const restarts = /PHOTON-INSTALLER-RESTARTS/
const loader = /PHOTON-DISK-LOADER/
const system = /PHOTON-DISK-UP host=(\S+) install=(\S+) .*PHOTON-DISK-END/s

/** Which install is on the disk: each has a number of its own. */
async function installOn(lab: Lab): Promise<string> {
  const [, host, install = ''] = system.exec(await cycle(lab, system)) ?? []
  expect(host).toBe('web-01')
  return install
}

/** How often a file of the image was delivered. */
function fetched(events: readonly ServiceEvent[], file: RegExp): number {
  const isIt = ({ type, file: name = '' }: ServiceEvent): boolean =>
    type === 'http.done' && /^\/?boot\//.test(name) && file.test(name)
  return events.filter(isIt).length
}

/** The command, as a user of that machine types it. */
async function bootlace(lab: Lab, ...args: readonly string[]): Promise<string> {
  const command = [`${home}node_modules/.bin/node`, `${home}src/main.ts`, ...args]
  const config = ['--config', join(lab.directory, 'bootlace.yaml')]
  const child = startIn(lab.namespace, [...command, ...config])
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`bootlace ${args.join(' ')}: ${said}`)
  return said
}

test.for([
  ['ipxe', 'ISO'],
  ['uefi', 'mirror'],
] as const)(
  '%s, packages from the %s: ten power cycles, one install',
  { timeout: 20 * 60_000 },
  async ([firmware, from]) => {
    await using lab = await openPhotonLab(firmware, from)
    const events: ServiceEvent[] = []
    lab.server.listen((event) => events.push(event))
    const installs = (): number => events.filter(({ type }) => type === 'install.done').length

    await cycle(lab, restarts)
    expect(installs()).toBe(1)
    const first = await installOn(lab)
    for (let count = 3; count <= 9; count++) await cycle(lab, loader)
    expect(await installOn(lab)).toBe(first)
    expect(installs()).toBe(1)
    expect(await bootlace(lab, 'host', 'list')).toMatch(/web-01/)

    await bootlace(lab, 'host', 'arm', 'web-01')
    await cycle(lab, restarts)
    const second = await installOn(lab)
    expect(second).not.toBe(first)
    expect(await installOn(lab)).toBe(second)
    expect(installs()).toBe(2)
    // The mirror fetched it once, for both.
    expect(fetched(events, /linux-6.*\.rpm$/)).toBe(from === 'ISO' ? 2 : 1)
    expect(lab.server.complaints).toEqual([])
  },
)
