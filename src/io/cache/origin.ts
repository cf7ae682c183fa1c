/**
 * The way to one origin server: two bounded pools of kept-alive connections, so that the downloads
 * of payloads never hold up the small requests that machines wait for, and errors as sentences.
 * A connection carries requests for as long as what vouched for it is trusted. Nothing is retried here, whatever the answer is.
 *
 * Timeouts follow the clients' own: a machine falls back to vCenter when it is refused quickly, and
 * iPXE gives up after two silent minutes.
 */
import { type Dispatcher, Pool, type buildConnector } from 'undici'
import { UpstreamError, codeOf, messageOf } from '../../core/errors.ts'
import type { HeaderFields } from '../../wire/http/header-fields.ts'
import { TrustError, type TrustSource, trustedConnector } from './origin-trust.ts'

export interface OriginOptions {
  /** Scheme, host and port; a path is not used. */
  readonly url: URL
  readonly trust: TrustSource
  /** Name in the certificate, where it is not that of the URL. */
  readonly servername?: string | undefined
  readonly hint: (text: string) => void
  readonly limits?: Partial<OriginLimits>
}

export interface OriginLimits {
  /** Connections for payloads: what the origin has to bear at once. */
  readonly fillConnections: number
  /** Connections for everything that is passed. */
  readonly passConnections: number
  /** Milliseconds to connect, TLS included. */
  readonly connect: number
  /** Milliseconds to the header of the answer: vCenter may first read its depot. */
  readonly firstByte: number
  /** Milliseconds without a single octet of a body. */
  readonly idle: number
}

const defaults: OriginLimits = {
  fillConnections: 6,
  passConnections: 32,
  connect: 3500, // undici's clock ticks every half second: 502 in well under five
  firstByte: 90_000,
  idle: 60_000,
}

/** An origin that failed; `again` when asking once more could help. */
export class OriginError extends UpstreamError {
  override name = 'OriginError'
  readonly again: boolean

  constructor(status: 502 | 504, problem: string, options: ErrorOptions & { again: boolean }) {
    super(status, problem, options)
    this.again = options.again
  }
}

/** What undici says of octets that follow an answer. */
const excessive = 'bad response'

export interface FetchOptions {
  readonly signal: AbortSignal
  /** Told of answers before the answer (1xx). */
  readonly onInterim?: ((status: number, headers: HeaderFields) => void) | undefined
}

/** Connections of one trust. */
interface Pools {
  readonly connect: buildConnector.connector
  readonly fills: Pool
  readonly passes: Pool
}

type PassRequest = (
  options: Dispatcher.RequestOptions,
  callback: (error: Error | null, data: Dispatcher.ResponseData) => void,
) => void

export class Origin {
  /** `https://vcsa:6501` */
  readonly base: string
  /** `vcsa:6501` */
  readonly host: string
  readonly #options: OriginOptions
  readonly #trusted: () => buildConnector.connector
  #pools: Pools
  /** Made under a former trust, with what still runs there. */
  readonly #former = new Set<Pools>()
  readonly #excess: (() => void)[] = []
  /** For `@fastify/reply-from`, which only needs something that can `request`. */
  readonly requests: { readonly request: PassRequest }

  constructor(options: OriginOptions) {
    const { url, trust, servername, hint } = options
    const { connect: connectTimeout } = { ...defaults, ...options.limits }
    this.#options = options
    this.#trusted = trustedConnector({ trust, servername, hint, connectTimeout })
    this.base = url.origin
    this.host = url.host
    this.#pools = this.#open(this.#trusted())
    // A constant name: undici reconnects whenever the name that it reads from Host changes.
    const name = servername ?? url.hostname
    this.requests = {
      request: (request, callback) => {
        const { method, path, headers, body } = request
        const fixed = { method, path, servername: name }
        this.#current().passes.request(
          { ...fixed, headers: headers ?? {}, body: body ?? null },
          callback,
        )
      },
    }
  }

  /** Asks for a payload. Rejects with an `OriginError`. */
  async fetch(
    path: string,
    headers: Readonly<Record<string, string | string[]>>,
    { signal, onInterim }: FetchOptions,
  ): Promise<Dispatcher.ResponseData> {
    const onInfo: Dispatcher.RequestOptions['onInfo'] = ({ statusCode, headers: fields }) =>
      onInterim?.(statusCode, fields)
    try {
      return await this.#current().fills.request({ path, method: 'GET', headers, signal, onInfo })
    } catch (error) {
      throw originError(error, this.host)
    }
  }

  /** Calls when something came behind a payload that is no answer: one of them was longer than it said. */
  onExcess(tell: () => void): void {
    this.#excess.push(tell)
  }

  /** Cuts what is running. */
  async close(): Promise<void> {
    const all = [this.#pools, ...this.#former]
    await Promise.all(all.flatMap(({ fills, passes }) => [fills.destroy(), passes.destroy()]))
  }

  /** For a request that begins now. */
  #current(): Pools {
    const connect = this.#trusted()
    if (connect !== this.#pools.connect) {
      void this.#leave(this.#pools)
      this.#pools = this.#open(connect)
    }
    return this.#pools
  }

  /** What is asked for there already ends as it began. */
  async #leave(pools: Pools): Promise<void> {
    this.#former.add(pools)
    await Promise.allSettled([pools.fills.close(), pools.passes.close()])
    this.#former.delete(pools)
  }

  #open(connect: buildConnector.connector): Pools {
    const { url } = this.#options
    const limits = { ...defaults, ...this.#options.limits }
    const once = waitingOnce(connect)
    const pool = (connections: number): Pool =>
      new Pool(url.origin, {
        connections,
        connect: once,
        pipelining: 1,
        allowH2: false,
        headersTimeout: limits.firstByte,
        bodyTimeout: limits.idle,
      })
    const fills = pool(limits.fillConnections)
    fills.on('disconnect', (_url, _ways, { message }) => {
      if (message === excessive) for (const tell of this.#excess) tell()
    })
    return { connect, fills, passes: pool(limits.passConnections) }
  }
}

