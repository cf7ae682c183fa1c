/**
 * Requests for what may be stored: from the store, or following a download that is running, or
 * starting one. Whatever turns out not to be for everybody is passed. Which generation of a repository
 * is given out: `mirror-repository.ts`.
 */
import { UpstreamError, messageOf } from '../../core/errors.ts'
import type { ContentStore } from '../../io/cache/content-store.ts'
import type { Fill, SharedAnswer } from '../../io/cache/fill.ts'
import type { IndexEntry } from '../../io/cache/index-entry.ts'
import { type Origin, OriginError, discard } from '../../io/cache/origin.ts'
import { cacheControl } from '../../protocol/cache/directives.ts'
import { storeKey } from '../../protocol/cache/policy.ts'
import { type Reuse, isFailure, reuse } from '../../protocol/cache/reuse.ts'
import type { Rule } from '../../protocol/cache/rules.ts'
import { selects } from '../../protocol/cache/variants.ts'
import { type Manner, hitManner } from './mirror-answer.ts'
import type { Plan } from './mirror-asking.ts'
import { type Download, Downloads, type PassHead, type Wanted, headOf } from './mirror-downloads.ts'
import type { Exchange, MirrorParts } from './mirror-exchange.ts'
import { followFill, mustWait } from './mirror-follow.ts'
import { type Found, Lookup } from './mirror-lookup.ts'
import { Repositories } from './mirror-repository.ts'
import { type OpenedObject, sendStored } from './mirror-stored.ts'

export interface PayloadServerOptions {
  readonly parts: MirrorParts
  readonly store: ContentStore
  readonly origin: Origin
  readonly rules: readonly Rule[]
}

export class PayloadServer {
  readonly #parts: MirrorParts
  readonly #lookup: Lookup
  readonly #downloads: Downloads
  readonly #repositories: Repositories

  constructor({ parts, store, origin, rules }: PayloadServerOptions) {
    this.#parts = parts
    this.#lookup = new Lookup(store, parts.clock)
    this.#downloads = new Downloads(parts, store, origin)
    const downloads = this.#downloads
    this.#repositories = new Repositories({ mirror: parts, store, downloads, rules })
  }

  /** Downloads under way. */
  get filling(): number {
    return this.#downloads.count
  }

  async close(): Promise<void> {
    await this.#downloads.close()
  }

