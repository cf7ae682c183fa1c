/**
 * One connection of a booting machine, on the wire: requests as its boot loader writes them (any
 * version, with or without Host), and answers as octets in the order in which they come. It judges
 * framing strictly, for boot loaders do: a body that is longer or shorter than was said is an error.
 *
 * Bodies come in pieces of one buffer that is used again: they cost a client next to nothing.
 */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface WireRequest {
  readonly method: string
  readonly target: string
  readonly version: '1.0' | '1.1'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface WireAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  /** Octets of the body. */
  readonly size: number
  /** `performance.now()` when the head was there. */
  readonly headAt: number
}

/** Sees the octets of a body while they come; valid during the call only. `leave`: hang up. */
export type Sink = (octets: Uint8Array) => 'leave' | void

export interface ConnectionOptions {
  /** Milliseconds to connect, and without an octet. */
  readonly timeout: number
  /** Octets per second that this machine takes. */
  readonly rate?: number | undefined
  readonly stop?: Stop | undefined
}

/** Where a machine stops reading, once, until it is let go on. */
export interface Stop {
  /** Octets of one body. */
  readonly after: number
  /** Called when it is there; what it answers lets go. */
  readonly reached: () => Promise<unknown>
}

/** The server or the network did what the machine cannot use; the message says what. */
export class WireError extends Error {
  override name = 'WireError'
}

/** What a WireError says when the server closed an idle connection, and often then only. */
export const cutBeforeHead = 'cut before the head'

/** The machine itself hung up. */
export class LeftError extends Error {
  override name = 'LeftError'
}

type Framing = { readonly left: number } | 'chunked' | 'close'

interface Running {
  readonly isHead: boolean
  readonly sink: Sink
  readonly done: PromiseWithResolvers<WireAnswer>
  text: string
  head: Omit<WireAnswer, 'size'> | undefined
  framing: Framing
  /** Of the chunk under way; below zero: a chunk's size line is next. */
  chunkLeft: number
  size: number
}

const bufferSize = 256 << 10

export class HttpConnection {
  readonly #socket: Socket
  readonly #rate: number | undefined
  #stop: Stop | undefined
  #running: Running | undefined
  #closed = false
  #keeps = true

  private constructor(url: URL, { timeout, rate, stop }: ConnectionOptions) {
    this.#rate = rate
    this.#stop = stop
    const size = rate === undefined ? bufferSize : Math.max(1024, Math.ceil(rate / 20))
    const onread = {
      buffer: Buffer.allocUnsafe(Math.min(bufferSize, size)),
      callback: (length: number, buffer: Uint8Array): boolean => this.#take(buffer, length),
    }
    const [host, isSafe] = [url.hostname.replace(/^\[|\]$/g, ''), url.protocol === 'https:']
    const port = Number(url.port === '' ? (isSafe ? 443 : 80) : url.port)
    // Like VMware's iPXE, it does not ask who answers.
    this.#socket = isSafe
      ? connectTls({ host, port, onread, rejectUnauthorized: false } as object)
      : connectPlain({ host, port, onread })
    this.#socket.setNoDelay(true)
    this.#socket.setTimeout(timeout, () => this.#fail(new WireError(`silent for ${timeout} ms`)))
    this.#socket.on('error', (error) => this.#fail(new WireError(error.message)))
    this.#socket.on('close', () => this.#ended())
    this.#socket.on('end', () => this.#ended())
  }

  static open(url: URL, options: ConnectionOptions): Promise<HttpConnection> {
    const made = new HttpConnection(url, options)
    const { promise, resolve, reject } = Promise.withResolvers<HttpConnection>()
    made.#socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => resolve(made))
    made.#socket.once('error', (error) => reject(new WireError(error.message)))
    made.#socket.once('close', () => reject(new WireError('closed before it was connected')))
    made.#socket.once('timeout', () => reject(new WireError('not connected in time')))
    return promise
  }

  /** Another request may follow. */
  get isUsable(): boolean {
    return this.#keeps && !this.#closed
  }

  /** Rejects with WireError, or LeftError when the sink said so. */
  ask(request: WireRequest, sink: Sink = () => {}): Promise<WireAnswer> {
    const done = Promise.withResolvers<WireAnswer>()
    const isHead = request.method === 'HEAD'
    this.#running = {
      isHead,
      sink,
      done,
      text: '',
      head: undefined,
      framing: 'close',
      chunkLeft: -1,
      size: 0,
    }
    if (this.#closed) this.#fail(new WireError('the connection is closed'))
    else this.#socket.write(requestText(request), 'latin1')
    return done.promise
  }

  close(): void {
    this.#closed = true
    this.#socket.destroy()
  }

