/**
 * Which boot loader a machine gets when nobody said: the first that was seen to run on it. DHCP does
 * not tell whether Secure Boot is on, and firmware does not tell when it refuses a loader; it
 * only comes back. So a loader that arrived whole and never said a word is evidence against it.
 *
 * One such silence is enough where the loader never ran on this machine: the first word of every
 * loader here comes within a second of its start, so a reset would have to hit that second, and
 * then the next loader does as well. Where the loader has run before, a machine that was switched
 * off at a bad moment is likelier than one that changed: it takes three in a row.
 */
import { type Firmware, isFirmware } from './firmware.ts'
import { loaders } from '../host.ts'
import type { NamedLoader } from './loader-files.ts'

/** What is remembered of a machine. */
export interface Standing {
  readonly firmware: Firmware
  /** What it gets first. */
  readonly loader: NamedLoader
  /** It was seen to run on this machine. */
  readonly runs: boolean
  /** How often in a row it arrived whole and was not started, since it ran. */
  readonly silences: number
}

export interface Rung {
  readonly loader: NamedLoader
  readonly file: string
}

/** What a loader that ran before is forgiven. */
const patience = 3

/** A loader was seen to run; undefined when that was known. */
export function afterRun(
  firmware: Firmware,
  loader: NamedLoader,
  before: Standing | undefined,
): Standing | undefined {
  const isKnown =
    before?.firmware === firmware &&
    before.loader === loader &&
    before.runs &&
    before.silences === 0
  return isKnown ? undefined : { firmware, loader, runs: true, silences: 0 }
}

/**
 * A loader arrived whole and was not started. `rungs` are the loaders that are there, best first;
 * after the last comes the first again.
 */
export function afterSilence(
  firmware: Firmware,
  loader: NamedLoader,
  { before, rungs }: { readonly before: Standing | undefined; readonly rungs: readonly Rung[] },
): Standing {
  const isKnown = before?.firmware === firmware && before.loader === loader
  const silences = (isKnown ? before.silences : 0) + 1
  if (isKnown && before.runs && silences < patience) return { ...before, silences }
  const index = rungs.findIndex((rung) => rung.loader === loader)
  const next = rungs[(index + 1) % rungs.length]?.loader ?? loader
  return { firmware, loader: next, runs: false, silences: 0 }
}

/** What was stored, if it still makes sense. */
export function readStanding(value: unknown): Standing | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { firmware, loader, runs, silences }: Partial<Record<keyof Standing, unknown>> = value
  const named = loaders.find((name) => name === loader)
  if (named === undefined || named === 'auto' || named === 'none') return undefined
  if (!isFirmware(firmware) || typeof runs !== 'boolean' || !Number.isInteger(silences)) {
    return undefined
  }
  return { firmware, loader: named, runs, silences: Number(silences) }
}
