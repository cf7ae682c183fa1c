/**
 * A vCenter Auto Deploy service as far as a mirror can see it: TLS with a certificate of its own CA,
 * the paths of a boot, payloads that are the same for everybody, and answers for one host that carry
 * a marker (`SECRET-<host id>-<n>`) so that a test can search for them where they must not be.
 * Answers come in the variants and with the faults of real ones; everything asked is counted.
 *
 * As a program: `npm run bench -- origin` (test/support/origin-program.ts).
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SecureVersion } from 'node:tls'
import { type Authority, type Certificate, makeAuthority } from './certificates.ts'
import { PayloadSender } from './origin-bodies.ts'
import { type Fault, Faults, type Variant } from './origin-faults.ts'
import { HostAnswers, type OwnAnswer } from './origin-hosts.ts'
import { type Image, type Payload, payloadsOf } from './origin-payloads.ts'

export interface OriginOptions {
  readonly address?: string
  readonly port?: number
  /** Dealt out to hosts by their MACs. Default: `['tiny']`. */
  readonly images?: readonly Image[]
  /** Names and addresses in the certificate. */
  readonly names?: readonly string[]
  /** Plain HTTP instead of TLS. */
  readonly plain?: boolean
  /** The only version of TLS that it speaks. */
  readonly tlsVersion?: SecureVersion
  /** How many requests it works on at once; the others queue. Default: all. */
  readonly atOnce?: number
  /** Octets of payloads per second, over all connections. */
  readonly rate?: number
  readonly lastLine?: string
}

export interface PathCount {
  gets: number
  heads: number
  others: number
  bytes: number
  running: number
  maxRunning: number
}

export interface SeenRequest {
  readonly method: string
  /** With the query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

export class AutoDeployOrigin {
  readonly options: OriginOptions
  readonly hosts: HostAnswers
  variant: Variant = {}
  /** TLS connections are cut in the handshake. */
  refusesHandshakes = false
  readonly counts = new Map<string, PathCount>()
  readonly seen: SeenRequest[] = []
  connections = 0
  maxConnections = 0
  handshakes = 0
  authority: Authority | undefined
  certificate: Certificate | undefined
  readonly #faults = new Faults()
  readonly #sockets = new Set<Socket>()
  readonly #byPath = new Map<string, Payload>()
  readonly #sender: PayloadSender
  #images: readonly { readonly image: Image; readonly payloads: readonly Payload[] }[] = []
  #server: Server | undefined
  #port = 0
  #working = 0
  readonly #queue: (() => void)[] = []

  constructor(options: OriginOptions = {}) {
    this.options = options
    this.#sender = new PayloadSender(options.rate)
    this.setImages(options.images ?? ['tiny'])
    this.hosts = new HostAnswers({
      imageOf: (mac) => this.#imageOf(mac),
      lastLine: options.lastLine ?? 'poweroff',
    })
  }

  get url(): URL {
    const { plain, address = '127.0.0.1' } = this.options
    return new URL(`${plain === true ? 'http' : 'https'}://${address}:${this.#port}`)
  }

  /** Of the first image. */
  get payloads(): readonly Payload[] {
    return this.#images[0]?.payloads ?? []
  }

  /** What hosts are told to boot from now on; what was there stays. */
  setImages(images: readonly Image[]): void {
    this.#images = images.map((image) => ({ image, payloads: payloadsOf(image) }))
    for (const { payloads } of this.#images) {
      for (const payload of payloads) this.#byPath.set(payload.path, payload)
    }
  }

