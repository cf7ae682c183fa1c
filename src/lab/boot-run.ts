/**
 * One boot of one machine, from power-on to a verdict: follows the service's events about this
 * machine, watches its console, presses keys at the menu and takes pictures.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../core/errors.ts'
import type { ServiceEvent } from '../core/events.ts'
import { tell } from '../boot/story.ts'
import { readSigns } from './console-signs.ts'
import { Progress } from './stages.ts'
import type { MachinePlan, VirtualMachine } from './virtual-machine.ts'

/** One thing that happened: an event of the service, or something the lab itself did or saw. */
export interface LabStep {
  /** Since power-on. */
  readonly seconds: number
  /** In plain words. */
  readonly says: string
  readonly event?: ServiceEvent | undefined
}

export interface BootOptions {
  /** Milliseconds for the whole boot. */
  readonly timeout: number
  /** What ends the boot well: the console shows this. By default the system reports that it is up. */
  readonly until?: RegExp | undefined
  /** What the console shows when the menu is there. */
  readonly menuTitle?: RegExp | undefined
  /** Keys to press when the menu is seen, by QEMU's names: `down`, `ret`. */
  readonly keys?: readonly string[] | undefined
  /** A PNG file: shows the menu if one is seen, else what the screen shows at the end. */
  readonly screenshot?: string | undefined
  /** What may only be a hint of a failure ends the boot: a person would switch it off now. */
  readonly impatient?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onStep?: ((step: LabStep) => void) | undefined
}

export interface LabResult {
  readonly ok: boolean
  /** From power-on to the end. */
  readonly seconds: number
  readonly steps: readonly LabStep[]
  /** What the serial console showed. */
  readonly serial: string
  /** Why it failed: the first stage not reached, the last step seen, in plain words. */
  readonly reason?: string | undefined
  /** Processor time of the virtual machine: comparable between busy and idle hosts. */
  readonly processorSeconds: number
}

/** A timeout for which the stages have their usual time; a longer one gives each more. Milliseconds. */
const usualTimeout = 120_000

/** Between two looks at the clock, milliseconds. */
const pace = 200

/** Firmware paints a menu line by line: a picture or a key waits until it is whole. Milliseconds. */
const painting = 400

export class BootRun {
  readonly #machine: VirtualMachine
  readonly #options: BootOptions
  readonly #isMine: (event: ServiceEvent) => boolean
  readonly #steps: LabStep[] = []
  readonly #progress: Progress
  #poweredOn: number | undefined
  #pictured = false

  constructor(machine: VirtualMachine, plan: MachinePlan, options: BootOptions) {
    this.#machine = machine
    this.#options = options
    this.#isMine = eventsOf(plan.mac, plan.alone)
    this.#progress = new Progress(plan.firmware, Math.max(1, options.timeout / usualTimeout))
  }

