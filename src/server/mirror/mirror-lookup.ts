/** What the store has for a request, and whether it may be given out. */
import type { Clock } from '../../core/clock.ts'
import type { ContentStore } from '../../io/cache/content-store.ts'
import type { IndexEntry } from '../../io/cache/index-entry.ts'
import type { HeaderFields } from '../../wire/http/header-fields.ts'
import { type Reuse, reuse } from '../../protocol/cache/reuse.ts'
import { selects } from '../../protocol/cache/variants.ts'
import type { Plan } from './mirror-asking.ts'
import type { OpenedObject } from './mirror-stored.ts'

export interface Found {
  readonly entry: IndexEntry
  readonly reuse: Reuse
}

export class Lookup {
  readonly #store: ContentStore
  readonly #clock: Clock

  constructor(store: ContentStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** The newest of what is stored for this URL and for requests like this one. */
  find(request: HeaderFields, plan: Plan, key: string): Found | undefined {
    const [entry] = this.#store
      .entries(key)
      .filter(({ selecting = {} }) => selects(selecting, request))
      .sort((one, other) => other.respondedAt - one.respondedAt)
    if (entry === undefined) return undefined
    return { entry, reuse: reuse(entry, request, plan.rule, this.#clock()) }
  }

  /** Undefined when its body has gone meanwhile. */
  async open(entry: IndexEntry, { action }: Plan): Promise<OpenedObject | undefined> {
    const stored = this.#store.find(entry.key)
    const file = await stored?.openFile()
    if (stored === undefined || file === undefined) return undefined
    return { entry: stored, file, tag: ownTag(stored, action) }
  }

  /** With all its variants. */
  removeAll(primary: string): void {
    for (const { key } of this.#store.entries(primary)) this.#store.remove(key)
  }

  remove(entry: IndexEntry): void {
    this.#store.remove(entry.key)
  }
}

/** Without quotes; undefined where the origin's word is all there is. */
export function ownTag({ sha256 }: IndexEntry, action: Plan['action']): string | undefined {
  return action === 'store' ? sha256 : undefined
}
