/**
 * The head of an answer that a mirror gives by itself, for a stored body and for one that is still
 * arriving alike: what the client asked for, the age, and what the cache did.
 */
import type { FastifyReply } from 'fastify'
import type { SharedAnswer } from '../../io/cache/fill.ts'
import type { IndexEntry } from '../../io/cache/index-entry.ts'
import { type ClientAnswer, type ClientRequest, answerTo } from '../../protocol/cache/answer.ts'
import { type CacheStatus, cacheStatus } from '../../protocol/cache/cache-status.ts'
import type { Reuse } from '../../protocol/cache/reuse.ts'
import { type Service, services } from './mirror-exchange.ts'

/** How an answer came about. */
export interface Manner {
  readonly service: Service
  readonly status: CacheStatus
  /** Seconds, for what comes out of the store. */
  readonly age?: number
  readonly reason?: string | undefined
}

/** Of what comes out of the store. */
export function hitManner({ age, ttl }: Reuse): Manner {
  return { service: 'hit', status: { hit: true, ttl }, age }
}

/** `tag` is a strong validator of our own, where the origin gave none and a rule allows ours. */
export function headFor(
  { request }: { readonly request: ClientRequest },
  answer: IndexEntry | SharedAnswer,
  { manner, tag, now }: { readonly manner: Manner; readonly tag?: string | undefined; now: number },
): ClientAnswer {
  const { status, headers, size } = answer
  const part = answerTo(request, { status, headers, size, etag: tag }, now)
  const fields = {
    ...part.headers,
    ...(manner.age === undefined ? {} : { age: manner.age }),
    'x-cache': services[manner.service].header,
    'cache-status': cacheStatus(manner.status, headers),
  }
  return { ...part, headers: fields }
}

export function sendHead(reply: FastifyReply, { status, headers }: ClientAnswer): void {
  reply.hijack()
  for (const [name, value] of Object.entries(headers)) reply.raw.setHeader(name, value)
  reply.raw.writeHead(status)
}

/** What a second body behind the same head must have in common with the first. */
const telling =
  'etag last-modified content-length content-range content-type content-encoding'.split(' ')

/** Whether what was sent is the head of this answer, too: its body may be another one. */
export function fitsHead(reply: FastifyReply, { status, headers }: ClientAnswer): boolean {
  if (reply.raw.statusCode !== status) return false
  return telling.every((name) => String(reply.raw.getHeader(name)) === String(headers[name]))
}
