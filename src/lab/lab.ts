/**
 * The lab: a private network, the service in it as a user would start it, and virtual machines
 * that boot through it. The steps of a boot are the service's own events, as they happen.
 *
 * Whatever is started is stopped again in reverse order, also when the run fails or is interrupted.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemError } from '../core/errors.ts'
import { type LabFiles, labFiles } from '../setup/lab-files.ts'
import { chooseAcceleration } from './acceleration.ts'
import { boardOf } from './boards.ts'
import type { BootOptions, LabResult } from './boot-run.ts'
import { startCapture } from './capture.ts'
import { Dnsmasq } from './dnsmasq.ts'
import {
  type ConfigChoice,
  type MachineOptions,
  labAddresses,
  labConfig,
  macOf,
  nameOf,
} from './lab-config.ts'
import { LabMachine } from './lab-machine.ts'
import { type LabNetwork, openNetwork } from './network.ts'
import type { Acceleration } from './qemu.ts'
import { type LabServer, ServerProcess } from './server-process.ts'
import type { MachinePlan, VirtualMachine } from './virtual-machine.ts'

export interface LabSetup extends ConfigChoice {
  /** A dnsmasq that gives addresses is there, too; beside `proxy` it always is. */
  readonly rival?: boolean | undefined
  /** `ipv6`: there is no IPv4 at all, and a dnsmasq gives addresses and the first boot file. */
  readonly family?: 'ipv6' | undefined
  /** Firmware; by default what set-up fetched. */
  readonly files?: LabFiles | undefined
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
  /** The namespace that the service runs in: its commands are run there, too. */
  readonly namespace: string
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
  const router = setup.family === 'ipv6' ? 'giveIpv6Addresses' : 'advertiseRouter'
  started.use(await Dnsmasq[router](others))
  if (setup.rival === true || setup.mode === 'proxy') {
    const dhcp = await network.attach('dhcp', labAddresses.addressServer)
    started.use(await Dnsmasq.giveAddresses(dhcp))
  }
  if (setup.before !== undefined) started.use(await setup.before(network))
  const own = setup.family === 'ipv6' ? `${labAddresses.server6}/64` : `${labAddresses.server}/24`
  const namespace = await network.attach('srv', own)
  const config = labConfig(setup, directory)
  const serve = setup.serve ?? ((...where: ServiceStart) => ServerProcess.start(...where))
  const server = started.use(await serve(namespace, join(directory, 'bootlace.yaml'), config))
  const place = { network, files, directory }
  const alone = setup.machines.length === 1
  const machines = setup.machines.map((options, index) => {
    const plan = { ...planOf(options, index), family: setup.family, acceleration, alone }
    return started.use(new LabMachine(plan, place, server))
  })
  const all = started.move()
  const close = { [Symbol.asyncDispose]: () => all.disposeAsync() }
  return { network, server, namespace, acceleration, machines, directory, ...close }
}

export interface LabOptions extends MachineOptions, Omit<LabSetup, 'machines'>, BootOptions {
  /** How often the machine is switched on until it boots; once by default. */
  readonly tries?: number | undefined
  /** What to do with the machine once it is up, before it is switched off. */
  readonly afterwards?: ((machine: VirtualMachine) => Promise<void>) | undefined
}

/** One machine, one boot: from an empty network to a verdict, and everything away again. */
export async function runLab(options: LabOptions): Promise<LabResult> {
  await using lab = await openLab({ ...options, machines: [options] })
  const [machine] = lab.machines
  if (machine === undefined) throw new SystemError('the lab has no machine')
  const result = await bootUntilUp(machine, { menuTitle, ...options })
  if (result.ok && machine.running !== undefined) await options.afterwards?.(machine.running)
  return withComplaints(result, lab.server)
}

/** Bootlace learns from a loader that was refused, and has another at the next power-on. */
async function bootUntilUp(machine: LabMachine, options: LabOptions): Promise<LabResult> {
  for (let left = (options.tries ?? 1) - 1; left > 0; left -= 1) {
    const result = await machine.boot({ ...options, impatient: true })
    if (result.ok) return result
  }
  return machine.boot(options)
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
  const { firmware, arch, secureBoot, card = 'virtio-net-pci' } = options
  const { memory = boardOf(options).memory, disk, keepsDisk } = options
  const name = nameOf(index)
  const mac = macOf(options, index)
  return { name, mac, firmware, arch, secureBoot, card, memory, disk, keepsDisk }
}
