/** How a simulated origin words its answers, and what goes wrong with them. */

/** How payloads are sent; the rest of the answer is the same. */
export interface Variant {
  readonly framing?: 'length' | 'chunked' | 'close'
  /** Of payloads. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of every answer, a host's own included. */
  readonly everywhere?: Readonly<Record<string, string>>
  /** Payloads have an ETag and come in ranges. */
  readonly ranges?: boolean
}

/**
 * Nobody has published the headers of a real vCenter: what such a service may well say. Without a
 * word against it (`bare`), a cache that goes by headers alone may think all of it is for everybody.
 */
export const variants = {
  bare: {},
  etag: { ranges: true },
  'no-cache': { everywhere: { 'cache-control': 'no-cache' } },
  chunked: { framing: 'chunked' },
  close: { framing: 'close' },
  cookie: { everywhere: { 'set-cookie': 'session=1' } },
  'text-type': { headers: { 'content-type': 'text/plain' } },
  'gzip-type': { headers: { 'content-type': 'application/x-gzip' } },
  'gzip-encoding': { headers: { 'content-encoding': 'x-gzip' } },
  'vary-star': { headers: { vary: '*' } },
} as const satisfies Record<string, Variant>

export type VariantName = keyof typeof variants

/** What goes wrong, for paths that contain `path`, the next `times` times (for ever without). */
export interface Fault {
  readonly path: string
  readonly times?: number
  /** Milliseconds before the header. */
  readonly delay?: number
  /** Never an answer. */
  readonly hang?: boolean
  /** The connection is cut instead of an answer. */
  readonly reset?: boolean
  readonly status?: number
  /** Octets of the body, then the connection is cut. */
  readonly cutAfter?: number
  /** Octets of the body, then nothing more. */
  readonly stallAfter?: number
  /** The body ends cleanly after this many octets, whatever was promised by chunked framing. */
  readonly endAfter?: number
  /** Content-Length that is said instead of the real one. */
  readonly saysLength?: number
  /** Octets per second. */
  readonly rate?: number
  /** One octet in the middle is another. */
  readonly differs?: boolean
}

export class Faults {
  readonly #faults: { fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
  }

  clear(): void {
    this.#faults.length = 0
  }

  /** What happens to this request; nothing of it when the fault names its path only. */
  next(path: string): Fault {
    const found = this.#faults.find(({ fault, left }) => left > 0 && path.includes(fault.path))
    if (found === undefined) return { path }
    found.left -= 1
    return found.fault
  }
}
