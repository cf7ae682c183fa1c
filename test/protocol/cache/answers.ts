/** Answers of an origin, as the tests of the cache's policy need them. */
import type { HeaderFields } from '../../../src/wire/http/header-fields.ts'
import type { DatedAnswer } from '../../../src/protocol/cache/freshness.ts'
import { formatHttpDate } from '../../../src/wire/http/http-date.ts'

/** When the answer came; epoch milliseconds, a whole second. */
export const t0 = Date.UTC(2026, 10, 21, 12)

/** Seconds after `t0` as a date. */
export function at(seconds: number): string {
  return formatHttpDate(t0 + seconds * 1000)
}

export function later(seconds: number): number {
  return t0 + seconds * 1000
}

export function answer(headers: HeaderFields, changes: Partial<DatedAnswer> = {}): DatedAnswer {
  return {
    status: 200,
    headers: { date: at(0), ...headers },
    requestedAt: t0,
    respondedAt: t0,
    ...changes,
  }
}
