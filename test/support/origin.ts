/**
 * A vCenter Auto Deploy service as far as a mirror can see it: TLS with a certificate of its own CA,
 * the paths of a boot, payloads that are the same for everybody, and answers for one host that carry
 * a marker (`SECRET-<host id>-<n>`) so that a test can search for them where they must not be.
 * Answers come in the variants and with the faults of real ones; everything asked is counted.
 *
 * By hand, also inside a network namespace:
 *
 *     node test/support/origin.ts --address 10.9.0.2 --port 6501 --admin-port 6599 --profile tiny
 *
 * The admin port speaks plain HTTP: `/counters` (JSON), `/ca.pem`, `/fingerprint`, `/secrets`;
 * `POST /faults` with one `Fault` as JSON adds it, `DELETE /faults` removes all.
 */
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Authority, type Certificate, makeAuthority } from './certificates.ts'
import { type Payload, type PayloadProfile, payloadBlock, payloadsOf } from './origin-payloads.ts'

export interface OriginOptions {
  readonly address?: string
  readonly port?: number
  readonly adminPort?: number
  readonly profile?: PayloadProfile
  /** Names and addresses in the certificate. */
  readonly names?: readonly string[]
  /** Plain HTTP instead of TLS. */
  readonly plain?: boolean
  /** Last line of a host's script: what the machine does when all has been fetched. */
  readonly lastLine?: string
}

/** How payloads are sent; the rest of the answer is the same. */
export interface Variant {
  readonly framing?: 'length' | 'chunked' | 'close'
  readonly headers?: Readonly<Record<string, string>>
}

/** What goes wrong, for paths that contain `path`, the next `times` times (for ever without). */
export interface Fault {
  readonly path: string
  readonly times?: number
  /** Milliseconds before the header. */
  readonly delay?: number
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
  readonly payloads: readonly Payload[]
  readonly options: OriginOptions
  variant: Variant = {}
  /** How often `POST …/up` of each host is answered 503 before it is 200. */
  upRefusals = 0
  readonly counts = new Map<string, PathCount>()
  readonly seen: SeenRequest[] = []
  readonly secrets = new Set<string>()
  readonly scriptStatus: string[] = []
  connections = 0
  maxConnections = 0
  handshakes = 0
  authority: Authority | undefined
  certificate: Certificate | undefined
  readonly #faults: { fault: Fault; left: number }[] = []
  readonly #sockets = new Set<Socket>()
  readonly #boots = new Map<string, number>()
  readonly #refused = new Map<string, number>()
  #server: Server | undefined
  #admin: Server | undefined
  #serial = 0
  #port = 0

  constructor(options: OriginOptions = {}) {
    this.options = options
    this.payloads = payloadsOf(options.profile ?? 'tiny')
  }

  get url(): URL {
    const { plain, address = '127.0.0.1' } = this.options
    return new URL(`${plain === true ? 'http' : 'https'}://${address}:${this.#port}`)
  }