/** A failure to connect is slow, and remembered, from here on; milliseconds. */
const slowFailure = 300
const memoryOfFailure = 1000

/**
 * Requests queue for a few connections: were each batch to wait for an origin that says nothing,
 * the last of many machines would wait for minutes. What one waited for is the answer to all that
 * come to their turn just then.
 */
function waitingOnce(connect: buildConnector.connector): buildConnector.connector {
  let failed: { readonly error: Error; readonly at: number } | undefined
  return (target, callback) => {
    const begun = performance.now()
    if (failed !== undefined && begun - failed.at < memoryOfFailure) {
      const { error } = failed
      return setImmediate(() => callback(error, null))
    }
    return connect(target, (...result) => {
      const now = performance.now()
      const [error] = result
      failed = error !== null && now - begun > slowFailure ? { error, at: now } : undefined
      callback(...result)
    })
  }
}

/** Lets go of an answer that nobody wants. Destroying a body makes it tell an error: heard here. */
export function discard({ body }: Dispatcher.ResponseData): void {
  body.on('error', () => {}).destroy()
}

const unvouched = 'shows a certificate that the CA file (trust.ca) does not vouch for'

type Failure = readonly [status: 502 | 504, problem: string, again: boolean]

/** By error code, of Node and undici. Only what broke on a living connection is worth another try. */
const failures: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: [502, 'refuses connections', false],
  EHOSTUNREACH: [502, 'cannot be reached', false],
  ENETUNREACH: [502, 'cannot be reached', false],
  ETIMEDOUT: [502, 'does not answer', false],
  ENOTFOUND: [502, 'has a name that nobody knows', false],
  EAI_AGAIN: [502, 'cannot be found: no name server knows the name now', false],
  UND_ERR_CONNECT_TIMEOUT: [502, 'does not answer', false],
  UND_ERR_HEADERS_TIMEOUT: [504, 'took too long to answer', false],
  UND_ERR_BODY_TIMEOUT: [504, 'stopped in the middle of an answer', true],
  UND_ERR_SOCKET: [502, 'closed the connection', true],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: [502, 'sent another length than it said', true],
  ECONNRESET: [502, 'reset the connection', true],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    502,
    'shows a certificate for another name: set servername to the name in the certificate',
    false,
  ],
  CERT_SIGNATURE_FAILURE: [502, unvouched, false],
  CERT_HAS_EXPIRED: [502, 'shows a certificate that has expired', false],
  DEPTH_ZERO_SELF_SIGNED_CERT: [502, unvouched, false],
  SELF_SIGNED_CERT_IN_CHAIN: [502, unvouched, false],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [502, unvouched, false],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [502, unvouched, false],
  EPIPE: [502, 'closed the connection', true],
}

/** What failed, as a sentence about the origin. */
export function originError(error: unknown, host: string): OriginError {
  if (error instanceof OriginError) return error
  const distrust = trustErrorIn(error)
  if (distrust !== undefined) {
    return new OriginError(502, distrust.message, { cause: error, again: false })
  }
  const [status, problem, again] = failureOf(error) ?? [502, `failed: ${messageOf(error)}`, false]
  return new OriginError(status, `${host} ${problem}`, { cause: error, again })
}

/** The innermost known reason: proxies and sockets wrap each other's errors. */
function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined
  return failureOf(error.cause) ?? failures[codeOf(error)]
}

function trustErrorIn(error: unknown): TrustError | undefined {
  if (error instanceof TrustError) return error
  return error instanceof Error ? trustErrorIn(error.cause) : undefined
}
