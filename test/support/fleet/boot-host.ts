/**
 * One machine that boots through Auto Deploy: `tramp`, its registration, the boot loader, its
 * boot.cfg, every module one after the other, its own `waiter.tgz`, and in the end the report that it
 * is up. Every payload is compared with its checksum, and what is the host's own must say so.
 *
 * DHCP and TFTP, which come first, are left to boots of real machines (test/e2e).
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import type { ClientKind } from './client-kinds.ts'
import {
  HttpConnection,
  LeftError,
  type Sink,
  type WireAnswer,
  WireError,
  type WireRequest,
  cutBeforeHead,
} from './http-connection.ts'

export interface ExpectedPayload {
  readonly size: number
  readonly sum: number
}

export interface Machine {
  readonly mac: string
  readonly uuid: string
  readonly kind: ClientKind
  /** Numbers in 0..1, the same in every run. */
  readonly random: () => number
  /** Where `tramp` comes from, and so everything that it names by path. */
  readonly base: URL
  /** Of the places that `tramp` names, the one to begin with; the last is only the last resort. */
  readonly turn: number
  /** What real waits after the download are multiplied by. */
  readonly tempo: number
  /** How often it is switched on again after a boot that failed. */
  readonly reboots: number
}

/** What a machine has seen; times are milliseconds by `performance.now()`. */
export interface HostReport {
  readonly mac: string
  /** Its payloads are all there and its own files, too. */
  ok: boolean
  /** Answers that must never be: a sentence each. */
  readonly wrong: string[]
  /** Why boots failed. */
  readonly failures: string[]
  /** Sent to paths below /vmw/rbd/, `GET /path` without the query. */
  readonly sent: string[]
  /** Nonces and tickets of its own answers; none may come twice. */
  readonly fresh: string[]
  startedAt: number
  /** From the first payload asked for to its first octet. */
  firstByte: number
  /** The same of every payload. */
  readonly waits: number[]
  bootedAt: number
  /** Octets of payloads. */
  bytes: number
  readonly upStatuses: number[]
}

/** A boot that cannot go on; the machine is switched on again, perhaps. */
class BootFailed extends Error {
  override name = 'BootFailed'
}

export class BootHost {
  readonly report: HostReport
  readonly #machine: Machine
  readonly #expected: ReadonlyMap<string, ExpectedPayload>
  readonly #id: string
  #connection: HttpConnection | undefined
  #place: URL

  constructor(machine: Machine, expected: ReadonlyMap<string, ExpectedPayload>) {
    this.#machine = machine
    this.#expected = expected
    this.#id = createHash('md5').update(machine.mac).digest('hex')
    this.#place = machine.base
    this.report = {
      mac: machine.mac,
      ok: false,
      wrong: [],
      failures: [],
      sent: [],
      fresh: [],
      startedAt: 0,
      firstByte: Number.NaN,
      waits: [],
      bootedAt: 0,
      bytes: 0,
      upStatuses: [],
    }
  }