  /** An event of the service, about whichever machine. */
  observe(event: ServiceEvent): void {
    if (this.#poweredOn === undefined || !this.#isMine(event)) return
    this.#progress.observe(event, this.#secondsAt(event.at))
    this.#step({
      seconds: this.#secondsAt(event.at),
      says: tell(event) ?? event.reason ?? event.type,
      event,
    })
  }

  async run(): Promise<LabResult> {
    this.#poweredOn = await this.#machine.powerOn()
    this.#note('power on')
    const over = new AbortController()
    const reason = await this.#verdict(over.signal)
    over.abort(new Error('the boot is over'))
    const seconds = this.#secondsAt(Date.now())
    if (!this.#pictured) await this.#lastPicture()
    return {
      ok: reason === undefined,
      seconds,
      reason,
      steps: this.#steps,
      serial: this.#machine.console.text,
      processorSeconds: await this.#machine.processorSeconds(),
    }
  }

  /** Resolves with what went wrong, or with undefined when the boot has ended well. */
  #verdict(over: AbortSignal): Promise<string | undefined> {
    const { console } = this.#machine
    const { until, menuTitle } = this.#options
    return new Promise((resolve) => {
      const fail = (problem: string): void => resolve(this.#explain(problem))
      const failWith = (error: unknown): void => fail(messageOf(error))
      const watch = (pattern: RegExp, seen: () => void): void => {
        void console.waitFor(pattern, over).then(seen, () => undefined)
      }
      if (until !== undefined) watch(until, () => resolve(undefined))
      if (menuTitle !== undefined) watch(menuTitle, () => void this.#atMenu().catch(failWith))
      void this.#machine.off().then(() => fail('the machine restarted or switched itself off'))
      void this.#keepTime(over).then(resolve, failWith)
    })
  }

  /** Looks at the clock until the machine is up, stalls or has had its time. */
  async #keepTime(over: AbortSignal): Promise<string | undefined> {
    const { timeout, signal } = this.#options
    while (!over.aborted) {
      signal?.throwIfAborted()
      const seconds = this.#secondsAt(Date.now())
      if (seconds * 1000 > timeout) return this.#explain(this.#late(timeout / 1000))
      if (this.#options.until === undefined) {
        if (this.#progress.isUp) return undefined
        const ended = this.#ended() ?? this.#progress.stalled(seconds)
        if (ended !== undefined) return this.#explain(ended)
      }
      await delay(pace)
    }
    return undefined
  }

  /** What its console says about an end; undefined while it may go on. */
  #ended(): string | undefined {
    const { end, hints } = readSigns(this.#machine.console.text)
    return (
      end ?? (this.#options.impatient === true && hints.length > 0 ? 'switched off' : undefined)
    )
  }

  #late(seconds: number): string {
    const { until } = this.#options
    const missing = until === undefined ? this.#progress.missing?.missing : undefined
    return `${missing ?? `the console did not show ${String(until)}`} within ${seconds} s`
  }

  /** The problem, what may be behind it, and where a person would look next. */
  #explain(problem: string): string {
    const { console } = this.#machine
    const last = this.#steps.at(-1)
    const line = console.lines.findLast(({ text }) => text.trim() !== '')
    return [
      [...readSigns(console.text).hints, problem].join('; '),
      ...(last === undefined ? [] : [`last step, at ${last.seconds.toFixed(1)} s: ${last.says}`]),
      ...(line === undefined ? [] : [`last line on its console: ${line.text.trim()}`]),
    ].join('\n')
  }

  async #atMenu(): Promise<void> {
    this.#note('the menu is on the screen')
    await delay(painting)
    await this.#picture()
    const { keys = [] } = this.#options
    if (keys.length === 0) return
    await this.#machine.press(keys)
    this.#note(`keys pressed: ${keys.join(' ')}`)
  }

  /** A system that is up has yet to paint its login. */
  async #lastPicture(): Promise<void> {
    if (this.#options.screenshot === undefined) return
    const painted = AbortSignal.timeout(5000)
    if (this.#progress.isUp) await this.#machine.console.waitFor(/login:/, painted).catch(() => {})
    await delay(painting)
    await this.#picture()
  }

  async #picture(): Promise<void> {
    const { screenshot } = this.#options
    if (screenshot === undefined) return
    this.#pictured = true
    await this.#machine.screenshot(screenshot)
    this.#note(`picture of the screen: ${screenshot}`)
  }

  #note(says: string): void {
    this.#step({ seconds: this.#secondsAt(Date.now()), says })
  }

  #step(step: LabStep): void {
    this.#steps.push(step)
    this.#options.onStep?.(step)
  }

  #secondsAt(time: number): number {
    return Math.max(0, (time - (this.#poweredOn ?? time)) / 1000)
  }
}

/**
 * Whether an event is about this machine. TFTP and HTTP may know no more than its address, which
 * other events have told before; a machine that is alone in its lab is meant by every event.
 */
function eventsOf(mac: string, alone: boolean): (event: ServiceEvent) => boolean {
  const addresses = new Set<string>()
  return (event) => {
    if (event.mac === undefined) return alone || addresses.has(event.ip ?? '')
    if (event.mac !== mac) return false
    if (event.ip !== undefined) addresses.add(event.ip)
    return true
  }
}