  get adminPort(): number {
    return (this.#admin?.address() as AddressInfo | null)?.port ?? 0
  }

  async start(): Promise<void> {
    const { address = '127.0.0.1', port = this.#port, adminPort, plain } = this.options
    this.authority ??= await makeAuthority()
    this.certificate ??= await this.authority.issue(
      this.options.names ?? ['vcsa.lab.test', 'localhost', address],
    )
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.#count(request, response)
      this.#answer(request, response).catch(() => response.destroy())
    }
    const { cert, key } = this.certificate
    this.#server =
      plain === true ? createServer(answer) : (createSecureServer({ cert, key }, answer) as Server)
    this.#server.keepAliveTimeout = 30_000
    this.#server.on('connection', (socket) => this.#watch(socket))
    this.#server.on('secureConnection', () => (this.handshakes += 1))
    await listen(this.#server, port, address)
    this.#port = (this.#server.address() as AddressInfo).port
    if (adminPort !== undefined) {
      this.#admin = createServer((request, response) => void this.#administer(request, response))
      await listen(this.#admin, adminPort, address)
    }
  }

  /** `start` again keeps the port, the CA and the counters. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#admin?.closeAllConnections()
    await Promise.all([this.#server, this.#admin].map((server) => closed(server)))
  }

  /** A certificate with another key from the same CA, or from a new one, from the next start on. */
  async replaceCertificate(names: readonly string[] = ['vcsa.lab.test', 'localhost', '127.0.0.1']) {
    this.certificate = await this.authority?.issue(names)
  }

  inject(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
  }

  clearFaults(): void {
    this.#faults.length = 0
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

  #watch(socket: Socket): void {
    this.#sockets.add(socket)
    this.connections += 1
    this.maxConnections = Math.max(this.maxConnections, this.#sockets.size)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
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

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://origin')
    const payload = this.payloads.find(({ path }) => path === pathname)
    const fault = this.#faultFor(pathname)
    if (fault.delay !== undefined) await sleep(fault.delay)
    if (fault.status !== undefined)
      return reply(response, fault.status, 'not now\n', { 'retry-after': '2' })
    if (payload !== undefined) return await this.#sendPayload(request, response, { payload, fault })
    const [, host, name] = /^\/vmw\/rbd\/host\/([0-9a-f]{32})\/([\w.-]+)$/.exec(pathname) ?? []
    if (pathname === '/vmw/rbd/tramp') return reply(response, 200, this.#tramp())
    if (pathname === '/vmw/rbd/host-register') {
      return reply(response, 200, this.#register(request.method ?? '', searchParams))
    }
    if (host !== undefined && name !== undefined)
      return await this.#hostFile(request, response, { host, name })
    return reply(response, 404, 'no such thing\n')
  }

  #faultFor(path: string): Fault {
    const found = this.#faults.find(({ fault, left }) => left > 0 && path.includes(fault.path))
    if (found === undefined) return { path }
    found.left -= 1
    return found.fault
  }

  async #hostFile(
    request: IncomingMessage,
    response: ServerResponse,
    { host, name }: { host: string; name: string },
  ): Promise<void> {
    const body = await textOf(request)
    const secret = this.#secret(host)
    if (name === 'boot.cfg') return reply(response, 200, this.#bootCfg(host, secret))
    if (name === 'waiter.tgz') {
      const octets = Buffer.concat([
        Buffer.from([0x1f, 0x8b]),
        randomBytes(30_000),
        Buffer.from(secret),
      ])
      return reply(response, 200, octets, { 'content-type': 'application/octet-stream' })
    }
    if (name === 'up' && request.method === 'POST') {
      const refused = this.#refused.get(host) ?? 0
      this.#refused.set(host, refused + 1)
      return refused < this.upRefusals
        ? reply(response, 503, 'add host in progress\n', { 'retry-after': '10' })
        : reply(response, 200, 'done\n')
    }
    if (name === 'up-marker') return reply(response, 200, 'done\n')
    if (name === 'script-status' && request.method === 'POST') {
      this.scriptStatus.push(body)
      return reply(response, 200, 'ok\n')
    }
    return reply(response, 404, 'no such thing\n')
  }

  #tramp(): string {
    this.#serial += 1
    return [
      '#!ipxe',
      `# serial ${this.#serial}`,
      // Relative: before 6.5 changing the host in the first tramp moved all traffic to a proxy.
      'chain host-register?bootmac=${mac}&uuid=${uuid}&vendor=${manufacturer:uristring}' +
        '&model=${product:uristring}&serial=${serial:uristring}&asset=${asset:uristring}' +
        '&ipv4=${ip}&hostname=${hostname:uristring}&domain=${domain:uristring}',
      '',
    ].join('\n')
  }

  #register(method: string, parameters: URLSearchParams): string {
    const mac = parameters.get('bootmac')
    if (mac === null) {
      return '#!ipxe\necho There is no ESXi image associated with this host.\nsleep 300\nreboot\n'
    }
    const host = hostId(mac)
    this.#boots.set(host, (this.#boots.get(host) ?? 0) + 1)
    const secret = this.#secret(host)
    const fetches = this.payloads.flatMap(({ path }) => [
      `imgfetch --name payload ${path} || goto failed`,
      'imgfree payload', // so that an image of any size fits into a small machine
    ])
    return [
      '#!ipxe',
      `# ${method} ${secret} ${randomBytes(8).toString('hex')}`,
      ...[...parameters].map(
        ([name, value]) => `echo ${name} ${value.replaceAll(/[^\w.: -]/g, '_')}`,
      ),
      `imgfetch --name boot.cfg host/${host}/boot.cfg?bootmac=${mac}&ticket=${secret} || goto failed`,
      'imgfree boot.cfg',
      ...fetches,
      `imgfetch --name waiter.tgz host/${host}/waiter.tgz || goto failed`,
      'imgfree waiter.tgz',
      'params ||',
      `param host ${host} ||`,
      `imgfetch --name up host/${host}/up##params || imgfetch --name up host/${host}/up-marker ||`,
      'imgfree up ||',
      'echo Auto Deploy: all payloads fetched',
      this.options.lastLine ?? 'poweroff',
      ':failed',
      'echo Auto Deploy: FAILED',
      this.options.lastLine ?? 'poweroff',
      '',
    ].join('\n')
  }

  #bootCfg(host: string, secret: string): string {
    const [kernel, ...modules] = this.payloads.map(({ path }) => path)
    return [
      'bootstate=0',
      `title=Loading ESXi for ${host} ${randomBytes(8).toString('hex')}`,
      `kernel=${kernel}`,
      `kernelopt=runweasel ticket=${secret}`,
      `modules=${[...modules, `/vmw/rbd/host/${host}/waiter.tgz`].join(' --- ')}`,
      'build=8.0.3',
      'updated=0',
      '',
    ].join('\n')
  }

  #secret(host: string): string {
    const secret = `SECRET-${host}-${this.#boots.get(host) ?? 0}`
    this.secrets.add(secret)
    return secret
  }

  async #sendPayload(
    request: IncomingMessage,
    response: ServerResponse,
    { payload, fault }: { payload: Payload; fault: Fault },
  ): Promise<void> {
    const { framing = 'length', headers = {} } = this.variant
    response.statusCode = 200
    response.setHeader('content-type', 'application/octet-stream')
    response.setHeader('last-modified', 'Tue, 02 Jan 2024 03:04:05 GMT')
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (framing === 'length') response.setHeader('content-length', fault.saysLength ?? payload.size)
    if (framing === 'close') {
      response.shouldKeepAlive = false
      response.useChunkedEncodingByDefault = false
      response.setHeader('connection', 'close')
      response.removeHeader('transfer-encoding')
    }
    if (request.method === 'HEAD') return void response.end()
    response.flushHeaders()
    await this.#sendBody(response, payload, fault)
  }

