/**
 * The lab: a private network, the service in it as a user would start it, and virtual machines
 * that boot through it. The steps of a boot are the service's own events, as they happen.
 *
 * Whatever is started is stopped again in reverse order, also when the run fails or is interrupted.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Loader } from '../boot/host.ts'
import { SystemError } from '../core/errors.ts'
import { type CardModel, type LabFiles, labFiles } from '../setup/lab-files.ts'
import { chooseAcceleration } from './acceleration.ts'
import { type BoardChoice, type LabFirmware, boardOf } from './boards.ts'
import type { BootOptions, LabResult } from './boot-run.ts'
import { startCapture } from './capture.ts'
import { Dnsmasq } from './dnsmasq.ts'
import { LabMachine } from './lab-machine.ts'
import { type LabNetwork, openNetwork } from './network.ts'
import type { Acceleration } from './qemu.ts'
import { type LabServer, ServerProcess } from './server-process.ts'
import type { MachinePlan, VirtualMachine } from './virtual-machine.ts'

/** Where everything is in the lab's network. */
const labAddresses = {
  server: '192.168.50.1',
  addressServer: '192.168.50.2/24',
  router: 'fd77:1::1/64',
  network: '192.168.50.0/24',
  pool: '192.168.50.100-192.168.50.199',
} as const

export interface MachineOptions extends BoardChoice {
  /** What the configuration says the machine takes; by default what its firmware stands for. */
  readonly loader?: Loader | undefined
  readonly card?: CardModel | undefined
  /** MiB; by default what its board gets. */
  readonly memory?: number | undefined
  /** What the configuration says it boots: an entry's name, `disk`, `autodeploy` or `menu`. */
  readonly boot?: string | undefined
  /** A raw disk image. */
  readonly disk?: string | undefined
}

export interface LabSetup {
  /** `full`: Bootlace gives addresses; `proxy`: a dnsmasq does, beside it. */
  readonly mode: 'full' | 'proxy'
  readonly machines: readonly MachineOptions[]
  /** Firmware; by default what set-up fetched. */
  readonly files?: LabFiles | undefined
  /** Sections of the configuration that replace the lab's own; `hosts` are added. */
  readonly config?: Readonly<Record<string, unknown>> | undefined
  /** Starts what else the network has before the service; it is stopped after the service. */
  readonly before?: ((network: LabNetwork) => Promise<AsyncDisposable>) | undefined
  /** Starts the service in its namespace, with a file for this configuration; else a child process. */
  readonly serve?: ((...where: ServiceStart) => Promise<LabServer>) | undefined
  /** Everything that was said goes into this file. */
  readonly pcap?: string | undefined
}

type ServiceStart = Parameters<typeof ServerProcess.start>

export interface Lab extends AsyncDisposable {
  readonly network: LabNetwork
  readonly server: LabServer
  readonly acceleration: Acceleration
  /** In the order of the setup. */
  readonly machines: readonly LabMachine[]
  /** Holds `data/` and `cache/` of the service, and goes with the lab. */
  readonly directory: string
}

/** Builds the network and starts the service; the machines are still switched off. */
export async function openLab(setup: LabSetup): Promise<Lab> {
  await using started = new AsyncDisposableStack()
  const files = setup.files ?? labFiles()
  const acceleration = await chooseAcceleration(files)
  const directory = await mkdtemp(join(tmpdir(), 'bootlace-lab-'))
  started.defer(() => rm(directory, { recursive: true, force: true }))
  const network = started.use(await openNetwork())
  if (setup.pcap !== undefined) started.use(await startCapture(network, setup.pcap))
  const others = await network.attach('router', labAddresses.router)
  started.use(await Dnsmasq.advertiseRouter(others))
  if (setup.mode === 'proxy') {
    const dhcp = await network.attach('dhcp', labAddresses.addressServer)
    started.use(await Dnsmasq.giveAddresses(dhcp))
  }
  if (setup.before !== undefined) started.use(await setup.before(network))
  const namespace = await network.attach('srv', `${labAddresses.server}/24`)
  const config = labConfig(setup, directory)
  const serve = setup.serve ?? ((...where: ServiceStart) => ServerProcess.start(...where))
  const server = started.use(await serve(namespace, join(directory, 'bootlace.yaml'), config))
  const place = { network, files, directory }
  const alone = setup.machines.length === 1
  const machines = setup.machines.map((options, index) => {
    const plan = { ...planOf(options, index), acceleration, alone }
    return started.use(new LabMachine(plan, place, server))
  })
  const all = started.move()
  const close = { [Symbol.asyncDispose]: () => all.disposeAsync() }
  return { network, server, acceleration, machines, directory, ...close }
}

