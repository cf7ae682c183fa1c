/**
 * Taking turns on a machine that is not ours alone: waits for a quiet moment, measures every arm
 * once per round, and repeats what was disturbed. The least disturbed samples are kept.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { account } from './accounting.ts'

/** Cores of other people's work that do not matter. */
const quiet = 0.2
/** How long a quiet moment is waited for, milliseconds. */
const patience = 5_000

export interface Disturbed {
  /** Cores that were busy with other work meanwhile. */
  readonly foreign: number
}

/** For each arm its `rounds` least disturbed samples, of at most half as many more. */
export async function takeTurns<Arm, Sample extends Disturbed>(
  arms: readonly Arm[],
  rounds: number,
  measure: (arm: Arm) => Promise<Sample>,
): Promise<(readonly Sample[])[]> {
  const samples = arms.map((): Sample[] => [])
  const hasEnough = (taken: readonly Sample[]): boolean =>
    taken.filter(({ foreign }) => foreign <= quiet).length >= rounds
  for (let round = 0; round < Math.ceil(1.5 * rounds); round += 1) {
    for (const [index, arm] of arms.entries()) {
      const taken = samples[index] ?? []
      if (hasEnough(taken)) continue
      await quietMoment()
      taken.push(await measure(arm))
    }
  }
  return samples.map((taken) => taken.toSorted((a, b) => a.foreign - b.foreign).slice(0, rounds))
}

async function quietMoment(): Promise<void> {
  const deadline = Date.now() + patience
  while (Date.now() < deadline) {
    const [, { foreign }] = await account([], () => delay(300))
    if (foreign <= quiet) return
  }
}
