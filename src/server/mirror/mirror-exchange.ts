/**
 * One request to a mirror: who asks for what, and how it is told when it is over. Every request ends
 * in exactly one event and in the counters; its query and its bodies are in neither.
 */
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Dispatcher } from 'undici'
import type { Mac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import type { Emit, EventType } from '../../core/events.ts'
import { plainAddress } from '../../core/ipv6.ts'
import { discard } from '../../io/cache/origin.ts'
import type { HeaderFields } from '../../wire/http/header-fields.ts'
import { endToEnd } from '../../protocol/cache/headers.ts'
import { type KeySpace, pathOf } from '../../protocol/cache/policy.ts'

import type { Watch } from './mirror-observer.ts'

/** What a mirror has done since it was started. */
export interface MirrorStats {
  readonly name: string
  /** `https://vcsa:6501` */
  readonly origin: string
  readonly hits: number
  readonly joins: number
  readonly fills: number
  readonly passes: number
  /** Requests that ended in an error of the origin's. */
  readonly errors: number
  /** Requests that the mirror answered with no itself: malformed ones, and `only-if-cached`. */
  readonly refusals: number
  /** Downloads that ended early. */
  readonly broken: number
  /** What hits and joins spared the origin: the time that it took for those bodies, milliseconds. */
  readonly sparedMs: number
  /** How many passes each reason had. */
  readonly passReasons: Readonly<Record<string, number>>
  /** Octets of bodies that the origin sent. */
  readonly originBytes: number
  /** Octets of bodies that clients got. */
  readonly servedBytes: number
  /** Downloads under way. */
  readonly filling: number
}

export type Counters = {
  -readonly [K in keyof Omit<MirrorStats, 'name' | 'origin' | 'filling' | 'passReasons'>]: number
}

/** How a request was served: the event it ends in, its counter, and what `X-Cache` says. */
export const services = {
  hit: { event: 'mirror.hit', counter: 'hits', header: 'HIT' },
  join: { event: 'mirror.join', counter: 'joins', header: 'JOIN' },
  fill: { event: 'mirror.fill', counter: 'fills', header: 'MISS' },
  pass: { event: 'mirror.pass', counter: 'passes', header: 'PASS' },
  error: { event: 'mirror.error', counter: 'errors', header: 'PASS' },
  refusal: { event: 'mirror.refused', counter: 'refusals', header: 'PASS' },
} as const satisfies Record<string, { event: EventType; counter: keyof Counters; header: string }>

export type Service = keyof typeof services

export interface Outcome {
  readonly service: Service
  readonly status: number
  readonly bytes: number
  readonly reason?: string | undefined
}

/** How long the origin took to send so many octets. */
export interface OriginWork {
  readonly ms: number
  readonly size: number
}

/** What the parts of a mirror share. */
export interface MirrorParts extends KeySpace {
  readonly emit: Emit
  /** The machine that has this address, if it is known. */
  readonly macOf: (ip: string) => Mac | undefined
  readonly counters: Counters
  readonly passReasons: Map<string, number>
  readonly clock: Clock
}

/** What an answer is that went past the cache. */
export interface PassedAnswer {
  readonly status: number
  readonly headers: HeaderFields
}

/** The way past the cache. */
export interface PassThrough {
  ask(exchange: Exchange, reason: string): unknown
  hand(exchange: Exchange, response: Dispatcher.ResponseData, reason: string): unknown
}

export class Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** The client's address; IPv4 in its own form on a socket that takes both. */
  readonly ip: string
  /** Told of the answer to a request that is passed, before the client gets it. */
  onPassed: ((answer: PassedAnswer) => void) | undefined
  /** What the origin needed for the body, where this client's own request cost it nothing. */
  spared: (() => OriginWork) | undefined
  /** Sees the body of a passed answer. */
  watch: Watch | undefined
  readonly #passThrough: PassThrough
  readonly #parts: MirrorParts
  readonly #socket: Socket
  readonly #startedAt = performance.now()
  #told = false

  constructor(
    parts: MirrorParts,
    request: FastifyRequest,
    reply: FastifyReply,
    passThrough: PassThrough,
  ) {
    this.#parts = parts
    this.request = request
    this.reply = reply
    this.#passThrough = passThrough
    this.#socket = request.socket // fastify's request loses it when the connection closes
    this.ip = plainAddress(request.socket.remoteAddress ?? '')
  }

  /** Hands the request to the origin as it is. */
  pass(reason: string): unknown {
    if (this.reply.raw.headersSent) return this.fail(502, reason)
    return this.#passThrough.ask(this, reason)
  }

  /** Gives the client an answer of the origin's that nobody else may have. */
  passOn(response: Dispatcher.ResponseData, reason: string): unknown {
    if (this.reply.raw.headersSent) {
      discard(response)
      return this.fail(502, reason)
    }
    return this.#passThrough.hand(this, response, reason)
  }

  /** Sends an answer before the answer on its way (1xx), to those who understand it. */
  inform(status: number, headers: HeaderFields): void {
    const { raw } = this.reply
    if (raw.headersSent || this.request.raw.httpVersion !== '1.1') return
    if (status === 102) raw.writeProcessing()
    if (status === 103) raw.writeEarlyHints(earlyHints(headers))
  }

  get isGone(): boolean {
    return this.reply.raw.destroyed
  }

  /** The request is over. Only the first word counts. */
  end(outcome: Outcome): void {
    if (this.#told) return
    this.#told = true
    const { method, raw, headers } = this.request
    const [ip, startedAt, spared] = [this.ip, this.#startedAt, this.spared]
    const asked = { method, file: pathOf(raw.url ?? ''), agent: headers['user-agent'] }
    tellOutcome(this.#parts, { ...asked, ip, startedAt, spared }, outcome)
  }

  /** Says no to what was asked: the origin has no part in it. */
  async refuse(status: number, sentence: string): Promise<void> {
    await this.#sayNo('refusal', status, sentence)
  }

  /** Tells what is wrong with the origin. */
  async fail(status: number, sentence: string): Promise<void> {
    await this.#sayNo('error', status, sentence)
  }

  /** Answers with one plain sentence; an answer that has begun as something else is cut. */
  async #sayNo(service: Service, status: number, sentence: string): Promise<void> {
    this.end({ service, status, bytes: 0, reason: sentence })
    if (this.reply.raw.headersSent) this.cut()
    else await this.reply.code(status).type('text/plain; charset=utf-8').send(`${sentence}\n`)
  }

  /** Ends the connection in a way that nobody can take for the end of a body. */
  cut(): void {
    this.#socket.destroy()
  }
}

export interface Asked {
  readonly method: string
  /** The path, without its query. */
  readonly file: string
  readonly agent: string | undefined
  readonly ip: string
  /** `performance.now()` */
  readonly startedAt: number
  /** What the origin would have taken, asked at the end. */
  readonly spared?: Exchange['spared']
}

/** Each request ends in this, once. */
export function tellOutcome(
  { name: mirror, emit, macOf, counters, passReasons }: MirrorParts,
  { method, file, agent, ip, startedAt, spared }: Asked,
  { service, status, bytes, reason }: Outcome,
): void {
  const { event: type, counter } = services[service]
  counters[counter] += 1
  counters.servedBytes += bytes
  counters.sparedMs += sparedBy(spared, bytes)
  if (service === 'pass') countReason(passReasons, reason ?? 'no reason')
  const ms = Math.round(performance.now() - startedAt)
  const mac = macOf(ip)
  emit({ type, mirror, method, file, agent, ip, mac, status, bytes, ms, reason })
}

/** The share of a body that a client got is the share of the work. */
function sparedBy(spared: Exchange['spared'], bytes: number): number {
  if (spared === undefined || bytes === 0) return 0
  const { ms, size } = spared()
  return ms * Math.min(1, bytes / Math.max(1, size))
}

/** Reasons are sentences of ours; should one hold what a stranger wrote, memory stays bounded. */
const mostReasons = 50

function countReason(reasons: Map<string, number>, reason: string): void {
  const name = reasons.has(reason) || reasons.size < mostReasons ? reason : 'other'
  reasons.set(name, (reasons.get(name) ?? 0) + 1)
}

function earlyHints(headers: HeaderFields): Record<string, string | string[]> {
  const hints: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(endToEnd(headers))) {
    hints[name] = typeof value === 'string' ? value : [...value]
  }
  return hints
}
