/** A walk through a machine's menus: keys are pressed when the console shows what they are for. */
import { setTimeout as delay } from 'node:timers/promises'
import type { LabResult } from '../../src/lab/boot-run.ts'
import { type Lab, type LabOptions, openLab } from '../../src/lab/lab.ts'
import type { VirtualMachine } from '../../src/lab/virtual-machine.ts'
import { story, timeout } from './lab-boot.ts'

export interface MenuStep {
  /** Text that the console shows after the keys of the step before. */
  readonly sees: string
  /** By QEMU's names: `down`, `ret`. */
  readonly keys: readonly string[]
  /** A PNG of the screen before the keys. */
  readonly picture?: string
}

/**
 * Loaders forget keys that come while they paint: a step waits until the console has said nothing
 * for this long, milliseconds. A menu that counts down is never silent: there, `patience` at most.
 */
const silence = 1500
const patience = 6000
/** Keys that change nothing on the console for this long were forgotten, milliseconds. */
const forgotten = 8000

/** Boots one machine to its report; throws with the whole story when it does not come there. */
export async function walkMenus(
  wanted: Omit<LabOptions, 'mode' | 'timeout'> & Partial<LabOptions>,
  steps: readonly MenuStep[],
): Promise<LabResult> {
  const options = { mode: 'full', timeout, ...wanted } as const
  await using lab = await openLab({ ...options, machines: [options] })
  const [machine] = lab.machines
  if (machine === undefined) throw new Error('the lab has no machine')
  const over = new AbortController()
  const boot = machine.boot(options).finally(() => over.abort())
  const walk = walkWith(machine, steps, over.signal)
  const result = await boot
  await walk.catch(() => undefined) // what the boot came to says more
  if (!result.ok) throw new Error(story(result))
  return result
}

async function walkWith(
  machine: Lab['machines'][number],
  steps: readonly MenuStep[],
  over: AbortSignal,
): Promise<void> {
  const running = await switchedOn(machine, over)
  let told = 0
  for (const { sees, keys, picture } of steps) {
    const pattern = onConsole(sees)
    while (!pattern.test(running.console.text.slice(told))) {
      await delay(100, undefined, { signal: over })
    }
    await settled(running)
    told = running.console.text.length
    if (picture !== undefined) await running.screenshot(picture)
    await running.press(keys)
    while (!(await hasMoved(running, told, over))) await running.press(keys)
  }
}

async function settled(running: VirtualMachine): Promise<void> {
  const end = performance.now() + patience
  for (let before = -1; performance.now() < end && before !== running.console.text.length;) {
    before = running.console.text.length
    await delay(silence)
  }
}

async function hasMoved(
  running: VirtualMachine,
  told: number,
  over: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + forgotten
  while (running.console.text.length === told) {
    if (performance.now() > end) return false
    await delay(100, undefined, { signal: over })
  }
  return true
}

async function switchedOn(
  machine: Lab['machines'][number],
  over: AbortSignal,
): Promise<VirtualMachine> {
  while (machine.running === undefined) await delay(50, undefined, { signal: over })
  return machine.running
}

/**
 * BIOS and loader may both write to the serial line: then each letter is there twice. UEFI firmware
 * may place each letter by itself.
 */
function onConsole(text: string): RegExp {
  const letters = Array.from(text, (letter) => `${letter.replace(/\W/, '\\$&')}+`)
  return new RegExp(letters.join('\\s*'))
}
