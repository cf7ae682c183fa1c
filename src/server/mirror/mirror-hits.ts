/**
 * Hits that need no second look: a plain GET of what is stored and never changes. The same decisions
 * as the usual way makes, by the same functions; what they said to the very same octets is kept for a
 * moment. Whatever is less plain than that is not answered here.
 */
import { STATUS_CODES } from 'node:http'
import { LRUCache } from 'lru-cache'
import type { ContentStore } from '../../io/cache/content-store.ts'
import type { OpenFile } from '../../io/files/file-tree.ts'
import type { IndexEntry } from '../../io/cache/index-entry.ts'
import { classify, storeKey } from '../../protocol/cache/policy.ts'
import type { Rule } from '../../protocol/cache/rules.ts'
import { formatHttpDate } from '../../wire/http/http-date.ts'
import { type PlainGet, parsePlainGet } from '../../wire/http/plain-get.ts'
import type { FastAnswer, MayWait } from './fast-lane.ts'
import { headFor, hitManner } from './mirror-answer.ts'
import type { Plan } from './mirror-asking.ts'
import { type MirrorParts, tellOutcome } from './mirror-exchange.ts'
import { type Found, Lookup, ownTag } from './mirror-lookup.ts'

export interface MirrorHitsOptions {
  readonly parts: MirrorParts
  readonly store: ContentStore
  readonly rules: readonly Rule[]
  /** How long a connection is kept without a request, milliseconds. */
  readonly patience: number
}

/** A request, by all that it says. */
interface Asked extends PlainGet {
  readonly plan: Plan
  readonly key: string
  readonly last?: Prepared
}

interface Prepared {
  readonly entry: IndexEntry
  readonly at: number
  readonly answer: FastAnswer
}

/** How old a prepared answer may be, milliseconds: its age and its date are in seconds. */
const moment = 50
/** Octets of requests that are remembered, and of their answers, at most. */
const memory = 32 << 20
/** What each costs beside them, about. */
const overhead = 2048
/** Octets; up to here, head and body are one piece. */
const joined = 16 << 10

export class MirrorHits {
  readonly #options: MirrorHitsOptions
  readonly #lookup: Lookup
  readonly #asked = new LRUCache<string, Asked>({
    maxSize: memory,
    sizeCalculation: ({ last }, head) => head.length + sizeOf(last) + overhead,
  })

  constructor(options: MirrorHitsOptions) {
    this.#options = options
    this.#lookup = new Lookup(options.store, options.parts.clock)
  }

  /** The answer to the head of a request, one character for each octet; undefined: not here. */
  find(head: string): FastAnswer | undefined {
    const asked = this.#asked.get(head) ?? this.#read(head)
    if (asked === undefined) return undefined
    const now = this.#options.parts.clock()
    const { last } = asked
    const isRecent = last !== undefined && now >= last.at && now < last.at + moment
    if (isRecent && this.#options.store.isCurrent(last.entry)) return last.answer
    const prepared = this.#prepare(asked, now)
    if (prepared === undefined) {
      this.#asked.delete(head)
      return undefined
    }
    this.#asked.set(head, { ...asked, last: prepared })
    return prepared.answer
  }

  /** Undefined for what is not plainly to be stored for ever. */
  #read(head: string): Asked | undefined {
    const { parts, rules } = this.#options
    const plain = parsePlainGet(head)
    if (plain === undefined) return undefined
    const plan = classify({ method: 'GET', hostLines: 1, ...plain }, rules)
    if (plan.action !== 'store' || plan.rule.lifetime !== undefined) return undefined
    return { ...plain, plan, key: storeKey(parts, plan.target) }
  }

  #prepare(asked: Asked, now: number): Prepared | undefined {
    const found = this.#lookup.find(asked.headers, asked.plan, asked.key)
    if (found?.reuse.type !== 'fresh' || !this.#options.store.isCurrent(found.entry)) {
      return undefined
    }
    const { entry } = found
    const head = this.#head(asked, found, now)
    if (head === undefined) return undefined
    const file = this.#options.store.fileAtHand(entry)
    void file?.close() // octets in memory stay; a file is opened for each client
    const octets = file?.octets
    const answer = {
      ...written(head, octets),
      isLast: isLast(asked),
      size: entry.size,
      open: octets === undefined ? () => this.#open(asked, entry) : undefined,
      done: this.#done(asked, entry),
    }
    return { entry, at: now, answer }
  }

  #open({ plan }: Asked, entry: IndexEntry): MayWait<OpenFile | undefined> {
    const known = this.#options.store.fileAtHand(entry)
    return known ?? this.#lookup.open(entry, plan).then((opened) => opened?.file)
  }

  /** Undefined for an answer that is not the whole body. */
  #head(asked: Asked, { entry, reuse }: Found, now: number): Buffer | undefined {
    const tag = ownTag(entry, asked.plan.action)
    const request = { method: 'GET', headers: asked.headers }
    const { status, headers, body } = headFor({ request }, entry, {
      manner: hitManner(reuse),
      tag,
      now,
    })
    const isWhole = status === 200 && body?.first === 0 && body.length === entry.size
    const fields = {
      ...headers,
      date: formatHttpDate(now),
      ...this.#connectionFields(asked),
    }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    if (!isWhole || entry.size === 0 || !lines.every((line) => plainLine.test(line))) {
      return undefined
    }
    return Buffer.from(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`,
      'latin1',
    )
  }

  #connectionFields(asked: Asked): Record<string, string> {
    if (isLast(asked)) return { connection: 'close' }
    const seconds = Math.floor(this.#options.patience / 1000)
    return { connection: 'keep-alive', 'keep-alive': `timeout=${seconds}` }
  }

  #done({ plan, headers }: Asked, { size, fetchedIn: ms = 0 }: IndexEntry): FastAnswer['done'] {
    const { parts } = this.#options
    const [method, file, agent] = ['GET', plan.path, headers['user-agent']]
    const spared = () => ({ ms, size })
    return ({ ip, startedAt }, bytes) => {
      const reason = bytes === size ? undefined : 'the client left'
      const asked = { method, file, agent, ip, startedAt, spared }
      tellOutcome(parts, asked, { service: 'hit', status: 200, bytes, reason })
    }
  }
}

function sizeOf(prepared: Prepared | undefined): number {
  if (prepared === undefined) return 0
  const { head, body } = prepared.answer
  return head.length + (body?.length ?? 0)
}

function isLast({ headers }: Asked): boolean {
  return headers['connection']?.toLowerCase() === 'close'
}

/** A field that no parser can misread. */
const plainLine = /^[\w-]+: [\t\u0020-\u007e\u0080-\u00ff]*\r\n$/

function written(head: Buffer, body: Uint8Array | undefined): Pick<FastAnswer, 'head' | 'body'> {
  const isShort = body !== undefined && body.length <= joined
  return isShort ? { head: Buffer.concat([head, body]) } : { head, body }
}
