/**
 * What the origin is asked for on behalf of many, and what its answer means, by the action of the
 * rule: `store` asks in our own name and takes any plain 200; `headers` asks with the client's
 * fields and goes by RFC 9111. Both ask on conditions where something is stored.
 */
import type { FillRequest, Judgement } from '../../io/cache/fill.ts'
import type { IndexEntry } from '../../io/cache/index-entry.ts'
import { type HeaderFields, hasField } from '../../wire/http/header-fields.ts'
import { conditionsFor, freshened, isAbout } from '../../protocol/cache/freshen.ts'
import type { DatedAnswer } from '../../protocol/cache/freshness.ts'
import {
  fillRequestHeaders,
  payloadHeaders,
  sharedRequestHeaders,
} from '../../protocol/cache/headers.ts'
import { type Classification, admit } from '../../protocol/cache/policy.ts'
import { keptFields, mayStore } from '../../protocol/cache/storing.ts'
import { variantKey } from '../../protocol/cache/variants.ts'
import { formatHttpDate } from '../../wire/http/http-date.ts'

/** A request that may be answered from the store. */
export type Plan = Extract<Classification, { readonly target: string }>

export interface Asking {
  readonly plan: Plan
  /** Of the URL; a variant's has the selecting values behind it. */
  readonly key: string
  /** The client's; whoever starts a download asks with his. */
  readonly request: HeaderFields
  readonly originHost: string
  /** What is stored and may be confirmed. */
  readonly entry?: IndexEntry | undefined
  readonly onInterim?: FillRequest['onInterim']
}

export function fillRequest(asking: Asking): FillRequest {
  const { plan, entry, request, originHost, onInterim } = asking
  const own = entry === undefined ? undefined : conditionsFor(entry.headers)
  const headers =
    plan.action === 'store'
      ? fillRequestHeaders(originHost)
      : sharedRequestHeaders(request, originHost)
  return {
    target: plan.target,
    headers: { ...headers, ...(own ?? clientConditions(asking)) },
    judge: (answer) => judge(asking, answer),
    onInterim,
  }
}

/**
 * With nothing stored, the client's own conditions go along: the origin may save sending what that
 * client has. Never for a `store` rule: there the body is worth having.
 */
function clientConditions({ plan, entry, request }: Asking): Record<string, string> {
  if (plan.action === 'store' || entry !== undefined || hasField(request, 'range')) return {}
  const conditions = ['if-none-match', 'if-modified-since'].flatMap((name) => {
    const value = request[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return Object.fromEntries(conditions)
}

function judge(asking: Asking, came: DatedAnswer): Judgement {
  const { plan, key, entry, request } = asking
  const answer = dated(came)
  if (answer.status === 304 && entry !== undefined) return confirmed(entry, answer)
  const { status, headers, requestedAt, respondedAt } = answer
  const known = { status, requestedAt, respondedAt }
  if (plan.action === 'store') {
    const admission = admit(answer)
    if (admission.action === 'pass') return admission
    const { size } = admission
    const kept = payloadHeaders(headers)
    return { action: 'store', answer: { key, size, headers: kept, ...known } }
  }
  const verdict = mayStore(request, answer)
  if (verdict.action === 'pass') return verdict
  const { size, selecting } = verdict
  const varied = { key: variantKey(key, selecting), selecting, headers: keptFields(headers) }
  return { action: 'store', answer: { size, ...known, ...varied } }
}

function confirmed(entry: IndexEntry, { headers }: DatedAnswer): Judgement {
  return isAbout(headers, entry.headers)
    ? { action: 'unchanged', entry, headers: freshened(entry.headers, headers) }
    : { action: 'useless', reason: 'the origin confirmed a version that is not stored' }
}

/** RFC 9110 §6.6.1: what has no Date gets that of its arrival. */
function dated(answer: DatedAnswer): DatedAnswer {
  const { headers, respondedAt } = answer
  if (hasField(headers, 'date')) return answer
  return { ...answer, headers: { ...headers, date: formatHttpDate(respondedAt) } }
}