  /** Resolves when the answer is complete or handed on. */
  async serve(exchange: Exchange, plan: Plan): Promise<unknown> {
    const { headers } = exchange.request
    const former = this.#repositories.formerKeyFor(exchange.ip, plan)
    if (former !== undefined && (await this.#serveFresh(exchange, plan, former))) return undefined
    const key = storeKey(this.#parts, plan.target)
    if (await this.#serveFresh(exchange, plan, key)) return undefined
    if (plan.action === 'headers' && (await this.#downloads.settled(headers, key))) {
      if (await this.#serveFresh(exchange, plan, key)) return undefined
    }
    if (cacheControl(headers).has('only-if-cached')) {
      return await exchange.refuse(504, 'not in the cache')
    }
    // No pause between a miss and the look at the running fills: one may just be ending.
    const found = this.#lookup.find(headers, plan, key)
    return await this.#serveFromOrigin(exchange, { plan, key, found, isLastTry: false })
  }

  /** The origin has something else by now: what is stored goes, what is on its way is not kept. */
  forget(target: string): void {
    const key = storeKey(this.#parts, target)
    this.#downloads.outdate(key)
    this.#lookup.removeAll(key)
  }

  async #serveFresh(exchange: Exchange, plan: Plan, key: string): Promise<boolean> {
    const found = await this.#current(plan, this.#lookup.find(exchange.request.headers, plan, key))
    if (found === undefined || found.reuse.type === 'revalidate') return false
    const opened = await this.#open(exchange, found.entry, plan)
    if (opened === undefined) return false
    const wanted = { plan, key, found, isLastTry: false }
    if (found.reuse.type === 'meanwhile') void this.#revalidate(exchange, wanted)
    await this.#sendStored(exchange, opened, found.reuse)
    return true
  }

  /** Metadata of a repository is as fresh as the generation that it belongs to. */
  async #current(plan: Plan, found: Found | undefined): Promise<Found | undefined> {
    if (found?.reuse.type !== 'revalidate') return found
    const { role } = plan.rule
    const isCurrent =
      (role === 'member' && this.#repositories.isCurrent(plan)) ||
      (role === 'index' && (await this.#repositories.look(plan, found.entry)))
    return isCurrent ? { ...found, reuse: { ...found.reuse, type: 'fresh' } } : found
  }

  async #serveFromOrigin(exchange: Exchange, wanted: Wanted): Promise<unknown> {
    const isHead = exchange.request.method === 'HEAD'
    if (isHead && this.#downloads.find(exchange, wanted)?.isHeadKnown !== true) {
      return exchange.pass('HEAD of what is not here')
    }
    const download = this.#downloads.joinOrStart(exchange, wanted)
    const head = await headOf(download.fill)
    if (head instanceof Error) return await this.#withoutOrigin(exchange, wanted, head)
    switch (head.type) {
      case 'body':
        return await this.#serveBody(exchange, wanted, { ...download, answer: head.answer })
      case 'unchanged':
        return await this.#serveConfirmed(exchange, wanted, download.isJoined)
      case 'pass':
        return await this.#passOn(exchange, wanted, { head, isJoined: download.isJoined })
      case 'useless':
        return await this.#again(exchange, { ...wanted, isAlone: true }, uselessly(head.reason))
    }
  }

  async #serveBody(
    exchange: Exchange,
    wanted: Wanted,
    download: Download & { readonly answer: SharedAnswer },
  ): Promise<unknown> {
    const { fill, answer, isJoined } = download
    if (isJoined && !this.#suits(exchange, wanted, download)) {
      return await this.#serveFromOrigin(exchange, { ...wanted, isAlone: true })
    }
    if (wanted.plan.rule.role === 'index') return await this.#serveIndex(exchange, wanted, fill)
    if (mustWait(exchange, answer)) return await this.#serveWhole(exchange, wanted, fill)
    const manner = mannerOf(wanted, isJoined)
    if (isJoined) exchange.spared = () => ({ ms: fill.elapsed, size: fill.received })
    const end = await followFill(exchange, { fill, answer, manner, now: this.#parts.clock() })
    if (end === 'again') return await this.#again(exchange, wanted, brokeOff)
    if (end === 'late') return exchange.pass('the disk is full')
    return undefined
  }

  /** The first index of a repository is held back for what it names, and asked for anew without that. */
  async #serveIndex(exchange: Exchange, wanted: Wanted, fill: Fill): Promise<unknown> {
    const isComplete = await this.#repositories.complete(wanted.plan, fill.ended)
    if (isComplete || wanted.isLastTry) return await this.#serveWhole(exchange, wanted, fill)
    this.#lookup.removeAll(wanted.key)
    return await this.#again(exchange, { ...wanted, found: undefined }, replaced)
  }

  /** Whether a running download is what this request asks for; a late one must not want a newer. */
  #suits(
    { request }: Exchange,
    { plan }: Wanted,
    { answer, isLate }: { readonly answer: SharedAnswer; readonly isLate: boolean },
  ): boolean {
    if (!selects(answer.selecting ?? {}, request.headers)) return false
    if (!isLate || plan.action === 'store') return true
    return reuse(answer, request.headers, plan.rule, this.#parts.clock()).type !== 'revalidate'
  }

  /** For a client that must be told the length, which only the whole body has. */
  async #serveWhole(exchange: Exchange, wanted: Wanted, fill: Fill): Promise<unknown> {
    const place = fill.follow(0) // keeps the download going, should the disk fail
    try {
      await Promise.race([fill.ended, fill.lostDisk])
    } finally {
      place?.leave()
    }
    if (fill.isBroken) return await this.#again(exchange, wanted, brokeOff)
    const isServed = await this.#serveWhatIsThere(exchange, wanted, mannerOf(wanted, true))
    return isServed ? undefined : exchange.pass('it could not be stored')
  }

  /** The origin has confirmed what is stored: whoever waited for that gets it, however old. */
  async #serveConfirmed(exchange: Exchange, wanted: Wanted, isJoined: boolean): Promise<unknown> {
    const status = { fwd: 'stale', 'fwd-status': 304, collapsed: isJoined } as const
    const manner = { status, reason: 'revalidated' }
    const isServed = await this.#serveWhatIsThere(exchange, wanted, manner)
    return isServed
      ? undefined
      : await this.#again(exchange, { ...wanted, isAlone: true }, vanished)
  }

  async #serveWhatIsThere(
    exchange: Exchange,
    { plan, key }: Wanted,
    manner: Partial<Manner>,
  ): Promise<boolean> {
    const found = this.#lookup.find(exchange.request.headers, plan, key)
    const opened = found === undefined ? undefined : await this.#open(exchange, found.entry, plan)
    if (found === undefined || opened === undefined) return false
    await this.#sendStored(exchange, opened, found.reuse, manner)
    return true
  }

  /** Undefined when its body has gone meanwhile. Who is given an index goes by it afterwards. */
  async #open(
    exchange: Exchange,
    entry: IndexEntry,
    plan: Plan,
  ): Promise<OpenedObject | undefined> {
    const opened = await this.#lookup.open(entry, plan)
    if (opened !== undefined) this.#repositories.wasRead(exchange.ip, plan, opened.entry)
    return opened
  }

  async #sendStored(
    exchange: Exchange,
    opened: OpenedObject,
    known: Reuse,
    manner: Partial<Manner> = {},
  ): Promise<void> {
    const { fetchedIn: ms = 0, size } = opened.entry
    exchange.spared = () => ({ ms, size })
    await sendStored(exchange, opened, { ...hitManner(known), ...manner }, this.#parts.clock())
  }

  async #revalidate(exchange: Exchange, wanted: Wanted): Promise<void> {
    const head = await this.#downloads.behind(exchange, wanted)
    if (head !== undefined) this.#outdate(wanted, head)
  }

  /** The origin could not be asked: what is stored may do. */
  async #withoutOrigin(exchange: Exchange, wanted: Wanted, error: Error): Promise<unknown> {
    const isServed = await this.#serveStale(exchange, wanted, 'ifUnreachable', messageOf(error))
    return isServed ? undefined : await this.#again(exchange, wanted, error)
  }

  async #serveStale(
    exchange: Exchange,
    { plan, found }: Wanted,
    allowance: 'ifUnreachable' | 'ifFailing',
    problem: string,
  ): Promise<boolean> {
    if (found?.reuse.type !== 'revalidate' || !found.reuse[allowance]) return false
    if (exchange.reply.raw.headersSent) return false
    const opened = await this.#open(exchange, found.entry, plan)
    if (opened === undefined) return false
    await this.#sendStored(exchange, opened, found.reuse, { reason: `stale: ${problem}` })
    return true
  }