export interface LabOptions extends MachineOptions, Omit<LabSetup, 'machines'>, BootOptions {
  /** What to do with the machine once it is up, before it is switched off. */
  readonly afterwards?: ((machine: VirtualMachine) => Promise<void>) | undefined
}

/** One machine, one boot: from an empty network to a verdict, and everything away again. */
export async function runLab(options: LabOptions): Promise<LabResult> {
  await using lab = await openLab({ ...options, machines: [options] })
  const [machine] = lab.machines
  if (machine === undefined) throw new SystemError('the lab has no machine')
  const result = await machine.boot({ menuTitle, ...options })
  if (result.ok && machine.running !== undefined) await options.afterwards?.(machine.running)
  return withComplaints(result, lab.server)
}

/** Title of the lab's menu: the console shows it when the menu is there. */
const menuTitle = /Bootlace lab/

/** A boot that worked although the service complained of itself has failed all the same. */
function withComplaints(result: LabResult, server: LabServer): LabResult {
  const [complaint] = server.complaints
  if (!result.ok || complaint === undefined) return result
  return { ...result, ok: false, reason: `the service complains: ${complaint}` }
}

/** The machine as it is bought. */
function planOf(
  options: MachineOptions,
  index: number,
): Omit<MachinePlan, 'acceleration' | 'alone'> {
  const { firmware, arch, secureBoot, card = 'virtio-net-pci', disk } = options
  const { memory = boardOf(options).memory } = options
  const name = nameOf(index)
  return { name, mac: macOf(index), firmware, arch, secureBoot, card, memory, disk }
}

function nameOf(index: number): string {
  return `machine-${index + 1}`
}

/** QEMU's own prefix, then the lab's. */
function macOf(index: number): string {
  return `52:54:00:b0:07:${(index + 1).toString(16).padStart(2, '0')}`
}

/** The configuration that the lab's service runs with, as one would write it. */
function labConfig(setup: LabSetup, directory: string): object {
  const { hosts: others = [], ...sections } = setup.config ?? {}
  const own = setup.machines.flatMap((options, index) => hostOf(options, index))
  return {
    interfaces: ['eth0'],
    data: join(directory, 'data'),
    cache: { directory: join(directory, 'cache') },
    dhcp: dhcpSections[setup.mode],
    menu: { title: 'Bootlace lab', timeout: '3s', default: 'tinyvm' },
    ...sections,
    hosts: [...own, ...(Array.isArray(others) ? others : [])],
  }
}

const dhcpSections = {
  full: { subnets: [{ network: labAddresses.network, pool: labAddresses.pool }] },
  proxy: { mode: 'proxy' },
} as const

/** QEMU's BIOS ROM is itself an iPXE: `bios` is told to be served as any other ROM would be. */
const usualLoaders: Readonly<Record<LabFirmware, Loader>> = {
  bios: 'lpxelinux',
  ipxe: 'auto',
  uefi: 'auto',
  'uefi-http': 'auto',
}

/** Over HTTP these two cards, as QEMU has them, stop hearing in the middle of a kernel. */
const cardsWithoutHttp = new Set<string>(['vmxnet3', 'rtl8139'])

function usualLoader({ firmware, card }: MachineOptions): Loader {
  const usual = usualLoaders[firmware]
  return usual === 'lpxelinux' && cardsWithoutHttp.has(card ?? '') ? 'pxelinux' : usual
}

/** A machine of which nothing special is wanted is not in the configuration at all. */
function hostOf(machine: MachineOptions, index: number): readonly object[] {
  const { loader, boot } = machine
  const taken = loader ?? usualLoader(machine)
  if (taken === 'auto' && boot === undefined) return []
  return [{ name: nameOf(index), mac: macOf(index), loader: taken, boot: boot ?? 'menu' }]
}
