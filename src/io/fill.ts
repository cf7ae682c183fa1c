/**
 * Downloads of payloads that are under way: one per key, however many ask. The fill owns the request
 * to the origin, not the client that came first; every client follows the growing file, and one that
 * leaves stops nothing. A body becomes an object of the store only when it is provably whole.
 *
 * Refuses to serve anybody (`server/mirror-delivery.ts`) and to ask twice: who still has no octet
 * starts another fill.
 */
import { rm } from 'node:fs/promises'
import type { Dispatcher } from 'undici'
import { messageOf } from '../core/errors.ts'
import { fillRequestHeaders, storedHeaders, strongEtag } from '../protocol/cache/headers.ts'
import { admit } from '../protocol/cache/policy.ts'
import type { ContentStore, TemporaryFile } from './content-store.ts'
import { type Follower, GrowingFile } from './growing-file.ts'
import { type Origin, OriginError, originError } from './origin.ts'

export type FillHead =
  | {
      readonly type: 'body'
      /** Octets, when the origin said so. */
      readonly size: number | undefined
      readonly headers: Readonly<Record<string, string>>
      /** The origin's strong entity tag, without quotes. */
      readonly etag: string | undefined
    }
  /** Not for everybody. Who started the fill owns `response` and must send or dump its body. */
  | {
      readonly type: 'pass'
      readonly reason: string
      readonly response: Dispatcher.ResponseData
    }

/** How a fill ended, for events and counters. */
export type FillEnd =
  | { readonly type: 'stored'; readonly bytes: number }
  /** Whole, and served to all who followed, but not kept. */
  | { readonly type: 'unstored'; readonly bytes: number; readonly reason: string }
  | { readonly type: 'broken'; readonly bytes: number; readonly reason: string }
  | { readonly type: 'passed' }

export interface FillOptions {
  readonly key: string
  readonly path: string
  readonly origin: Origin
  readonly store: ContentStore
  readonly signal: AbortSignal
}

const unhelpful = { again: false }

export class Fill {
  readonly #options: FillOptions
  readonly #head = Promise.withResolvers<FillHead>()
  #file: GrowingFile | undefined
  #headKnown = false
  #broken = false
  /** Resolves when all is done, published or given up; never rejects. */
  readonly ended: Promise<FillEnd>

  constructor(options: FillOptions) {
    this.#options = options
    this.#head.promise.catch(() => {}) // whoever waits hears of it; perhaps nobody does
    this.ended = this.#run()
  }

  /** What the origin answers. Rejects with an `OriginError`. */
  get head(): Promise<FillHead> {
    return this.#head.promise
  }

  /** Whether `head` can be had without waiting. */
  get isHeadKnown(): boolean {
    return this.#headKnown
  }

  /** Over without a whole body: nobody should join any more. */
  get isBroken(): boolean {
    return this.#broken
  }

  get received(): number {
    return this.#file?.received ?? 0
  }

  /** From `position` on; undefined when it cannot be joined (any more): pass the request. */
  follow(position: number): Follower | undefined {
    return this.#file?.follow(position)
  }

  /** Resolves when the disk refused the body: it will have no length before it ends. */
  get lostDisk(): Promise<void> {
    return this.#file?.lostDisk ?? Promise.resolve()
  }

  async #run(): Promise<FillEnd> {
    const { origin, path, signal } = this.#options
    try {
      const response = await origin.fetch(path, fillRequestHeaders(origin.host), signal)
      const admission = admit({ status: response.statusCode, headers: response.headers })
      if (admission.action === 'pass') {
        this.#answer({ type: 'pass', reason: admission.reason, response })
        return { type: 'passed' }
      }
      return await this.#fill(response, admission.size)
    } catch (error) {
      this.#broken = true
      this.#head.reject(error)
      return { type: 'broken', bytes: 0, reason: messageOf(error) }
    }
  }

  async #fill(response: Dispatcher.ResponseData, size: number | undefined): Promise<FillEnd> {
    const temporary = await this.#options.store.openTemporary().catch(() => undefined)
    const file = new GrowingFile(temporary?.handle)
    this.#file = file
    const { headers } = response
    const head = { size, headers: storedHeaders(headers), etag: strongEtag(headers) }
    this.#answer({ type: 'body', ...head })
    try {
      await this.#receive(response.body, file, size)
      const sha256 = await file.finish()
      return await this.#publish(file, temporary, { ...head, sha256 })
    } catch (error) {
      const cause = originError(error, this.#options.origin.host)
      this.#broken = true
      file.fail(cause)
      return { type: 'broken', bytes: file.received, reason: cause.message }
    } finally {
      // Followers may be long: the file is closed behind them, its name in tmp/ goes at once.
      if (temporary !== undefined) await rm(temporary.path, { force: true }).catch(() => {})
      void file.close().catch(() => {})
    }
  }

  /** Resolves after the last octet; rejects when it is one too few or too many. */
  async #receive(
    body: Dispatcher.ResponseData['body'],
    file: GrowingFile,
    size: number | undefined,
  ): Promise<void> {
    const { host } = this.#options.origin
    for await (const chunk of body) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('a body is octets')
      const wanted = await file.append(chunk)
      if (!wanted) throw new OriginError(502, 'left off: no disk, and nobody follows', unhelpful)
    }
    if (size !== undefined && file.received !== size) {
      const problem = `${host} sent ${file.received} octets instead of ${size}`
      throw new OriginError(502, problem, { again: true })
    }
  }

  async #publish(
    file: GrowingFile,
    temporary: TemporaryFile | undefined,
    body: {
      readonly sha256: string
      readonly headers: Readonly<Record<string, string>>
      readonly etag: string | undefined
    },
  ): Promise<FillEnd> {
    const bytes = file.received
    if (temporary === undefined || !file.isOnDisk) {
      return { type: 'unstored', bytes, reason: 'the disk refused it' }
    }
    const { sha256, headers, etag = sha256 } = body
    const entry = { key: this.#options.key, sha256, size: bytes, headers, etag }
    try {
      const fits = await this.#options.store.publish(temporary, entry)
      return fits
        ? { type: 'stored', bytes }
        : { type: 'unstored', bytes, reason: 'it is larger than the cache' }
    } catch (error) {
      return { type: 'unstored', bytes, reason: messageOf(error) }
    }
  }

  #answer(head: FillHead): void {
    this.#headKnown = true
    this.#head.resolve(head)
  }
}

/** The fills of one mirror, by key. */
export class Fills {
  readonly #running = new Map<string, Fill>()
  readonly #stop = new AbortController()
  readonly #parts: Pick<FillOptions, 'origin' | 'store'>

  constructor(parts: Pick<FillOptions, 'origin' | 'store'>) {
    this.#parts = parts
  }

  get running(): readonly Fill[] {
    return [...this.#running.values()]
  }

  find(key: string): Fill | undefined {
    const fill = this.#running.get(key)
    return fill === undefined || fill.isBroken ? undefined : fill
  }

  /** Only where `find` has none. It is found until its object is in the store, or it broke. */
  start(key: string, path: string): Fill {
    const fill = new Fill({ ...this.#parts, key, path, signal: this.#stop.signal })
    this.#running.set(key, fill)
    void this.#forget(key, fill)
    return fill
  }

  async #forget(key: string, fill: Fill): Promise<void> {
    await fill.ended
    if (this.#running.get(key) === fill) this.#running.delete(key)
  }

  /** Breaks off what is running. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('shutting down'))
    await Promise.all(this.running.map((fill) => fill.ended))
  }
}