  /** The answer to the fill's own request goes to who caused it; everybody else asks for himself. */
  async #passOn(
    exchange: Exchange,
    wanted: Wanted,
    { head, isJoined }: { readonly head: PassHead; readonly isJoined: boolean },
  ): Promise<unknown> {
    const { reason, response } = head
    const { statusCode } = response
    const problem = `the origin answered ${statusCode}`
    if (isFailure(statusCode) && (await this.#serveStale(exchange, wanted, 'ifFailing', problem))) {
      if (!isJoined) discard(response)
      return undefined
    }
    if (isJoined) return exchange.pass(reason)
    this.#outdate(wanted, head)
    if (exchange.request.headers.range === undefined) return exchange.passOn(response, reason)
    await response.body.dump().catch(() => {})
    return exchange.pass(reason)
  }

  /** An answer that may not be stored: what it takes the place of goes, and nobody waits for it. */
  #outdate({ plan, key, found }: Wanted, { response: { statusCode } }: PassHead): void {
    if (plan.action === 'headers') this.#downloads.forbidSharing(key)
    if (plan.rule.role === 'member' && [404, 410].includes(statusCode)) {
      this.#repositories.lost(plan)
    }
    if (found !== undefined && [200, 404, 410].includes(statusCode))
      this.#lookup.remove(found.entry)
  }

  /** Once more for who has nothing yet, if that could help; then 502. */
  async #again(exchange: Exchange, wanted: Wanted, error: Error): Promise<unknown> {
    const helps = error instanceof OriginError && error.again
    if (helps && !wanted.isLastTry && !exchange.isGone) {
      return await this.#serveFromOrigin(exchange, { ...wanted, isLastTry: true })
    }
    const status = error instanceof UpstreamError ? error.status : 502
    return await exchange.fail(status, `the origin failed: ${messageOf(error)}`)
  }
}

const helpful = { again: true }
const brokeOff = new OriginError(502, 'the download broke off', helpful)
const replaced = new OriginError(502, 'what its index names is gone', helpful)
const vanished = new OriginError(502, 'what it confirmed is gone', helpful)

function uselessly(reason: string): OriginError {
  return new OriginError(502, reason, helpful)
}

function mannerOf({ found }: Wanted, isJoined: boolean): Manner {
  const fwd = found === undefined ? 'uri-miss' : 'stale'
  return isJoined
    ? { service: 'join', status: { fwd, collapsed: true } }
    : { service: 'fill', status: { fwd, stored: true } }
}
