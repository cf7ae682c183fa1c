/**
 * What goes past the cache: the request as it came, the answer as it came, nothing kept, nothing
 * asked twice. A machine that is told 503 must hear of it; it is vCenter's way to say "not yet".
 */
import { type Readable, Transform, pipeline } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { type Origin, discard, originError } from '../../io/cache/origin.ts'
import { type HostHeader, endToEnd, passRequestHeaders } from '../../protocol/cache/headers.ts'
import { cacheStatus } from '../../protocol/cache/cache-status.ts'
import { isFramed as bodyIsFramed } from '../../protocol/cache/policy.ts'
import type { HeaderFields } from '../../wire/http/header-fields.ts'
import type { Counters, Exchange, PassThrough } from './mirror-exchange.ts'

export interface PassOptions {
  readonly origin: Origin
  readonly hostHeader: HostHeader
  readonly counters: Counters
}

type FromOptions = NonNullable<Parameters<FastifyReply['from']>[1]>

/** `target` and `hooks` are what http-proxy made of one request. */
export function passThrough(options: PassOptions, target: string, hooks: FromOptions): PassThrough {
  return {
    ask(exchange, reason) {
      const own = askingOptions(exchange, options, follow(exchange, options.counters, reason))
      return exchange.reply.from(target, { ...hooks, ...own })
    },
    hand(exchange, response, reason) {
      const count = follow(exchange, options.counters, reason)
      if (exchange.isGone) return discard(response)
      const { reply } = exchange
      for (const [name, value] of Object.entries(endToEnd(response.headers))) {
        reply.header(name, value)
      }
      reply.code(response.statusCode).header('x-cache', 'PASS')
      tell(exchange, bodyIsFramed(response.headers))
      return reply.send(count(response.body))
    },
  }
}

function askingOptions(
  exchange: Exchange,
  { origin, hostHeader }: PassOptions,
  count: (body: Readable) => Readable,
): FromOptions {
  let isFramed = true
  return {
    rewriteRequestHeaders: (_request, headers) => ({
      ...requestHeaders(exchange, headers, { origin, hostHeader }),
    }),
    rewriteHeaders: (headers) => {
      isFramed = bodyIsFramed(headers)
      return responseHeaders(headers)
    },
    onResponse: (_request, _reply, response) => {
      tell(exchange, isFramed)
      void exchange.reply.send(count(response.stream))
    },
    onError: (_reply, { error }) => {
      const { status, message } = originError(error, origin.host)
      void exchange.fail(status, `the origin failed: ${message}`)
    },
  }
}

/** Says what became of the request, to the client and to who wants to know, before the body. */
function tell(exchange: Exchange, isFramed: boolean): void {
  const { reply, request } = exchange
  const headers = fieldsOf(reply)
  const { statusCode: status } = reply
  exchange.onPassed?.({ status, headers })
  const isSafe = request.method === 'GET' || request.method === 'HEAD'
  reply.header('cache-status', cacheStatus({ fwd: isSafe ? 'bypass' : 'method' }, headers))
  const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304
  if (hasBody && !isFramed) endByClosing(reply)
}

/**
 * A body that only ends when the connection does must not come out as a chunked one, whose end
 * would say that it is whole: nobody knows whether it is.
 */
function endByClosing({ raw }: FastifyReply): void {
  raw.shouldKeepAlive = false
  raw.useChunkedEncodingByDefault = false
}

/** What is about to be sent, as text. */
function fieldsOf(reply: FastifyReply): HeaderFields {
  const fields: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) fields[name] = Array.isArray(value) ? value : String(value)
  }
  return fields
}

/** The answer's fields on their way to the client. */
function responseHeaders(headers: HeaderFields): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = { 'x-cache': 'PASS' }
  for (const [name, value] of Object.entries(endToEnd(headers))) {
    kept[name] = typeof value === 'string' ? value : [...value]
  }
  return kept
}

/** Tells the end of the exchange when the connection is done with it; answers a counting sieve. */
function follow(
  exchange: Exchange,
  counters: Counters,
  reason: string,
): (body: Readable) => Readable {
  let bytes = 0
  const response = exchange.reply.raw
  response.once('close', () => {
    counters.originBytes += bytes
    if (response.writableFinished) exchange.watch?.whole(response.statusCode)
    const told = response.writableFinished ? reason : 'the client left, or the origin broke off'
    exchange.end({ service: 'pass', status: response.statusCode, bytes, reason: told })
  })
  return (body) => {
    const sieve = new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        bytes += chunk.length
        exchange.watch?.octets(chunk)
        done(null, chunk)
      },
    })
    pipeline(body, sieve, () => {}) // an error destroys the sieve, and with it the connection
    return sieve
  }
}

function requestHeaders(
  { request, ip }: Exchange,
  headers: HeaderFields,
  { origin, hostHeader }: { origin: Origin; hostHeader: HostHeader },
): Record<string, string | string[]> {
  const clientHost = /^[a-z]+:\/\/([^/?#]+)/i.exec(request.raw.url ?? '')?.[1]
  const forwarded = passRequestHeaders(headers, {
    ip,
    clientHost: clientHost ?? request.headers.host,
    originHost: origin.host,
    hostHeader,
  })
  const isBodyless = request.method === 'GET' || request.method === 'HEAD'
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(forwarded)) {
    if (isBodyless && name === 'content-length') continue // its body does not go along
    kept[name] = typeof value === 'string' ? value : [...value]
  }
  return kept
}
