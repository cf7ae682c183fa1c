/** A walk through a machine's menus: keys are pressed when the console shows what they are for. */
import { setTimeout as delay } from 'node:timers/promises'
import type { LabResult } from '../../src/lab/boot-run.ts'
import { type Lab, type LabOptions, openLab } from '../../src/lab/lab.ts'
import type { VirtualMachine } from '../../src/lab/virtual-machine.ts'
import { story, timeout } from './lab-boot.ts'

export interface MenuStep {
  /** Text that the screen shows by now. */
  readonly sees: string
  /** By QEMU's names: `down`, `ret`. */
  readonly keys: readonly string[]
  /** A PNG of the screen before the keys. */
  readonly picture?: string
}

/** PXELINUX forgets keys that come while it paints, so each step waits until that is over. */
const painting = 1500

/** Boots one machine to its report; throws with the whole story when it does not come there. */
export async function walkMenus(
  options: LabOptions,
  steps: readonly MenuStep[],
): Promise<LabResult> {
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
  for (const { sees, keys, picture } of steps) {
    await running.console.waitFor(onConsole(sees), over)
    await delay(painting)
    if (picture !== undefined) await running.screenshot(picture)
    await running.press(keys)
  }
}

async function switchedOn(
  machine: Lab['machines'][number],
  over: AbortSignal,
): Promise<VirtualMachine> {
  while (machine.running === undefined) await delay(50, undefined, { signal: over })
  return machine.running
}

/** BIOS and loader may both write to the serial line: then each letter is there twice. */
function onConsole(text: string): RegExp {
  const letters = Array.from(text, (letter) => `${letter.replace(/\W/, '\\$&')}+`)
  return new RegExp(letters.join(''))
}

export const walkTimeout = timeout * 2
