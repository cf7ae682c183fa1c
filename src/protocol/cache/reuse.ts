/**
 * May a stored answer be given out now, or what has to happen first. Everything about time is here.
 *
 * Sources: RFC 9111 §4 (reuse), §4.2.4 (serving stale), §5.2.1 (what requests ask for), RFC 5861
 * (stale-while-revalidate, stale-if-error).
 */
import { type Directives, cacheControl, fieldNamesOf, secondsOf } from './directives.ts'
import { type HeaderFields, fieldTokens, hasField } from '../../wire/http/header-fields.ts'
import { type DatedAnswer, ageOf, lifetimeOf } from './freshness.ts'
import type { Rule } from './rules.ts'

export type Reuse =
  | { readonly type: 'fresh'; readonly age: number; readonly ttl: number }
  /** To be given out as it is, while it is revalidated behind the client's back. */
  | { readonly type: 'meanwhile'; readonly age: number; readonly ttl: number }
  | {
      readonly type: 'revalidate'
      readonly age: number
      readonly ttl: number
      /** It may be given out if the origin cannot be reached. */
      readonly ifUnreachable: boolean
      /** It may be given out if the origin answers 500, 502, 503 or 504. */
      readonly ifFailing: boolean
    }

/** Without the origin's word an unreachable origin is stood in for so long; seconds. */
const unreachableFor = 86_400

/** A lifetime that a rule gives is the rule's word on all of it: no header changes it. */
export function reuse(stored: DatedAnswer, request: HeaderFields, rule: Rule, now: number): Reuse {
  const age = ageOf(stored, now)
  if (rule.action === 'store') return byRule(stored, rule, age, now)
  const ttl = lifetimeOf(stored) - age
  const answer = cacheControl(stored.headers)
  const asked = cacheControl(request)
  if (isFresh(answer, asked, request, { age, ttl })) return { type: 'fresh', age, ttl }
  const isStrict = forbidsStale(answer)
  const isChoosy = insists(asked, request) || asked.has('max-age') || asked.has('min-fresh')
  if (!isChoosy && !isStrict && -ttl < (secondsOf(answer, 'stale-while-revalidate') ?? 0)) {
    return { type: 'meanwhile', age, ttl }
  }
  return {
    type: 'revalidate',
    age,
    ttl,
    ifUnreachable: !isStrict && -ttl < Math.max(unreachableFor, onError(answer)),
    ifFailing: !isStrict && -ttl < onError(answer),
  }
}

function byRule(stored: DatedAnswer, rule: Rule, age: number, now: number): Reuse {
  const kept = Math.floor((now - stored.respondedAt) / 1000)
  const ttl = (rule.lifetime ?? Number.POSITIVE_INFINITY) - kept
  return ttl > 0
    ? { type: 'fresh', age, ttl }
    : { type: 'revalidate', age, ttl, ifUnreachable: true, ifFailing: true }
}

interface Timing {
  readonly age: number
  readonly ttl: number
}

function isFresh(
  answer: Directives,
  asked: Directives,
  request: HeaderFields,
  { age, ttl }: Timing,
): boolean {
  if (isUnusable(answer) || insists(asked, request)) return false
  if (age > (secondsOf(asked, 'max-age') ?? Number.POSITIVE_INFINITY)) return false
  if (ttl <= (secondsOf(asked, 'min-fresh') ?? 0)) return !isTooStale(answer, asked, ttl)
  return true
}

/** `max-stale` of a request lets it have what has expired (§5.2.1.2); without number: any. */
function isTooStale(answer: Directives, asked: Directives, ttl: number): boolean {
  if (!asked.has('max-stale') || forbidsStale(answer)) return true
  const limit = asked.get('max-stale') === '' ? Number.POSITIVE_INFINITY : undefined
  return -ttl > (limit ?? secondsOf(asked, 'max-stale') ?? 0)
}

/** §5.2.2.4: `no-cache` without field names. */
function isUnusable(answer: Directives): boolean {
  return answer.has('no-cache') && fieldNamesOf(answer, 'no-cache').length === 0
}

/** The client wants the origin's own word (§5.2.1.4, §5.4). */
function insists(asked: Directives, request: HeaderFields): boolean {
  if (asked.has('no-cache') || secondsOf(asked, 'max-age') === 0) return true
  return !hasField(request, 'cache-control') && fieldTokens(request, 'pragma').has('no-cache')
}

/** §4.2.4, §5.2.2.10: for shared caches `s-maxage` is as strict as `proxy-revalidate`. */
function forbidsStale(answer: Directives): boolean {
  const strict = ['must-revalidate', 'proxy-revalidate', 's-maxage']
  return isUnusable(answer) || strict.some((name) => answer.has(name))
}

function onError(answer: Directives): number {
  return secondsOf(answer, 'stale-if-error') ?? 0
}

/** The statuses that `stale-if-error` is about (RFC 5861 §4). */
export function isFailure(status: number): boolean {
  return [500, 502, 503, 504].includes(status)
}
