/**
 * One boot, from power-on to TinyVM's word that it is up, served by Bootlace and by dnsmasq with
 * nginx in turn: the same virtual machine, firmware, card, kernel, initrd and menu.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError } from '../src/core/errors.ts'
import { chooseAcceleration } from '../src/lab/acceleration.ts'
import { Dnsmasq } from '../src/lab/dnsmasq.ts'
import { openNetwork } from '../src/lab/network.ts'
import type { Acceleration } from '../src/lab/qemu.ts'
import { ServerProcess } from '../src/lab/server-process.ts'
import { VirtualMachine } from '../src/lab/virtual-machine.ts'
import { labFiles } from '../src/setup/lab-files.ts'
import { ensureSet } from '../src/setup/sets.ts'
import { account } from './accounting.ts'
import { startUsualServers } from './boot-peer.ts'
import type { BenchOptions, Part } from './part.ts'
import { takeTurns } from './rounds.ts'
import { figure, median, comparison } from './table.ts'

const mac = '52:54:00:b0:07:01'
/** A boot that takes longer has failed, milliseconds. */
const patience = 120_000

/** A way to boot. */
export interface Way {
  readonly name: string
  readonly firmware: 'bios' | 'uefi'
  /** What the usual servers start: PXELINUX by TFTP, or an iPXE that fetches by HTTP. */
  readonly chain: 'pxelinux' | 'ipxe'
  /** What Bootlace is told about the host. */
  readonly loader: 'lpxelinux' | 'auto'
  /** A menu with a timeout of 1 s, or none. */
  readonly menu: boolean
}

const ways: readonly Way[] = [true, false].flatMap((menu): readonly Way[] => {
  const suffix = menu ? 'menu 1 s' : 'no menu'
  return [
    {
      name: `BIOS, PXELINUX, ${suffix}`,
      firmware: 'bios',
      chain: 'pxelinux',
      loader: 'lpxelinux',
      menu,
    },
    { name: `BIOS, iPXE, ${suffix}`, firmware: 'bios', chain: 'ipxe', loader: 'auto', menu },
    { name: `UEFI, snponly, ${suffix}`, firmware: 'uefi', chain: 'ipxe', loader: 'auto', menu },
  ]
})

type ServerName = 'Bootlace' | 'dnsmasq, nginx'
const serverNames: readonly ServerName[] = ['Bootlace', 'dnsmasq, nginx']

export const bootPart: Part = {
  title: 'Boot, from power-on to TinyVM up',
  run: async (options) => {
    await ensureSet('test')
    const acceleration = await chooseAcceleration(labFiles())
    const rows: (readonly string[])[] = []
    for (const way of ways) rows.push(...(await measure(way, acceleration, options)))
    const head = ['boot', 'served by', 's', 'slowest', 'Bootlace', 'CPU s', 'Bootlace', 'foreign']
    return { how: `${how} QEMU ran with ${acceleration}.`, table: { head, rows } }
  },
}

const how =
  'Median seconds from power-on to the line TINYVM-UP on the serial console, and the slowest round. ' +
  '"Bootlace" is Bootlace divided by that row: below 1 is faster. "CPU s": processor seconds of ' +
  'QEMU. "foreign": cores busy with other work, the highest of all rounds. An IPv6 router announces ' +
  'itself on the network, so iPXE does not wait for one. The usual servers are dnsmasq and nginx ' +
  'with dhcp-authoritative and no-ping; PXELINUX is pxelinux.0 and all of it by TFTP there.'

interface Boot {
  readonly seconds: number
  readonly cpu: number
  readonly foreign: number
}

async function measure(way: Way, acceleration: Acceleration, options: BenchOptions) {
  const boots = await takeTurns(serverNames, options.rounds, async (name) => {
    const boot = await once(way, name, { acceleration, folder: options.folder })
    options.say(`boot ${way.name}, ${name}: ${boot.seconds.toFixed(1)} s`)
    return boot
  })
  const figures = serverNames.map((name, index) => ({ name, ...summary(boots[index] ?? []) }))
  return comparison(way.name, figures, [
    { show: (row) => row.name },
    { show: (row) => figure(row.seconds) },
    { show: (row) => figure(row.slowest) },
    { compare: (row) => row.seconds },
    { show: (row) => figure(row.cpu) },
    { compare: (row) => row.cpu },
    { show: (row) => figure(row.foreign) },
  ])
}

function summary(boots: readonly Boot[]) {
  return {
    seconds: median(boots.map(({ seconds }) => seconds)),
    slowest: Math.max(...boots.map(({ seconds }) => seconds)),
    cpu: median(boots.map(({ cpu }) => cpu)),
    foreign: Math.max(...boots.map(({ foreign }) => foreign)),
  }
}

interface Conditions {
  readonly acceleration: Acceleration
  readonly folder: string
}

/** A new network, a new server without leases, a new machine. */
async function once(
  way: Way,
  name: ServerName,
  { acceleration, folder }: Conditions,
): Promise<Boot> {
  await using started = new AsyncDisposableStack()
  const directory = join(folder, 'boot')
  await mkdir(directory)
  started.defer(() => rm(directory, { recursive: true }))
  const network = started.use(await openNetwork())
  const router = await network.attach('router', 'fd77:1::1/64')
  started.use(await Dnsmasq.advertiseRouter(router))
  const namespace = await network.attach('srv', '192.168.50.1/24')
  started.use(await servers[name](way, { namespace, folder: directory, mac }))
  const { firmware } = way
  const plan = { name: 'bench', mac, firmware, card: 'virtio-net-pci', memory: 256 } as const
  const place = { network, files: labFiles(), directory }
  const machine = started.use(
    await VirtualMachine.build({ ...plan, acceleration, alone: true }, place),
  )
  const [boot, { foreign }] = await account([], () => untilUp(machine))
  return { ...boot, foreign }
}

async function untilUp(machine: VirtualMachine): Promise<Omit<Boot, 'foreign'>> {
  const poweredOn = await machine.powerOn()
  const over = AbortSignal.timeout(patience)
  try {
    await machine.console.waitFor(/TINYVM-UP .*report=sent/, over)
  } catch {
    const lines = machine.console.lines.map(({ text }) => text.trim()).filter(Boolean)
    throw new SystemError(`the machine does not boot; its console:\n${lines.slice(-12).join('\n')}`)
  }
  return { seconds: (Date.now() - poweredOn) / 1000, cpu: await machine.processorSeconds() }
}

interface Place {
  readonly namespace: string
  readonly folder: string
  readonly mac: string
}

const servers: Readonly<Record<ServerName, (way: Way, place: Place) => Promise<AsyncDisposable>>> =
  {
    Bootlace: ({ menu, loader }, { namespace, folder }) =>
      ServerProcess.start(namespace, join(folder, 'bootlace.yaml'), {
        interfaces: ['eth0'],
        data: join(folder, 'data'),
        cache: { directory: join(folder, 'cache') },
        dhcp: {
          mode: 'full',
          subnets: [{ network: '192.168.50.0/24', pool: '192.168.50.100-192.168.50.199' }],
        },
        menu: { title: 'Boot menu', timeout: '1s', default: 'tinyvm' },
        hosts: [
          { name: 'bench', mac, address: '192.168.50.100', loader, boot: menu ? 'menu' : 'tinyvm' },
        ],
      }),
    'dnsmasq, nginx': startUsualServers,
  }
