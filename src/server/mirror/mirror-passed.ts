/**
 * What an answer that went past the cache means for what is stored: a change at the origin makes it
 * worthless, the answer to a HEAD may confirm it.
 */
import type { ContentStore } from '../../io/cache/content-store.ts'
import { describes, freshened } from '../../protocol/cache/freshen.ts'
import { invalidatedBy } from '../../protocol/cache/invalidation.ts'
import {
  type CacheRequest,
  type KeySpace,
  originForm,
  pathOf,
  storeKey,
} from '../../protocol/cache/policy.ts'
import { type Rule, ruleFor } from '../../protocol/cache/rules.ts'
import { selects } from '../../protocol/cache/variants.ts'
import type { PassedAnswer } from './mirror-exchange.ts'

export interface PassedParts {
  readonly space: KeySpace
  readonly store: ContentStore
  readonly rules: readonly Rule[]
  /** Whatever is stored or on its way for this target. */
  readonly forget: (target: string) => void
}

export function afterPassing(
  parts: PassedParts,
  request: CacheRequest,
  answer: PassedAnswer,
  now: number,
): void {
  const target = originForm(request.target)
  if (request.method === 'HEAD') confirmByHead(parts, { ...request, target }, answer, now)
  for (const gone of invalidatedBy({ method: request.method, target }, answer, parts.space.base)) {
    if (!isOverruled(gone, parts.rules)) parts.forget(gone)
  }
}

/** A rule that says "never changes" means it, whatever a client sends. */
function isOverruled(target: string, rules: readonly Rule[]): boolean {
  const rule = ruleFor(pathOf(target), rules)
  return rule?.action === 'store' && rule.lifetime === undefined
}

/** RFC 9111 §4.3.5: a 200 about the same body confirms it, about another one outdates it. */
function confirmByHead(
  { store, space, rules }: PassedParts,
  { target, headers }: CacheRequest,
  answer: PassedAnswer,
  now: number,
): void {
  if (answer.status !== 200 || ruleFor(pathOf(target), rules)?.action !== 'headers') return
  for (const entry of store.entries(storeKey(space, target))) {
    if (!selects(entry.selecting ?? {}, headers)) continue
    if (describes(answer.headers, entry)) {
      const fields = freshened(entry.headers, answer.headers)
      store.confirm(entry, { headers: fields, requestedAt: now, respondedAt: now })
    } else store.remove(entry.key)
  }
}
