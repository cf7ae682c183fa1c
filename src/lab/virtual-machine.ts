/** One virtual machine of the lab: QEMU in the switch's namespace, its monitor and its console. */
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { SystemError } from '../core/errors.ts'
import type { LabFiles } from '../setup/lab-files.ts'
import { boardOf } from './boards.ts'
import { SerialConsole } from './console.ts'
import type { LabNetwork } from './network.ts'
import { type LabChild, isRunning, onLines, startIn, stop } from './processes.ts'
import { type MachineSpec, qemuArguments } from './qemu.ts'
import { QmpClient } from './qmp.ts'

/** What a machine is made of; the lab adds the sockets and the tap. */
export interface MachinePlan extends Omit<MachineSpec, 'tap' | 'serialSocket' | 'monitorSocket'> {
  /** The only machine of its lab: whatever the service tells is about it. */
  readonly alone: boolean
}

/** Where a machine lives. */
export interface MachinePlace {
  readonly network: LabNetwork
  readonly files: LabFiles
  /** Its sockets go here. */
  readonly directory: string
}

export class VirtualMachine implements AsyncDisposable {
  readonly console: SerialConsole
  readonly #child: LabChild
  readonly #monitor: QmpClient

  private constructor(child: LabChild, monitor: QmpClient, console: SerialConsole) {
    this.#child = child
    this.#monitor = monitor
    this.console = console
  }

  /** Builds the machine and leaves it switched off, with its console attached. */
  static async build(plan: MachinePlan, place: MachinePlace): Promise<VirtualMachine> {
    const spec: MachineSpec = {
      ...plan,
      tap: await place.network.addTap(),
      serialSocket: `${place.directory}/${plan.name}.serial`,
      monitorSocket: `${place.directory}/${plan.name}.monitor`,
    }
    const argv = [boardOf(plan).emulator, ...qemuArguments(spec, place.files)]
    const child = startIn(place.network.switch, argv)
    try {
      const monitor = await Promise.race([QmpClient.open(spec.monitorSocket), earlyEnd(child)])
      return new VirtualMachine(
        child,
        monitor,
        await SerialConsole.open(spec.serialSocket, Date.now),
      )
    } catch (error) {
      await stop(child)
      throw error
    }
  }

  /** Switches it on; answers the moment, epoch milliseconds. */
  async powerOn(): Promise<number> {
    const now = Date.now()
    await this.#monitor.powerOn()
    return now
  }

  press(keys: readonly string[]): Promise<void> {
    return this.#monitor.press(keys)
  }

  screenshot(file: string): Promise<void> {
    return this.#monitor.screenshot(file)
  }

  /** Resolves when the machine is off: it switched itself off, restarted, or QEMU failed. */
  async off(): Promise<void> {
    if (isRunning(this.#child)) await once(this.#child, 'exit')
  }

  /** Processor seconds that QEMU has used: unlike the clock, independent of what else runs. */
  async processorSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8').catch(() => '')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100 // utime, stime; proc(5)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#monitor[Symbol.dispose]()
    this.console[Symbol.dispose]()
    await stop(this.#child)
  }
}

/** Fails with QEMU's own words when it ends instead of opening its monitor. */
async function earlyEnd(child: LabChild): Promise<never> {
  const said: string[] = []
  onLines(child.stderr, (line) => said.push(line))
  await once(child, 'exit')
  throw new SystemError(`QEMU does not start: ${said.join('; ')}`)
}
