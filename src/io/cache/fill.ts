/**
 * Downloads of payloads that are under way: one per key, however many ask. The fill owns the request
 * to the origin, not the client that came first; every client follows the growing file, and one that
 * leaves stops nothing. A body becomes an object of the store only when it is provably whole.
 *
 * A body that breaks off is gone on with where the origin proves that the rest belongs to it;
 * otherwise who still has no octet starts another fill. Refuses to serve anybody, and to judge
 * answers: see `server/mirror/mirror-payloads.ts`.
 */
import { rm } from 'node:fs/promises'
import type { Dispatcher } from 'undici'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { HeaderFields } from '../../wire/http/header-fields.ts'
import type { DatedAnswer } from '../../protocol/cache/freshness.ts'
import { type Beginning, resumeHeaders, sizeWithRest } from '../../protocol/cache/resume.ts'
import type { ContentStore } from './content-store.ts'
import { type Follower, GrowingFile } from './growing-file.ts'
import type { IndexEntry } from './index-entry.ts'
import type { TemporaryFile } from '../files/temporary-files.ts'
import { type Origin, OriginError, discard, originError } from './origin.ts'

/** An answer for everybody who may have it. */
export interface SharedAnswer extends Omit<
  IndexEntry,
  'sha256' | 'size' | 'storedAt' | 'fetchedIn'
> {
  /** Octets, when the origin said so. */
  readonly size: number | undefined
}

/** What is to be made of an answer, as far as its header tells. */
export type Judgement =
  | { readonly action: 'store'; readonly answer: SharedAnswer }
  /** A 304: what is stored is confirmed, with these header fields from now on. */
  | {
      readonly action: 'unchanged'
      readonly entry: IndexEntry
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly action: 'pass'; readonly reason: string }
  /** An answer that makes no sense to anybody: ask again, without conditions. */
  | { readonly action: 'useless'; readonly reason: string }

export type FillHead =
  | { readonly type: 'body'; readonly answer: SharedAnswer }
  | { readonly type: 'unchanged' }
  | { readonly type: 'useless'; readonly reason: string }
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
  /** Nothing of it is ours: passed on, or what is stored was confirmed. */
  | { readonly type: 'passed' }

/** What to ask the origin for, and how to take its answer. */
export interface FillRequest {
  /** `/path?query` */
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly judge: (answer: DatedAnswer) => Judgement
  /** Told of answers before the answer (1xx). */
  readonly onInterim?: ((status: number, headers: HeaderFields) => void) | undefined
}

export interface FillParts {
  readonly origin: Origin
  readonly store: ContentStore
  readonly clock: Clock
}

export interface FillOptions extends FillParts {
  readonly request: FillRequest
  readonly signal: AbortSignal
}

/** What is still to come, and of how many octets in all, as far as they are known. */
interface Rest {
  readonly response: Dispatcher.ResponseData
  readonly size: number | undefined
}

const unhelpful = { again: false }

/** How often a body that breaks off is gone on with. */
const resumptions = 4

export class Fill {
  readonly #options: FillOptions
  readonly #head = Promise.withResolvers<FillHead>()
  readonly #startedAt = performance.now()
  #took: number | undefined
  #file: GrowingFile | undefined
  #headKnown = false
  #broken = false
  #received = false
  #outdated = false
  #refusal = 'the disk refused it'
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

  /** All octets are here; all that is left is to publish them. */
  get isReceived(): boolean {
    return this.#received
  }

  /** Over without a whole body: nobody should join any more. */
  get isBroken(): boolean {
    return this.#broken
  }

  /** What it brings is no longer true: who follows gets it, who asks from now on does not. */
  outdate(): void {
    this.#outdated = true
  }

  get received(): number {
    return this.#file?.received ?? 0
  }

  /** How long it has taken so far, until its last octet, milliseconds. */
  get elapsed(): number {
    return this.#took ?? Math.round(performance.now() - this.#startedAt)
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
    try {
      return await this.#ask()
    } catch (error) {
      this.#broken = true
      this.#head.reject(error)
      return { type: 'broken', bytes: 0, reason: messageOf(error) }
    }
  }

