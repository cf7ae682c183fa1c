/**
 * How long an answer may be used and how old it is, by its own header fields. All in seconds; times
 * are epoch milliseconds.
 *
 * Source: RFC 9111 §4.2 (freshness), §4.2.2 (heuristics), §4.2.3 (age), §5.1 (Age), §5.3 (Expires).
 */
import { parseHttpDate } from '../../wire/http/http-date.ts'
import { cacheControl, secondsOf } from './directives.ts'
import { type HeaderFields, fieldText, hasField } from '../../wire/http/header-fields.ts'

/** An answer and when it was got: all that freshness depends on. */
export interface DatedAnswer {
  readonly status: number
  readonly headers: HeaderFields
  /** When it was asked for, epoch milliseconds. */
  readonly requestedAt: number
  /** When its header arrived. */
  readonly respondedAt: number
}

/** Statuses whose answers may be kept although nothing says for how long (RFC 9110 §15.1). */
const heuristicallyCacheable = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

/** A tenth of the time since it was last changed (§4.2.2), at most a day. */
const heuristicShare = 0.1
const heuristicLimit = 86_400

/** Both follow from the answer alone; a stored one is judged with each request for it. */
interface Reckoned {
  /** `corrected_initial_age` of §4.2.3, in milliseconds. */
  readonly initialAge: number
  readonly lifetime: number
}

const reckoned = new WeakMap<DatedAnswer, Reckoned>()

function reckon(answer: DatedAnswer): Reckoned {
  const known = reckoned.get(answer)
  if (known !== undefined) return known
  const lifetime = explicitLifetimeOf(answer) ?? heuristicLifetimeOf(answer)
  const result = { initialAge: initialAgeOf(answer), lifetime }
  reckoned.set(answer, result)
  return result
}

/** The first that is there counts: for a shared cache, in this order. Seconds, 0 when none. */
export function lifetimeOf(answer: DatedAnswer): number {
  return reckon(answer).lifetime
}

/** What the origin says; undefined when it says nothing. */
export function explicitLifetimeOf(answer: DatedAnswer): number | undefined {
  const directives = cacheControl(answer.headers)
  return secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age') ?? byExpires(answer)
}

/** `current_age` of §4.2.3. */
export function ageOf(answer: DatedAnswer, now: number): number {
  const resident = Math.max(0, now - answer.respondedAt)
  return Math.floor((reckon(answer).initialAge + resident) / 1000)
}

function initialAgeOf(answer: DatedAnswer): number {
  const { headers, requestedAt, respondedAt } = answer
  const apparent = Math.max(0, respondedAt - dateOf(answer))
  return Math.max(apparent, ageField(headers) * 1000 + (respondedAt - requestedAt))
}

/** When the origin made it: its `Date`, or the time when it came. Epoch milliseconds. */
function dateOf({ headers, respondedAt }: DatedAnswer): number {
  return parseHttpDate(fieldText(headers, 'date'), respondedAt) ?? respondedAt
}

function byExpires(answer: DatedAnswer): number | undefined {
  if (!hasField(answer.headers, 'expires')) return undefined
  const expires = parseHttpDate(fieldText(answer.headers, 'expires'), answer.respondedAt)
  // §5.3: what is no date, above all "0", lies in the past.
  return expires === undefined ? 0 : Math.max(0, (expires - dateOf(answer)) / 1000)
}

function heuristicLifetimeOf(answer: DatedAnswer): number {
  const { headers, status, respondedAt } = answer
  const isAllowed = heuristicallyCacheable.has(status) || cacheControl(headers).has('public')
  const modified = parseHttpDate(fieldText(headers, 'last-modified'), respondedAt)
  if (!isAllowed || modified === undefined) return 0
  const unchanged = Math.max(0, dateOf(answer) - modified) / 1000
  return Math.min(unchanged * heuristicShare, heuristicLimit)
}

/** §5.1: the first member of a list, and nothing that is no whole number. */
function ageField(headers: HeaderFields): number {
  const [first = ''] = (fieldText(headers, 'age') ?? '').split(',')
  return /^\d+$/.test(first.trim()) ? Math.min(Number(first), 2 ** 31) : 0
}
