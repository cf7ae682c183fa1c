/** One machine of the lab: switched on, followed through a boot, and switched off again. */
import { type BootOptions, BootRun, type LabResult } from './boot-run.ts'
import type { LabServer } from './server-process.ts'
import { type MachinePlace, type MachinePlan, VirtualMachine } from './virtual-machine.ts'

export class LabMachine implements AsyncDisposable {
  readonly #plan: MachinePlan
  readonly #place: MachinePlace
  readonly #server: LabServer
  #running: VirtualMachine | undefined

  constructor(plan: MachinePlan, place: MachinePlace, server: LabServer) {
    this.#plan = plan
    this.#place = place
    this.#server = server
  }

  get name(): string {
    return this.#plan.name
  }

  get mac(): string {
    return this.#plan.mac
  }

  /** The machine while it is switched on. */
  get running(): VirtualMachine | undefined {
    return this.#running
  }

  /** Switches it on, anew if it is on, and follows it to a verdict; it stays on afterwards. */
  async boot(options: BootOptions): Promise<LabResult> {
    await this.powerOff()
    const machine = await VirtualMachine.build(this.#plan, this.#place)
    this.#running = machine
    const boot = new BootRun(machine, this.#plan, options)
    const ignore = this.#server.listen((event) => boot.observe(event))
    try {
      return await boot.run()
    } finally {
      ignore()
    }
  }

  async powerOff(): Promise<void> {
    const machine = this.#running
    this.#running = undefined
    await machine?.[Symbol.asyncDispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.powerOff()
  }
}
