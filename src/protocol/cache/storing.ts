/**
 * May an answer be stored, and which of its fields, where the origin's header decides. Refuses to
 * judge by path: `policy.ts` does that by the rules.
 *
 * Sources: RFC 9111 §3 (storing), §3.1 (fields), §3.5 (authenticated requests), §5.2.2.3
 * (must-understand); beyond it we refuse what http caches were poisoned with: answers that set a
 * cookie, and answers to requests with one unless the origin says `public` or `s-maxage`.
 */
import { type Directives, cacheControl, fieldNamesOf } from './directives.ts'
import { type HeaderFields, fieldText, hasField } from '../../wire/http/header-fields.ts'
import { type DatedAnswer, lifetimeOf } from './freshness.ts'
import { endToEnd } from './headers.ts'
import { isFramed, sizeOf, unframed } from './policy.ts'
import type { Selecting } from './variants.ts'
import { selectingOf } from './variants.ts'

export type StoringVerdict =
  | {
      readonly action: 'store'
      /** Octets; undefined while a chunked answer has not ended. */
      readonly size: number | undefined
      readonly selecting: Selecting
    }
  | { readonly action: 'pass'; readonly reason: string }

/** Final statuses whose meaning for a cache we know (RFC 9110 §15); not 206 and 304. */
const understood = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 403, 404, 405, 410, 414, 500, 501, 502, 503,
  504,
])

interface Case {
  readonly request: HeaderFields
  readonly answer: DatedAnswer
  readonly directives: Directives
}

type Clause = readonly [refuses: (it: Case) => boolean, reason: string]

const clauses: readonly Clause[] = [
  [({ answer }) => isPartial(answer.status), 'the answer is a part, or none'],
  [({ answer, directives }) => isForbidden(answer.status, directives), 'the answer says no-store'],
  [({ directives }) => directives.has('private'), 'the answer says private'],
  [({ answer }) => hasField(answer.headers, 'set-cookie'), 'the answer sets a cookie'],
  [
    ({ request, directives }) =>
      hasField(request, 'authorization') && !mayShare(directives, 'must-revalidate'),
    'the request has credentials',
  ],
  [
    ({ request, directives }) => hasField(request, 'cookie') && !mayShare(directives),
    'the request has a cookie',
  ],
  [({ answer }) => !isUseful(answer), 'the answer is stale at once and cannot be revalidated'],
]

/** Whether the answer to a GET may be stored for whoever sends the same selecting fields. */
export function mayStore(request: HeaderFields, answer: DatedAnswer): StoringVerdict {
  const it = { request, answer, directives: cacheControl(answer.headers) }
  const clause = clauses.find(([refuses]) => refuses(it))
  if (clause !== undefined) return { action: 'pass', reason: clause[1] }
  const selecting = selectingOf(answer.headers, request)
  if (selecting === undefined) return { action: 'pass', reason: 'the answer varies widely' }
  const hasBody = answer.status !== 204
  if (hasBody && !isFramed(answer.headers)) return { action: 'pass', reason: unframed() }
  return { action: 'store', size: hasBody ? sizeOf(answer.headers) : 0, selecting }
}

/** What of an answer's header is kept: all that reaches the end (§3.1), of several lines one. */
export function keptFields(headers: HeaderFields): Record<string, string> {
  const directives = cacheControl(headers)
  // §5.2.2.4: what `no-cache` names may not be used again unasked.
  const dropped = new Set([...fieldNamesOf(directives, 'no-cache'), 'content-length'])
  const kept: Record<string, string> = {}
  for (const name of Object.keys(endToEnd(headers))) {
    const value = fieldText(headers, name)
    if (value !== undefined && !dropped.has(name) && isSendable(value)) kept[name] = value
  }
  return kept
}

/** What Node takes in a header field; all else could not be sent again. */
function isSendable(value: string): boolean {
  return /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)
}

function isPartial(status: number): boolean {
  return status < 200 || status === 206 || status === 304
}

/** `must-understand` takes the place of `no-store` for those who know the status. */
function isForbidden(status: number, directives: Directives): boolean {
  if (directives.has('must-understand')) return !understood.has(status)
  return directives.has('no-store')
}

function mayShare(directives: Directives, ...others: readonly string[]): boolean {
  return ['public', 's-maxage', ...others].some((name) => directives.has(name))
}

function isUseful(answer: DatedAnswer): boolean {
  const canRevalidate =
    hasField(answer.headers, 'etag') || hasField(answer.headers, 'last-modified')
  return lifetimeOf(answer) > 0 || (canRevalidate && answer.status === 200)
}
