/**
 * Who may share a download with whom. What a rule calls the same for everybody always is; where the
 * header decides, nobody waits for an answer that may turn out to be another's alone.
 */
import { LRUCache } from 'lru-cache'
import type { ContentStore } from '../../io/cache/content-store.ts'
import { cacheControl } from '../../protocol/cache/directives.ts'
import { type HeaderFields, hasField } from '../../wire/http/header-fields.ts'
import { selectingOf, variantKey } from '../../protocol/cache/variants.ts'
import type { Plan } from './mirror-asking.ts'

export interface Sharer {
  readonly plan: Plan
  /** Of the URL. */
  readonly key: string
  readonly request: HeaderFields
  /** Something is stored that may be confirmed: the client's own conditions do not go along. */
  readonly isKnown: boolean
}

/** How many URLs are remembered whose answers were for one client only, and for how long. */
const memory = { max: 10_000, ttl: 60_000 }

const personal = ['authorization', 'cookie']
const conditional = ['if-none-match', 'if-modified-since']

export class Sharing {
  readonly #store: ContentStore
  readonly #unshared = new LRUCache<string, true>(memory)
  #alone = 0

  constructor(store: ContentStore) {
    this.#store = store
  }

  /** The name that a download for this request has for others; undefined when it is not for them. */
  nameFor({ plan, key, request, isKnown }: Sharer): string | undefined {
    if (plan.action === 'store') return key
    const asked = cacheControl(request)
    const isOwn =
      personal.some((name) => hasField(request, name)) ||
      (!isKnown && conditional.some((name) => hasField(request, name)))
    const insists = asked.has('no-store') || asked.has('no-cache')
    if (isOwn || insists || this.#unshared.has(key)) return undefined
    return this.variantName(key, request)
  }

  /** A name that nobody else will ask for. */
  ownName(key: string): string {
    this.#alone += 1
    return `${key}\n${this.#alone}`
  }

  /** The last answer to this URL was for one client only. */
  forbid(key: string): void {
    this.#unshared.set(key, true)
  }

  /** Of the variant that this request asks for, as far as the newest answer tells. */
  variantName(key: string, request: HeaderFields): string {
    const newest = this.#store.entries(key).at(-1)
    const names = Object.keys(newest?.selecting ?? {}).join()
    return variantKey(key, selectingOf({ vary: names }, request) ?? {})
  }
}
