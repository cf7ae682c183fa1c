/**
 * What the user chose that a machine boots next, for one boot. A boot asks several times, so the
 * choice ends with the boot and not with the first answer.
 */
import { sameBoot, surelyAnother } from './install-state.ts'

export interface NextBoot {
  /** A menu entry's name, or `menu`, `disk`, `autodeploy`. */
  readonly entry: string
  /** When it was first served, epoch milliseconds; undefined before. */
  readonly servedAt?: number | undefined
}

/** The choice when the machine asks what to boot; undefined when it is over. */
export function choiceServed(choice: NextBoot, now: number): NextBoot | undefined {
  if (choice.servedAt === undefined) return { ...choice, servedAt: now }
  return Math.abs(now - choice.servedAt) < surelyAnother ? choice : undefined
}

/** The choice after the machine's firmware was heard; undefined when it is over. */
export function choicePowered(choice: NextBoot, now: number): NextBoot | undefined {
  const { servedAt } = choice
  return servedAt === undefined || Math.abs(now - servedAt) < sameBoot ? choice : undefined
}

/** What was stored, if it still makes sense. */
export function readChoice(value: unknown): NextBoot | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { entry, servedAt }: Partial<Record<keyof NextBoot, unknown>> = value
  if (typeof entry !== 'string') return undefined
  return typeof servedAt === 'number' ? { entry, servedAt } : { entry }
}
