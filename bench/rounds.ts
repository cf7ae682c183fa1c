/**
 * Taking turns on a machine that is not ours alone: waits for a quiet moment, measures every arm
 * once per round, and repeats what was disturbed. The least disturbed samples are kept.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { account } from './accounting.ts'

/** Cores of other people's work that do not matter. */
const quiet = 0.2
/** How long quiet moments are waited for in all, milliseconds for each arm. */
const patience = 5_000

export interface Disturbed {
  /** Cores that were busy with other work meanwhile. */
  readonly foreign: number
}

/** Between two looks, milliseconds. */
const pause = 300

/** For each arm its `rounds` least disturbed samples, of at most half as many more. */
export async function takeTurns<Arm, Sample extends Disturbed>(
  arms: readonly Arm[],
  rounds: number,
  measure: (arm: Arm) => Promise<Sample>,
): Promise<(readonly Sample[])[]> {
  const samples = arms.map((): Sample[] => [])
  const hasEnough = (taken: readonly Sample[]): boolean =>
    taken.filter(({ foreign }) => foreign <= quiet).length >= rounds
  let left = patience * arms.length
  for (let round = 0; round < Math.ceil(1.5 * rounds); round += 1) {
    for (const [index, arm] of arms.entries()) {
      const taken = samples[index] ?? []
      if (hasEnough(taken)) continue
      left -= await quietMoment(left)
      taken.push(await measure(arm))
    }
  }
  return samples.map((taken) => taken.toSorted((a, b) => a.foreign - b.foreign).slice(0, rounds))
}

/** Answers how long it has waited in vain, milliseconds. */
async function quietMoment(most: number): Promise<number> {
  let waited = 0
  while (waited < most) {
    const [, { foreign }] = await account([], () => delay(pause))
    if (foreign <= quiet) return waited
    waited += pause
  }
  return waited
}