  async start(): Promise<void> {
    const { address = '127.0.0.1', port = this.#port, plain, tlsVersion, names } = this.options
    this.authority ??= await makeAuthority()
    this.certificate ??= await this.authority.issue(names ?? usualNames(address))
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.#count(request, response)
      void this.#inTurn(() => this.#answer(request, response).catch(() => response.destroy()))
    }
    const { cert, key } = this.certificate
    const versions =
      tlsVersion === undefined ? {} : { minVersion: tlsVersion, maxVersion: tlsVersion }
    this.#server =
      plain === true
        ? createServer(answer)
        : (createSecureServer({ cert, key, ...versions }, answer) as Server)
    this.#server.keepAliveTimeout = 30_000
    this.#server.on('connection', (socket) => this.#watch(socket))
    this.#server.on('secureConnection', () => (this.handshakes += 1))
    await listen(this.#server, port, address)
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** `start` again keeps the port, the CA and the counters. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await closed(this.#server)
  }

  /** A certificate with another key from the same CA, from the next start on; `days` < 0: expired. */
  async replaceCertificate(names = usualNames('127.0.0.1'), days?: number): Promise<void> {
    this.certificate = await this.authority?.issue(names, days)
  }

  inject(fault: Fault): void {
    this.#faults.add(fault)
  }

  clearFaults(): void {
    this.#faults.clear()
  }

  /** By path without its query; zeros for what nobody asked for. */
  count(path: string): PathCount {
    return (
      this.counts.get(path) ?? { gets: 0, heads: 0, others: 0, bytes: 0, running: 0, maxRunning: 0 }
    )
  }

  resetCounts(): void {
    this.counts.clear()
    this.seen.length = 0
  }

  #imageOf(mac: string): { readonly image: Image; readonly payloads: readonly Payload[] } {
    const index = Number.parseInt(mac.replaceAll(/[^0-9a-f]/g, '').slice(-6) || '0', 16)
    const found = this.#images[index % this.#images.length]
    if (found === undefined) throw new Error('an origin without images')
    return found
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket)
    this.connections += 1
    this.maxConnections = Math.max(this.maxConnections, this.#sockets.size)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    if (this.refusesHandshakes) socket.destroy()
  }

  #count(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request
    this.seen.push({ method, url, headers })
    const path = url.split('?', 1)[0] ?? ''
    const count = this.count(path)
    this.counts.set(path, count)
    if (method === 'GET') count.gets += 1
    else if (method === 'HEAD') count.heads += 1
    else count.others += 1
    count.running += 1
    count.maxRunning = Math.max(count.maxRunning, count.running)
    response.once('close', () => (count.running -= 1))
  }

  async #inTurn(work: () => Promise<unknown>): Promise<void> {
    const { atOnce = Number.POSITIVE_INFINITY } = this.options
    if (this.#working >= atOnce) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#working += 1
    await work()
    this.#working -= 1
    this.#queue.shift()?.()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://origin')
    const fault = this.#faults.next(pathname)
    for (const [name, value] of Object.entries(this.variant.everywhere ?? {})) {
      response.setHeader(name, value)
    }
    if (await hasFailed(response, fault)) return
    const payload = this.#byPath.get(pathname)
    if (payload === undefined) {
      const { status, body, headers } = await this.#ownAnswer(request, pathname, searchParams)
      return reply(response, status, body, headers)
    }
    const count = this.count(payload.path)
    const sent = (octets: number): void => void (count.bytes += octets)
    await this.#sender.send(request, response, { payload, fault, variant: this.variant, sent })
  }

  async #ownAnswer(
    request: IncomingMessage,
    path: string,
    asked: URLSearchParams,
  ): Promise<OwnAnswer> {
    const { method = '' } = request
    if (path === '/vmw/rbd/tramp') return { status: 200, body: this.hosts.tramp(this.url) }
    if (path === '/vmw/rbd/host-register') {
      return { status: 200, body: this.hosts.register(method, asked) }
    }
    const body = await textOf(request)
    const [, host, name] = /^\/vmw\/rbd\/host\/([0-9a-f]{32})\/([\w.-]+)$/.exec(path) ?? []
    const found =
      host !== undefined && name !== undefined
        ? this.hosts.file(host, name, { method, body })
        : undefined
    return found ?? { status: 404, body: 'no such thing\n' }
  }
}

/** What comes before any body: a wait, an error, no answer at all. */
async function hasFailed(response: ServerResponse, fault: Fault): Promise<boolean> {
  if (fault.delay !== undefined) await sleep(fault.delay)
  if (fault.reset === true) response.destroy()
  else if (fault.status !== undefined) {
    reply(response, fault.status, 'not now\n', { 'retry-after': '2' })
  } else return fault.hang === true
  return true
}

function usualNames(address: string): readonly string[] {
  return ['vcsa.lab.test', 'localhost', address]
}

export function reply(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  const octets = Buffer.from(body as string)
  response.writeHead(status, {
    'content-type': 'text/plain',
    'content-length': octets.length,
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : octets)
}

export async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

export function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => resolve())
  })
}

export function closed(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve()
    else server.close(() => resolve())
  })
}