  async #ask(): Promise<FillEnd> {
    const { request, store, clock } = this.#options
    const requestedAt = clock()
    const response = await this.#fetch(request.headers)
    const times = { requestedAt, respondedAt: clock() }
    const { statusCode: status, headers } = response
    const judged = request.judge({ status, headers, ...times })
    if (judged.action === 'store') return await this.#fill(response, judged.answer)
    if (judged.action === 'pass') {
      this.#answer({ type: 'pass', reason: judged.reason, response })
      return { type: 'passed' }
    }
    discard(response)
    if (judged.action === 'useless') this.#answer({ type: 'useless', reason: judged.reason })
    else {
      store.confirm(judged.entry, { headers: judged.headers, ...times })
      this.#answer({ type: 'unchanged' })
    }
    return { type: 'passed' }
  }

  async #fetch(headers: FillRequest['headers']): Promise<Dispatcher.ResponseData> {
    const { origin, request, signal } = this.#options
    return await origin.fetch(request.target, headers, { signal, onInterim: request.onInterim })
  }

  async #fill(response: Dispatcher.ResponseData, answer: SharedAnswer): Promise<FillEnd> {
    const temporary = await this.#openTemporary(answer.size)
    const file = new GrowingFile(temporary?.handle)
    this.#file = file
    this.#answer({ type: 'body', answer })
    try {
      await this.#receive(response, file, answer.size)
      this.#received = true
      this.#took = this.elapsed
      const body = { size: file.received, fetchedIn: this.#took, sha256: await file.finish() }
      return await this.#publish(file, temporary, { ...answer, ...body })
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

  /** Undefined when the disk refuses; the body then lives in memory. */
  async #openTemporary(size: number | undefined): Promise<TemporaryFile | undefined> {
    try {
      return await this.#options.store.openTemporary(size)
    } catch (error) {
      this.#refusal = messageOf(error)
      return undefined
    }
  }

  /** Resolves after the last octet; rejects when it is one too few or too many. */
  async #receive(
    response: Dispatcher.ResponseData,
    file: GrowingFile,
    size: number | undefined,
  ): Promise<void> {
    let current: Rest = { response, size }
    for (let left = resumptions; ; left -= 1) {
      try {
        return await this.#append(current.response.body, file, current.size)
      } catch (error) {
        const cause = originError(error, this.#options.origin.host)
        const { received } = file
        const beginning = { headers: response.headers, received, size: current.size }
        const next = left > 0 && cause.again ? await this.#resume(beginning) : undefined
        if (next === undefined) throw cause
        current = next
      }
    }
  }

  async #append(
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

  /** The rest of a body, if the origin proves that it is the rest of this one. */
  async #resume(beginning: Beginning): Promise<Rest | undefined> {
    const { received, size, headers } = beginning
    if (received === 0 || received >= (size ?? Number.POSITIVE_INFINITY)) return undefined
    const conditions = resumeHeaders(headers, received)
    if (conditions === undefined) return undefined
    const response = await this.#fetch({ ...this.#options.request.headers, ...conditions })
    const { statusCode: status, headers: answered } = response
    const total = sizeWithRest({ status, headers: answered }, beginning)
    if (total !== undefined) return { response, size: total }
    discard(response)
    return undefined
  }

  async #publish(
    file: GrowingFile,
    temporary: TemporaryFile | undefined,
    entry: Omit<IndexEntry, 'storedAt'>,
  ): Promise<FillEnd> {
    const bytes = file.received
    if (temporary === undefined || !file.isOnDisk) {
      return { type: 'unstored', bytes, reason: this.#refusal }
    }
    if (this.#outdated) return { type: 'unstored', bytes, reason: 'it has changed meanwhile' }
    try {
      const fits = await this.#options.store.publish(temporary, entry, () => !this.#outdated)
      if (fits) return { type: 'stored', bytes }
      const reason = this.#outdated ? 'it has changed meanwhile' : 'it is larger than the cache'
      return { type: 'unstored', bytes, reason }
    } catch (error) {
      return { type: 'unstored', bytes, reason: messageOf(error) }
    }
  }

  #answer(head: FillHead): void {
    this.#headKnown = true
    this.#head.resolve(head)
  }
}