  #take(buffer: Uint8Array, length: number): boolean {
    const startedAt = performance.now()
    try {
      this.#parse(buffer.subarray(0, length))
    } catch (error) {
      this.#fail(error instanceof Error ? error : new WireError(String(error)))
      return false
    }
    const stop = this.#stop
    if (stop !== undefined && (this.#running?.size ?? 0) > stop.after) {
      this.#stop = undefined
      void stop.reached().then(() => this.#socket.resume())
      return false
    }
    if (this.#rate === undefined) return true
    const pause = (length / this.#rate) * 1000 - (performance.now() - startedAt)
    setTimeout(() => this.#socket.resume(), Math.max(1, pause))
    return false
  }

  #parse(octets: Uint8Array): void {
    const running = this.#running
    if (running === undefined) throw new WireError('octets that nobody asked for')
    if (running.head !== undefined) return this.#takeBody(running, octets)
    running.text += Buffer.from(octets).toString('latin1')
    const end = running.text.indexOf('\r\n\r\n')
    if (end < 0) return
    const rest = Buffer.from(running.text.slice(end + 4), 'latin1')
    const head = parseHead(running.text.slice(0, end))
    running.text = ''
    if (head.status >= 100 && head.status < 200) return this.#parse(rest)
    running.head = { ...head, headAt: performance.now() }
    running.framing = framingOf(head, running.isHead)
    this.#keeps = keeps(head) && running.framing !== 'close'
    this.#takeBody(running, rest)
  }

  #takeBody(running: Running, octets: Uint8Array): void {
    const { framing } = running
    if (framing === 'chunked') return this.#takeChunks(running, octets)
    if (framing !== 'close') {
      const left = framing.left - running.size
      if (octets.length > left) throw new WireError('more octets than Content-Length said')
    }
    this.#feed(running, octets)
    if (framing !== 'close' && running.size === framing.left) this.#finish(running)
  }

  #takeChunks(running: Running, octets: Uint8Array): void {
    let rest = octets
    while (rest.length > 0) {
      if (running.chunkLeft > 0) {
        const part = rest.subarray(0, running.chunkLeft)
        running.chunkLeft -= part.length
        rest = rest.subarray(part.length)
        this.#feed(running, part)
        if (running.chunkLeft === 0) running.chunkLeft = -3 // its CRLF, then the next size
      } else {
        const octet = rest[0] ?? 0
        rest = rest.subarray(1)
        if (running.chunkLeft < -1) running.chunkLeft += 1
        else if (this.#takeSizeLine(running, octet)) return
      }
    }
  }

  /** True at the end of the body. */
  #takeSizeLine(running: Running, octet: number): boolean {
    running.text += String.fromCharCode(octet)
    if (running.text === '0\r\n\r\n') {
      this.#finish(running)
      return true
    }
    const size = /^([0-9a-f]+)\r\n$/i.exec(running.text)?.[1]
    if (size !== undefined && Number.parseInt(size, 16) > 0) {
      running.chunkLeft = Number.parseInt(size, 16)
      running.text = ''
    } else if (running.text.length > 100) throw new WireError('not a chunk')
    return false
  }

  #feed(running: Running, octets: Uint8Array): void {
    if (octets.length === 0) return
    running.size += octets.length
    if (running.sink(octets) === 'leave') throw new LeftError('left')
  }

  #finish(running: Running): void {
    this.#running = undefined
    if (running.head !== undefined) running.done.resolve({ ...running.head, size: running.size })
    if (!this.#keeps) this.close()
  }

  #ended(): void {
    const running = this.#running
    this.#closed = true
    if (running?.head !== undefined && running.framing === 'close') return this.#finish(running)
    this.#fail(new WireError(running?.head === undefined ? cutBeforeHead : 'cut in the body'))
  }

  #fail(error: Error): void {
    this.close()
    const running = this.#running
    this.#running = undefined
    running?.done.reject(error)
  }
}

function requestText({ method, target, version, headers, body = '' }: WireRequest): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  if (body !== '' || method === 'POST') fields.push(`Content-Length: ${body.length}\r\n`)
  return `${method} ${target} HTTP/${version}\r\n${fields.join('')}\r\n${body}`
}

type Head = Pick<WireAnswer, 'status' | 'headers'> & { readonly version: string }

function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const [, version, status] = /^HTTP\/(1\.[01]) (\d{3})(?: |$)/.exec(first) ?? []
  if (version === undefined) throw new WireError(`not an answer: ${first.slice(0, 60)}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) throw new WireError(`not a header field: ${line.slice(0, 60)}`)
    const name = line.slice(0, colon).toLowerCase()
    const [value, earlier] = [line.slice(colon + 1).trim(), headers.get(name)]
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return { status: Number(status), headers, version }
}

function framingOf({ status, headers }: Head, isHead: boolean): Framing {
  if (isHead || status === 204 || status === 304) return { left: 0 }
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') return 'chunked'
  const length = headers.get('content-length')
  if (length === undefined) return 'close'
  if (!/^\d+$/.test(length)) throw new WireError(`not a Content-Length: ${length}`)
  return { left: Number(length) }
}

function keeps({ version, headers }: Head): boolean {
  const words = headers.get('connection')?.toLowerCase() ?? ''
  return version === '1.0' ? words.includes('keep-alive') : !words.includes('close')
}