  async #sendBody(response: ServerResponse, payload: Payload, fault: Fault): Promise<void> {
    const { cutAfter, stallAfter, endAfter, rate } = fault
    const count = this.count(payload.path)
    const end = Math.min(payload.size, cutAfter ?? stallAfter ?? endAfter ?? payload.size)
    const pieceSize = rate === undefined ? 65_536 : Math.ceil(rate / 20)
    let block = payloadBlock(payload, 0)
    for (let at = 0; at < end;) {
      if (block.length === 0) block = payloadBlock(payload, at)
      const piece = block.subarray(0, Math.min(pieceSize, end - at))
      block = block.subarray(piece.length)
      count.bytes += piece.length
      at += piece.length
      if (rate !== undefined) await sleep(50)
      if (response.destroyed) return
      if (!response.write(piece)) await drained(response)
    }
    if (cutAfter !== undefined) {
      await sleep(5) // so that what was written leaves before the cut
      response.destroy()
    } else if (stallAfter === undefined) response.end()
  }

  async #administer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const place = `${request.method} ${request.url}`
    if (place === 'POST /faults') this.inject(JSON.parse(await textOf(request)) as Fault)
    if (place === 'DELETE /faults') this.clearFaults()
    const { connections, maxConnections, handshakes } = this
    const answers: Record<string, () => string> = {
      'GET /ca.pem': () => this.authority?.ca ?? '',
      'GET /fingerprint': () => `${this.certificate?.fingerprint}\n`,
      'GET /secrets': () => [...this.secrets, ''].join('\n'),
      'GET /counters': () =>
        JSON.stringify({
          paths: Object.fromEntries(this.counts),
          payloads: this.payloads,
          requests: this.seen.length,
          connections,
          maxConnections,
          handshakes,
        }),
      'POST /faults': () => 'ok\n',
      'DELETE /faults': () => 'ok\n',
    }
    const text = answers[place]?.()
    return reply(response, text === undefined ? 404 : 200, text ?? 'no such thing\n')
  }
}

/** The id that a host with this MAC gets. */
export function hostId(mac: string): string {
  return createHash('md5').update(mac.toLowerCase().replaceAll('-', ':')).digest('hex')
}

function reply(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  const octets = Buffer.from(body as string)
  response.writeHead(status, {
    'content-type': 'text/plain',
    'content-length': octets.length,
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : octets)
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.once('drain', done).once('close', done)
  })
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => resolve())
  })
}

function closed(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve()
    else server.close(() => resolve())
  })
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      address: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '6501' },
      'admin-port': { type: 'string', default: '0' },
      profile: { type: 'string', default: 'tiny' },
      'last-line': { type: 'string', default: 'poweroff' },
      name: { type: 'string', multiple: true },
      'ca-file': { type: 'string' },
      plain: { type: 'boolean', default: false },
    },
  })
  const origin = new AutoDeployOrigin({
    address: values.address,
    port: Number(values.port),
    adminPort: Number(values['admin-port']),
    profile: values.profile as PayloadProfile,
    lastLine: values['last-line'],
    plain: values.plain,
    ...(values.name === undefined ? {} : { names: values.name }),
  })
  await origin.start()
  if (values['ca-file'] !== undefined) writeFileSync(values['ca-file'], origin.authority?.ca ?? '')
  console.log(
    JSON.stringify({
      origin: origin.url.origin,
      admin: `http://${values.address}:${origin.adminPort}`,
      fingerprint: origin.certificate?.fingerprint,
      payloads: origin.payloads.length,
      bytes: origin.payloads.reduce((sum, { size }) => sum + size, 0),
    }),
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void origin.close().then(() => process.exit(0)))
  }
}

if (import.meta.main) await main()
