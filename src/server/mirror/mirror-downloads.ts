/**
 * The downloads of one mirror as its requests see them: join one that is running, start one, or have
 * one made behind a client's back.
 */
import { messageOf } from '../../core/errors.ts'
import type { ContentStore, Renaming } from '../../io/cache/content-store.ts'
import type { Fill, FillEnd, FillHead } from '../../io/cache/fill.ts'
import { Fills } from '../../io/cache/fills.ts'
import type { IndexEntry } from '../../io/cache/index-entry.ts'
import { type Origin, discard } from '../../io/cache/origin.ts'
import type { HeaderFields } from '../../wire/http/header-fields.ts'
import { type Plan, fillRequest } from './mirror-asking.ts'
import type { Exchange, MirrorParts } from './mirror-exchange.ts'
import { ExcessWatch } from './mirror-excess.ts'
import { tellFillEnd } from './mirror-fill-end.ts'
import type { Found } from './mirror-lookup.ts'
import { Sharing } from './mirror-sharing.ts'

export interface Wanted {
  readonly plan: Plan
  /** Of the URL. */
  readonly key: string
  /** What is stored for this request, fresh or not. */
  readonly found: Found | undefined
  readonly isLastTry: boolean
  /** What others are downloading is not what this request asks for. */
  readonly isAlone?: boolean
}

export interface Download {
  readonly fill: Fill
  readonly isJoined: boolean
  /** Joined after the origin had answered. */
  readonly isLate: boolean
}

export type PassHead = FillHead & { readonly type: 'pass' }

export type Aside =
  | { readonly type: 'body'; readonly ended: Promise<FillEnd> }
  /** What is stored is the newest, or the best that can be had now. */
  | { readonly type: 'kept' }
  | { readonly type: 'gone' }

export class Downloads {
  readonly #parts: MirrorParts
  readonly #origin: Origin
  readonly #fills: Fills
  readonly #sharing: Sharing
  readonly #excess: ExcessWatch

  constructor(parts: MirrorParts, store: ContentStore, origin: Origin) {
    this.#parts = parts
    this.#origin = origin
    this.#fills = new Fills({ store, origin, clock: parts.clock })
    this.#sharing = new Sharing(store)
    this.#excess = new ExcessWatch(parts, (key) => {
      this.outdate(key)
      for (const entry of store.entries(key)) store.remove(entry.key)
    })
    origin.onExcess(() => this.#excess.found())
  }

  get count(): number {
    return this.#fills.running.length
  }

  async close(): Promise<void> {
    await this.#fills.close()
  }

  /** One that is running and may be shared. */
  find(exchange: Exchange, wanted: Wanted): Fill | undefined {
    const name = this.#nameFor(exchange, wanted)
    return name === undefined ? undefined : this.#fills.find(name)
  }

  /** A running one, or a new one. */
  joinOrStart(exchange: Exchange, wanted: Wanted): Download {
    const running = this.find(exchange, wanted)
    if (running !== undefined) {
      return { fill: running, isJoined: true, isLate: running.isHeadKnown }
    }
    const name = this.#nameFor(exchange, wanted) ?? this.#sharing.ownName(wanted.key)
    return { fill: this.#start(exchange, wanted, name), isJoined: false, isLate: false }
  }

  /** For a client that has been served already. Answers what is not to be stored, if so. */
  async behind(exchange: Exchange, wanted: Wanted): Promise<PassHead | undefined> {
    const name = this.#nameFor(exchange, wanted) ?? wanted.key
    if (this.#fills.find(name) !== undefined) return undefined
    const head = await headOf(this.#start(exchange, wanted, name))
    if (head instanceof Error || head.type !== 'pass') return undefined
    discard(head.response)
    return head
  }

  /**
   * For the mirror's own use, under another key than the URL's: nobody joins it, and what is stored
   * under the URL stays. `entry` may be confirmed by the origin.
   */
  async aside(
    plan: Plan,
    { key, entry }: { readonly key: string; readonly entry?: IndexEntry },
  ): Promise<Aside> {
    const fill = this.#fills.find(key) ?? this.#startAside(plan, { key, entry })
    const head = await headOf(fill)
    if (head instanceof Error) return { type: 'kept' }
    if (head.type === 'body') return { type: 'body', ended: fill.ended }
    if (head.type !== 'pass') return { type: 'kept' }
    discard(head.response)
    return { type: [404, 410].includes(head.response.statusCode) ? 'gone' : 'kept' }
  }

  /** Waits for what is just being published; false when nothing is. */
  async settled(request: HeaderFields, key: string): Promise<boolean> {
    const fill = this.#fills.find(this.#sharing.variantName(key, request))
    if (fill?.isReceived !== true) return false
    await fill.ended
    return true
  }

  /** What is running for this URL is no longer true. */
  outdate(key: string): void {
    this.#fills.outdate(key)
  }

  /** What was stored lies elsewhere from now on. */
  renamed(renamings: readonly Renaming[]): void {
    this.#excess.renamed(renamings)
  }

  /** The last answer to this URL was for one client only: nobody waits for the next. */
  forbidSharing(key: string): void {
    this.#sharing.forbid(key)
  }

  #nameFor({ request }: Exchange, { plan, key, found, isAlone }: Wanted): string | undefined {
    if (isAlone === true) return undefined
    const isKnown = found !== undefined
    return this.#sharing.nameFor({ plan, key, isKnown, request: request.headers })
  }

  #startAside(
    plan: Plan,
    { key, entry }: { readonly key: string; readonly entry?: IndexEntry | undefined },
  ): Fill {
    const request = fillRequest({ plan, key, request: {}, originHost: this.#origin.host, entry })
    return this.#watched(plan, key, this.#fills.start(key, request))
  }

  /** Each download once, however many join it. */
  #watched({ path }: Plan, key: string, fill: Fill): Fill {
    void tellFillEnd(this.#parts, fill, path)
    void this.#excess.watch({ key, file: path }, fill)
    return fill
  }

  #start(exchange: Exchange, { plan, key, found, isLastTry }: Wanted, name: string): Fill {
    const request = fillRequest({
      plan,
      key,
      request: exchange.request.headers,
      originHost: this.#origin.host,
      entry: isLastTry ? undefined : found?.entry,
      onInterim: (status, headers) => exchange.inform(status, headers),
    })
    return this.#watched(plan, key, this.#fills.start(name, request))
  }
}

export async function headOf(fill: Fill): Promise<FillHead | Error> {
  try {
    return await fill.head
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error))
  }
}
