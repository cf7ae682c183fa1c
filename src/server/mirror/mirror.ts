/**
 * A caching mirror of one origin, as a fastify plugin on `@fastify/http-proxy`: what the rules say
 * is the same for everybody comes out of the store, and is fetched once however many ask; everything
 * else is passed. Register `plugin` where it should answer: at the root of a port of its own, under
 * a prefix of another server, or both.
 *
 * The cache answers in http-proxy's `handler`, never in an asynchronous `preHandler`: after one of
 * those has streamed a body itself, fastify may still run the proxy behind it.
 */
import { METHODS } from 'node:http'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Mac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import type { ContentStore } from '../../io/cache/content-store.ts'
import { Origin, type OriginLimits } from '../../io/cache/origin.ts'
import type { TrustSource } from '../../io/cache/origin-trust.ts'
import type { HostHeader } from '../../protocol/cache/headers.ts'
import { type CacheRequest, classify, originForm } from '../../protocol/cache/policy.ts'
import { type ProfileName, type Rule, rulesOf } from '../../protocol/cache/rules.ts'
import { openFastLane } from './fast-lane.ts'
import { Exchange, type MirrorParts, type MirrorStats } from './mirror-exchange.ts'
import { MirrorHits, type MirrorHitsOptions } from './mirror-hits.ts'
import { Observer } from './mirror-observer.ts'
import { afterPassing } from './mirror-passed.ts'
import { PayloadServer } from './mirror-payloads.ts'
import { passThrough } from './mirror-pass.ts'

export interface MirrorOptions {
  /** As configured: part of every key in the store. */
  readonly name: string
  /** `https://vcsa.lab.example:6501` */
  readonly origin: URL
  readonly trust: TrustSource
  /** Name in the origin's certificate, where it is not that of the URL. */
  readonly servername?: string | undefined
  readonly hostHeader: HostHeader
  readonly profile: ProfileName
  /** Before those of the profile. */
  readonly rules?: readonly Rule[] | undefined
  /** Whether rules are proposed for what is passed. */
  readonly observe?: boolean
  readonly store: ContentStore
  readonly emit: Emit
  readonly macOf: (ip: string) => Mac | undefined
  readonly clock: Clock
  readonly limits?: Partial<OriginLimits>
}

export interface Mirror {
  readonly name: string
  /** May be registered on several servers; each keeps its own prefix, the mirror is one. */
  readonly plugin: FastifyPluginAsync
  /** For a server that is the mirror's alone, before it listens: hits are answered ahead of it. */
  readonly answerAhead: (server: FastifyInstance) => void
  stats(): MirrorStats
  /** Cuts what is running. After the servers have closed. */
  close(): Promise<void>
}

/** Throws when the CA file cannot be read. */
export function mirror(options: MirrorOptions): Mirror {
  const { name, emit, macOf, hostHeader, servername, trust, clock, store } = options
  const counters = noneYet()
  const origin = new Origin({
    url: options.origin,
    trust,
    servername,
    hint: (reason) => emit({ type: 'service.hint', mirror: name, reason }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
  const passReasons = new Map<string, number>()
  const parts: MirrorParts = { name, base: origin.base, emit, macOf, counters, passReasons, clock }
  const rules = rulesOf(options.profile, options.rules)
  const payloads = new PayloadServer({ parts, store, origin, rules })
  const observer = options.observe === true ? new Observer({ name, emit }) : undefined
  const forget = (target: string) => payloads.forget(target)
  const passed = { space: parts, store, rules, forget }

  const answer: Answer = async (request, reply, target, hooks) => {
    const pass = passThrough({ origin, hostHeader, counters }, target, hooks)
    const exchange = new Exchange(parts, request, reply, pass)
    const asked = requestOf(exchange)
    exchange.watch = observer?.watch(asked, exchange.ip)
    exchange.onPassed = (seen) => afterPassing(passed, asked, seen, clock())
    const verdict = classify(asked, rules)
    if (verdict.action === 'refuse') await exchange.refuse(400, verdict.reason)
    else if (verdict.action === 'pass') await exchange.pass(verdict.reason)
    else await payloads.serve(exchange, verdict)
  }
  return {
    name,
    answerAhead: (server) => openLane(server, { parts, store, rules }),
    plugin: (fastify) => Promise.resolve(routes(fastify, origin, answer)),
    stats: () => statsOf(parts, payloads),
    close: async () => {
      await payloads.close()
      await origin.close()
    },
  }
}

function openLane(fastify: FastifyInstance, options: Omit<MirrorHitsOptions, 'patience'>): void {
  const hits = new MirrorHits({ ...options, patience: fastify.server.keepAliveTimeout })
  const end = openFastLane(fastify.server, (head) => hits.find(head))
  fastify.addHook('preClose', (done) => {
    end()
    done()
  })
}

function statsOf(parts: MirrorParts, { filling }: PayloadServer): MirrorStats {
  const { name, base: origin, counters } = parts
  return { name, origin, ...counters, passReasons: Object.fromEntries(parts.passReasons), filling }
}

type Answer = (
  request: FastifyRequest,
  reply: FastifyReply,
  target: string,
  hooks: Parameters<FastifyReply['from']>[1] & object,
) => Promise<void>

function requestOf({ request: { raw } }: Exchange): CacheRequest {
  return {
    method: raw.method ?? '',
    target: raw.url ?? '',
    headers: raw.headers,
    hostLines: hostLines(raw.rawHeaders),
  }
}

function routes(fastify: FastifyInstance, origin: Origin, answer: Answer): void {
  // Every body is streamed as it comes; fastify's own parsers would read text and JSON.
  fastify.removeAllContentTypeParsers()
  for (const method of METHODS) {
    const isKnown = fastify.supportedMethods.includes(method) || method === 'CONNECT'
    if (!isKnown) fastify.addHttpMethod(method, { hasBody: true })
  }
  fastify.setErrorHandler((error, _request, reply) => {
    const status =
      error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
        ? error.statusCode
        : 502
    return reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .send(`${messageOf(error)}\n`)
  })
  fastify.register(httpProxy, {
    upstream: origin.base,
    rewritePrefix: fastify.prefix === '' ? '/' : fastify.prefix,
    httpMethods: fastify.supportedMethods,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- typed for the undici it brings
    undici: origin.requests as object,
    retryMethods: [], // and so no answer is ever asked for twice, 503 included
    disableRequestLogging: true,
    disableCache: true, // URLs of a boot are many and each is short
    preRewrite: (url) => originForm(url),
    handler: (request, reply, target, hooks) => answer(request, reply, target, hooks),
  })
}

function hostLines(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length
}

function noneYet(): MirrorParts['counters'] {
  return {
    hits: 0,
    joins: 0,
    fills: 0,
    passes: 0,
    errors: 0,
    refusals: 0,
    broken: 0,
    originBytes: 0,
    servedBytes: 0,
    sparedMs: 0,
  }
}
