/**
 * Requests for what may be stored: from the store, or following a download that is running, or
 * starting one. Whatever turns out not to be for everybody is passed.
 */
import { UpstreamError, messageOf } from '../core/errors.ts'
import type { ContentStore, StoredObject } from '../io/content-store.ts'
import type { OpenFile } from '../io/file-tree.ts'
import { type Fill, type FillEnd, type FillHead, Fills } from '../io/fill.ts'
import { type Origin, OriginError } from '../io/origin.ts'
import { storeKey } from '../protocol/cache/policy.ts'
import { type Exchange, type MirrorParts, type Service, services } from './mirror-exchange.ts'
import { followFill, mustWait } from './mirror-follow.ts'
import { sendFile } from './send-file.ts'

export class PayloadServer {
  readonly #parts: MirrorParts
  readonly #store: ContentStore
  readonly #fills: Fills

  constructor(parts: MirrorParts, store: ContentStore, origin: Origin) {
    this.#parts = parts
    this.#store = store
    this.#fills = new Fills({ store, origin })
  }

  /** Downloads under way. */
  get filling(): number {
    return this.#fills.running.length
  }

  /** Resolves when the answer is complete or handed on. */
  async serve(exchange: Exchange, path: string): Promise<unknown> {
    const key = storeKey(this.#parts.name, path)
    const stored = this.#store.find(key)
    const file = stored === undefined ? undefined : await stored.openFile()
    // No pause between a miss and the look at the running fills: one may just be ending.
    if (stored === undefined || file === undefined) {
      return await this.#serveFromOrigin(exchange, { key, path, isLastTry: false })
    }
    return await sendStored(exchange, { stored, file }, 'hit')
  }

  async close(): Promise<void> {
    await this.#fills.close()
  }

  async #serveFromOrigin(exchange: Exchange, wanted: Wanted): Promise<unknown> {
    const running = this.#fills.find(wanted.key)
    if (exchange.request.method === 'HEAD' && running?.isHeadKnown !== true) {
      return exchange.pass('HEAD of a payload that is not here')
    }
    const fill = running ?? this.#start(wanted.key, wanted.path)
    const service = running === undefined ? 'fill' : 'join'
    const head = await headOf(fill)
    if (head instanceof Error) return await this.#again(exchange, wanted, head)
    if (head.type === 'pass') return await passOn(exchange, head, service)
    if (mustWait(exchange, head)) return await this.#serveWhole(exchange, wanted, fill)
    const end = await followFill(exchange, { fill, head, service })
    if (end === 'again') return await this.#again(exchange, wanted, brokeOff)
    if (end === 'late') return exchange.pass('the disk is full')
    return undefined
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
    const stored = this.#store.find(wanted.key)
    const file = await stored?.openFile()
    if (stored === undefined || file === undefined) return exchange.pass('it could not be stored')
    return await sendStored(exchange, { stored, file }, 'join')
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

  #start(key: string, path: string): Fill {
    const fill = this.#fills.start(key, path)
    void this.#tellEnd(fill, path)
    return fill
  }

  async #tellEnd(fill: Fill, file: string): Promise<void> {
    const startedAt = performance.now()
    const end = await fill.ended
    if (end.type === 'passed') return
    const { name: mirror, emit, counters } = this.#parts
    counters.originBytes += end.bytes
    if (end.type === 'broken') counters.broken += 1
    const reason = end.type === 'stored' ? undefined : end.reason
    const ms = Math.round(performance.now() - startedAt)
    emit({ type: endEvents[end.type], mirror, file, bytes: end.bytes, ms, reason })
  }
}

interface Wanted {
  readonly key: string
  readonly path: string
  readonly isLastTry: boolean
}

interface OpenedObject {
  readonly stored: StoredObject
  readonly file: OpenFile
}

const endEvents = {
  stored: 'mirror.stored',
  unstored: 'mirror.unstored',
  broken: 'mirror.broken',
} as const satisfies Record<Exclude<FillEnd['type'], 'passed'>, string>

const brokeOff = new OriginError(502, 'the download broke off', { again: true })

async function headOf(fill: Fill): Promise<FillHead | Error> {
  try {
    return await fill.head
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error))
  }
}

async function sendStored(
  exchange: Exchange,
  { stored, file }: OpenedObject,
  service: Service,
): Promise<void> {
  const headers = { ...stored.headers, 'x-cache': services[service].header }
  const { request, reply } = exchange
  try {
    const { status, bytes, complete } = await sendFile(request, reply, file, headers)
    const reason = complete ? undefined : 'the client left'
    exchange.end({ service, status, bytes, reason })
  } catch (error) {
    exchange.end({ service: 'error', status: 500, bytes: 0, reason: messageOf(error) })
    exchange.cut()
  }
}

/** The answer to the fill's own request goes to who caused it; everybody else asks for himself. */
async function passOn(
  exchange: Exchange,
  { reason, response }: FillHead & { readonly type: 'pass' },
  service: Service,
): Promise<unknown> {
  if (service === 'join') return exchange.pass(reason)
  if (exchange.request.headers.range === undefined) return exchange.passOn(response, reason)
  await response.body.dump().catch(() => {})
  return exchange.pass(reason)
}
