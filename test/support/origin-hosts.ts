/**
 * What a simulated Auto Deploy service answers each host alone: scripts and files that carry the
 * host's ticket (`SECRET-<host id>-<boot>`, which must never lie anywhere) and a nonce that is another
 * in each answer. Their words are assumed, for no vCenter's are published; their order is known.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type Image, type Payload, cryptoName, loaderName } from './origin-payloads.ts'

export interface HostAnswersOptions {
  readonly imageOf: (mac: string) => {
    readonly image: Image
    readonly payloads: readonly Payload[]
  }
  /** Last line of a host's script: what the machine does when all has been fetched. */
  readonly lastLine: string
}

export interface OwnAnswer {
  readonly status: number
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

const parameters =
  'bootmac=${mac}&uuid=${uuid}&vendor=${manufacturer:uristring}' +
  '&model=${product:uristring}&serial=${serial:uristring}&asset=${asset:uristring}' +
  '&ipv4=${ip}&hostname=${hostname:uristring}&domain=${domain:uristring}'

const register = '/vmw/rbd/host-register'

/** The id that a host with this MAC gets. */
export function hostId(mac: string): string {
  return createHash('md5').update(mac.toLowerCase().replaceAll('-', ':')).digest('hex')
}

export class HostAnswers {
  /** How often `POST …/up` of each host is answered 503 before it is 200. */
  upRefusals = 0
  /** Host id → what its `POST …/up` is answered for ever: 401, 404, 409 or 410. */
  readonly upStatus = new Map<string, number>()
  /** MACs that no rule of vCenter's matches. */
  readonly unknown = new Set<string>()
  /** `http://proxy:5100`, as `Add-ProxyServer` registers them. */
  proxies: readonly string[] = []
  readonly secrets = new Set<string>()
  readonly scriptStatus: string[] = []
  readonly #options: HostAnswersOptions
  readonly #boots = new Map<string, number>()
  readonly #refused = new Map<string, number>()
  readonly #macs = new Map<string, string>()
  #serial = 0

  constructor(options: HostAnswersOptions) {
    this.#options = options
  }

  /** Leads through the proxies, where there are any, and in the end to `direct`. */
  tramp(direct: URL): string {
    this.#serial += 1
    const places = this.proxies.length === 0 ? [] : [...this.proxies, direct.origin]
    const chains = places.map((place) => `chain ${place}${register}?${parameters}`)
    // Relative: before 6.5 changing the host in the first tramp moved all traffic to a proxy.
    const relative = `chain host-register?${parameters}`
    const line = chains.length === 0 ? relative : chains.join(' || ')
    return `#!ipxe\n# serial ${this.#serial}\n${line}\n`
  }

  register(method: string, asked: URLSearchParams): string {
    const mac = asked.get('bootmac')?.toLowerCase()
    if (mac === undefined || this.unknown.has(mac)) return noImage
    const host = hostId(mac)
    this.#macs.set(host, mac)
    this.#boots.set(host, (this.#boots.get(host) ?? 0) + 1)
    const ticket = this.#ticket(host)
    const fetches = this.#options.imageOf(mac).payloads.flatMap(({ path }) => [
      `imgfetch --name payload ${path} || goto failed`,
      'imgfree payload', // so that an image of any size fits into a small machine
    ])
    const { lastLine } = this.#options
    return [
      '#!ipxe',
      `# ${method} ${ticket} ${nonce()}`,
      ...[...asked].map(([name, value]) => `echo ${name} ${value.replaceAll(/[^\w.: -]/g, '_')}`),
      `imgfetch --name boot.cfg host/${host}/boot.cfg?bootmac=${mac}&ticket=${ticket} || goto failed`,
      'imgfree boot.cfg',
      ...fetches,
      `imgfetch --name waiter.tgz host/${host}/waiter.tgz || goto failed`,
      'imgfree waiter.tgz',
      'params ||',
      `param host ${host} ||`,
      `imgfetch --name up host/${host}/up##params || imgfetch --name up host/${host}/up-marker ||`,
      'imgfree up ||',
      'echo Auto Deploy: all payloads fetched',
      lastLine,
      ':failed',
      'echo Auto Deploy: FAILED',
      lastLine,
      '',
    ].join('\n')
  }

  /** `/vmw/rbd/host/<id>/<name>`; undefined for what there is not. */
  file(
    host: string,
    name: string,
    request: { method: string; body: string },
  ): OwnAnswer | undefined {
    const isPost = request.method === 'POST'
    if (name === 'boot.cfg') return { status: 200, body: this.#bootCfg(host) }
    if (name === 'waiter.tgz') return this.#waiter(host)
    if (name === 'up' && isPost) return this.#up(host)
    if (name === 'up-marker') return { status: 200, body: 'done\n' }
    if (name !== 'script-status' || !isPost) return undefined
    this.scriptStatus.push(request.body)
    return { status: 200, body: 'ok\n' }
  }

  #bootCfg(host: string): string {
    const mac = this.#macs.get(host) ?? ''
    const { image, payloads } = this.#options.imageOf(mac)
    const pathOf = (name: string): string => payloads.find((one) => one.name === name)?.path ?? ''
    const [kernel, ...modules] = payloads.flatMap(({ name, path }) =>
      name === loaderName || name === cryptoName ? [] : [path],
    )
    return [
      'bootstate=0',
      `title=Loading ESXi for ${host} ${nonce()}`,
      `kernel=${kernel}`,
      `kernelopt=runweasel ticket=${this.#ticket(host)}`,
      `crypto=${pathOf(cryptoName)}`,
      `modules=${[...modules, `/vmw/rbd/host/${host}/waiter.tgz`].join(' --- ')}`,
      `build=${image}`,
      'updated=0',
      '',
    ].join('\n')
  }

  /** Another at each boot: it holds what makes the host itself. */
  #waiter(host: string): OwnAnswer {
    const body = Buffer.concat([
      Buffer.from([0x1f, 0x8b]),
      randomBytes(30_000),
      Buffer.from(`\n${this.#ticket(host)}\n${nonce()}\n`),
    ])
    return { status: 200, body, headers: { 'content-type': 'application/octet-stream' } }
  }

  #up(host: string): OwnAnswer {
    const refused = this.#refused.get(host) ?? 0
    this.#refused.set(host, refused + 1)
    const status = this.upStatus.get(host)
    if (status !== undefined) return { status, body: 'refused\n' }
    return refused < this.upRefusals
      ? { status: 503, body: 'add host in progress\n', headers: { 'retry-after': '10' } }
      : { status: 200, body: 'done\n' }
  }

  #ticket(host: string): string {
    const ticket = `SECRET-${host}-${this.#boots.get(host) ?? 0}`
    this.secrets.add(ticket)
    return ticket
  }
}

const noImage =
  '#!ipxe\n' +
  'echo This host is attempting to network-boot using VMware AutoDeploy. However, there is no ESXi ' +
  'image associated with this host. Details: No rules containing an Image Profile match this host.\n' +
  'sleep 300\nreboot\n'

function nonce(): string {
  return `NONCE-${randomBytes(8).toString('hex')}`
}