  /** From power-on to the report; never rejects. */
  async run(): Promise<HostReport> {
    this.report.startedAt = performance.now()
    for (let left = this.#machine.reboots; !this.report.ok && left >= 0; left -= 1) {
      try {
        await this.#boot()
        this.report.ok = true
        this.report.bootedAt = performance.now()
      } catch (error) {
        if (!(error instanceof BootFailed || error instanceof WireError)) throw error
        this.report.failures.push(error.message)
        await sleep(200 * this.#machine.random())
      }
    }
    if (this.report.ok) await this.#reportUp().catch((error: Error) => this.#wrong(error.message))
    this.#connection?.close()
    return this.report
  }

  async #boot(): Promise<void> {
    const script = await this.#register()
    if (script.includes('no ESXi image')) throw new BootFailed('no image')
    this.#expectOwn('the script', script)
    const words = [...script.matchAll(/^imgfetch --name (\S+) ([^\s#]+)/gm)]
    const uriOf = (name: string): string | undefined => words.find((word) => word[1] === name)?.[2]
    const [configuration, waiter] = [uriOf('boot.cfg'), uriOf('waiter.tgz')]
    if (configuration === undefined || waiter === undefined) {
      throw new BootFailed('a script without a boot.cfg')
    }
    const text = await this.#text(besideScript(configuration))
    this.#expectOwn('boot.cfg', text)
    const bootCfg = parseBootCfg(text)
    const payloads = words.flatMap(([, name, uri = '']) => (name === 'payload' ? [uri] : []))
    const loaders = payloads.filter((uri) => !bootCfg.includes(uri))
    const files = [...loaders, ...bootCfg.filter((uri) => this.#expected.has(uri))]
    if (files.length !== payloads.length) this.#wrong('boot.cfg and the script differ')
    if (this.#machine.kind.sizesFirst === true) await this.#sizes(files)
    for (const uri of files) await this.#payload(uri)
    this.#expectOwn('waiter.tgz', await this.#text(besideScript(waiter)))
  }

  /** The answer of the first place that has one, as iPXE's `chain … || chain …` does it. */
  async #register(): Promise<string> {
    this.#place = this.#machine.base
    const tramp = await this.#text('/vmw/rbd/tramp')
    const chains = [...tramp.matchAll(/\bchain (\S+)/g)].map(([, uri = '']) => this.#filled(uri))
    const [direct, proxies] = [chains.at(-1) ?? '', chains.slice(0, -1)]
    const turn = proxies.length === 0 ? 0 : this.#machine.turn % proxies.length
    const order = [...proxies.slice(turn), ...proxies.slice(0, turn), direct]
    let problem = 'tramp names no place'
    for (const uri of order) {
      const url = new URL(uri, new URL('/vmw/rbd/tramp', this.#machine.base))
      if (url.origin !== this.#place.origin) this.#move(new URL(url.origin))
      try {
        return await this.#text(url.pathname + url.search)
      } catch (error) {
        if (!(error instanceof WireError || error instanceof BootFailed)) throw error
        problem = error.message
      }
    }
    throw new BootFailed(problem)
  }

  #move(place: URL): void {
    this.#connection?.close()
    this.#place = place
  }

  /** iPXE's settings in the place of their names. */
  #filled(uri: string): string {
    const { mac, uuid } = this.#machine
    const settings: Readonly<Record<string, string>> = {
      mac,
      uuid,
      manufacturer: 'Fleet%20Inc.',
      product: 'Rack%20One',
      serial: this.#id.slice(0, 8),
      ip: '192.0.2.1',
      hostname: `esx-${this.#id.slice(0, 4)}`,
    }
    return uri.replaceAll(
      /\$\{([a-z]+)(?::uristring)?\}/g,
      (_, name: string) => settings[name] ?? '',
    )
  }

  #expectOwn(what: string, text: string): void {
    const tickets = [...text.matchAll(/SECRET-([0-9a-f]{32})-(\d+)/g)]
    if (tickets.length === 0) this.#wrong(`${what} carries no ticket`)
    if (tickets.some(([, id]) => id !== this.#id)) this.#wrong(`${what} is another host's`)
    const nonce = /NONCE-[0-9a-f]+/.exec(text)?.[0]
    if (nonce === undefined) this.#wrong(`${what} carries no nonce`)
    else this.report.fresh.push(nonce)
  }

  /** What is the host's own. */
  async #text(target: string): Promise<string> {
    const parts: Buffer[] = []
    const answer = await this.#ask('GET', target, (octets) => void parts.push(Buffer.from(octets)))
    const { pathname } = new URL(target, 'http://any')
    if (answer.status !== 200) throw new BootFailed(`${pathname}: ${answer.status}`)
    return Buffer.concat(parts).toString('latin1')
  }

  /** Only hints for a progress bar: the first that cannot be had is the last that is asked for. */
  async #sizes(uris: readonly string[]): Promise<void> {
    for (const uri of uris) {
      const { status, headers } = await this.#ask('HEAD', uri)
      const length = headers.get('content-length')
      if (status !== 200 || length === undefined) return
      if (Number(length) !== this.#expected.get(uri)?.size)
        this.#wrong(`HEAD ${uri}: ${length} octets`)
    }
  }

  async #payload(uri: string): Promise<void> {
    const expected = this.#expected.get(uri)
    if (expected === undefined) throw new BootFailed(`${uri}: not of this image`)
    for (let left = this.#machine.kind.tries - 1; ; left -= 1) {
      try {
        return await this.#download(uri, expected)
      } catch (error) {
        if (left === 0 || !(error instanceof WireError)) throw error
      }
    }
  }

  async #download(uri: string, expected: ExpectedPayload): Promise<void> {
    const { kind, random } = this.#machine
    const { ranges, leaves = 0 } = kind
    if (random() < leaves) await this.#leave(uri, Math.floor(random() * expected.size))
    if (ranges !== undefined && expected.size > ranges) return this.#pieces(uri, expected, ranges)
    const { sum } = await this.#take(uri, {})
    if (sum !== expected.sum) this.#wrong(`${uri}: damaged`)
  }

  /** Hangs up after so many octets. */
  async #leave(uri: string, after: number): Promise<void> {
    let size = 0
    const sink: Sink = (octets) => ((size += octets.length) > after ? 'leave' : undefined)
    await this.#ask('GET', uri, sink).catch((error: unknown) => {
      if (!(error instanceof LeftError)) throw error
    })
  }

  async #pieces(uri: string, { size, sum }: ExpectedPayload, count: number): Promise<void> {
    let taken = 0
    for (let index = 0; index < count; index += 1) {
      const [first, end] = [index, index + 1].map((n) => Math.floor((n * size) / count)) as [
        number,
        number,
      ]
      const piece = await this.#take(uri, { Range: `bytes=${first}-${end - 1}` }, taken)
      if (piece.status === 200 && index === 0) {
        if (piece.sum !== sum) this.#wrong(`${uri}: damaged`)
        return
      }
      const said = piece.headers.get('content-range')
      if (said !== `bytes ${first}-${end - 1}/${size}` || piece.size !== end - first) {
        return this.#wrong(`${uri}: asked for ${first}-${end - 1}, got ${said}`)
      }
      taken = piece.sum
    }
    if (taken !== sum) this.#wrong(`${uri}: pieces that do not fit`)
  }

  /** A body with its sum, which continues `before`. */
  async #take(uri: string, headers: Readonly<Record<string, string>>, before = 0) {
    const askedAt = performance.now()
    let sum = before
    let wait: number | undefined
    const sink: Sink = (octets) => {
      wait ??= performance.now() - askedAt
      sum = crc32(octets, sum)
    }
    const answer = await this.#ask('GET', uri, sink, headers)
    if (![200, 206].includes(answer.status)) throw new BootFailed(`${uri}: ${answer.status}`)
    if (this.#machine.kind.sizesFirst === true && !answer.headers.has('content-length')) {
      throw new BootFailed(`${uri}: no Content-Length`)
    }
    const { report } = this
    report.bytes += answer.size
    report.waits.push(wait ?? 0)
    if (report.waits.length === 1) report.firstByte = wait ?? 0
    return { ...answer, sum }
  }

  /** Over the connection that is there; over a new one when the server has closed it meanwhile. */
  async #ask(
    method: string,
    target: string,
    sink: Sink = () => {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<WireAnswer> {
    const request = this.#request(method, target, headers)
    const path = target.split('?', 1)[0] ?? ''
    if (path.startsWith('/vmw/rbd/')) this.report.sent.push(`${method} ${path}`)
    const kept = this.#connection
    if (kept?.isUsable === true) {
      try {
        return await kept.ask(request, sink)
      } catch (error) {
        if (!(error instanceof WireError) || error.message !== cutBeforeHead) throw error
      }
    }
    this.#connection = await HttpConnection.open(this.#place, this.#machine.kind)
    return await this.#connection.ask(request, sink)
  }

  #request(method: string, target: string, more: Readonly<Record<string, string>>): WireRequest {
    const { version, agent, host } = this.#machine.kind
    const names = {
      'with port': { Host: this.#place.host },
      'without port': { Host: this.#place.hostname },
      none: {},
    }
    const keep = version === '1.1' ? { Connection: 'keep-alive' } : {}
    const headers = { ...names[host], 'User-Agent': agent, ...keep, ...more }
    return { method, target, version, headers }
  }

  /** As the agent on the booted host does it: again and again while vCenter is still at work. */
  async #reportUp(): Promise<void> {
    const { tempo, random } = this.#machine
    let pause = 10_000
    await sleep((30_000 + 60_000 * random()) * tempo)
    for (;;) {
      await sleep(pause * tempo)
      const { status } = await this.#ask('POST', `/vmw/rbd/host/${this.#id}/up`)
      this.report.upStatuses.push(status)
      if (status !== 503) return
      pause = Math.min(300_000, pause + 8000 + 4000 * random())
    }
  }

  #wrong(sentence: string): void {
    this.report.wrong.push(`${this.#machine.mac}: ${sentence}`)
  }
}

/** A URI of the registration's script, as a path. */
function besideScript(uri: string): string {
  const { pathname, search } = new URL(uri, 'http://any/vmw/rbd/host-register')
  return pathname + search
}

/** Every file that it names, in the order in which they are loaded. */
function parseBootCfg(text: string): readonly string[] {
  const values = new Map(
    text.split('\n').map((line) => {
      const [key = '', ...rest] = line.split('=')
      return [key.trim().toLowerCase(), rest.join('=').trim()]
    }),
  )
  const modules = (values.get('modules') ?? '').split('---').map((name) => name.trim())
  return [values.get('crypto') ?? '', values.get('kernel') ?? '', ...modules].filter(Boolean)
}
