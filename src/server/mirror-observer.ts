/**
 * Watches what is passed, where a mirror's `observe` is on: an answer that several hosts got octet
 * for octet the same, and that no rule stores, is worth a rule; this proposes it. Keeps checksums,
 * never octets, and looks at nothing that has a query, a cookie or credentials.
 */
import { type Hash, createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Emit } from '../core/events.ts'
import { hasField } from '../protocol/cache/header-fields.ts'
import { type CacheRequest, originForm } from '../protocol/cache/policy.ts'

export interface ObserverParts {
  /** Of the mirror. */
  readonly name: string
  readonly emit: Emit
}

/** Sees one passed answer go by. */
export interface Watch {
  octets(chunk: Uint8Array): void
  /** The client has got all of it. */
  whole(status: number): void
}

interface Seen {
  readonly sha256: string
  readonly bytes: number
  readonly hosts: Set<string>
  /** Other octets were seen under this path, too: never to be stored. */
  differs: boolean
}

/** How much is remembered. */
const mostPaths = 20_000
const mostHosts = 64

export class Observer {
  readonly #parts: ObserverParts
  readonly #seen = new LRUCache<string, Seen>({ max: mostPaths })
  /** By pattern: what was proposed last. */
  readonly #told = new Map<string, number>()

  constructor(parts: ObserverParts) {
    this.#parts = parts
  }

  /** Undefined for what is one host's by its looks. */
  watch(request: CacheRequest, ip: string): Watch | undefined {
    const { method, headers } = request
    const target = originForm(request.target)
    const isPersonal = ['authorization', 'cookie', 'range'].some((name) => hasField(headers, name))
    if (method !== 'GET' || isPersonal || /[?#]/.test(target)) return undefined
    return watchBody((body) => this.#note(target, ip, body))
  }

  #note(path: string, ip: string, { sha256, bytes }: Pick<Seen, 'sha256' | 'bytes'>): void {
    const known = this.#seen.get(path)
    if (known === undefined) {
      this.#seen.set(path, { sha256, bytes, hosts: new Set([ip]), differs: false })
      return
    }
    if (known.sha256 !== sha256) known.differs = true
    else if (known.hosts.size < mostHosts) known.hosts.add(ip)
    if (!known.differs && known.hosts.size > 1) this.#propose(patternOf(path))
  }

  /** Says so at the first, the tenth, the hundredth path. */
  #propose(pattern: string): void {
    const folder = pattern.replace(/\*\*$/, '')
    const all = [...this.#seen].filter(([path]) => path.startsWith(folder))
    const same = all
      .map(([, seen]) => seen)
      .filter(({ hosts, differs }) => !differs && hosts.size > 1)
    const step = 10 ** Math.floor(Math.log10(same.length))
    if ((this.#told.get(pattern) ?? 0) >= step) return
    this.#told.set(pattern, step)
    const hosts = new Set(same.flatMap((seen) => [...seen.hosts])).size
    const bytes = same.reduce((sum, seen) => sum + seen.bytes * (seen.hosts.size - 1), 0)
    const others = all.filter(([, { differs }]) => differs).length
    const { name: mirror, emit } = this.#parts
    emit({
      type: 'mirror.observe',
      mirror,
      file: pattern,
      bytes,
      reason:
        `${same.length} paths were the same for ${hosts} hosts` +
        (others > 0
          ? `, but ${others} were not: look before you store them`
          : `; to store them: rules: [{ path: "${pattern}", action: store }]`),
    })
  }
}

function watchBody(done: (body: Pick<Seen, 'sha256' | 'bytes'>) => void): Watch {
  let hash: Hash | undefined = createHash('sha256')
  let bytes = 0
  return {
    octets(chunk) {
      hash?.update(chunk)
      bytes += chunk.length
    },
    whole(status) {
      if (status === 200 && bytes > 0 && hash !== undefined)
        done({ sha256: hash.digest('hex'), bytes })
      hash = undefined
    },
  }
}

/** `/depot/files/5f/b.v00` as `/depot/files/**`: up to the first part that has a digit, or the name. */
function patternOf(path: string): string {
  const parts = path.split('/')
  const end = parts.findIndex((part) => /\d/.test(part))
  const kept = parts.slice(0, end === -1 ? -1 : Math.min(end, parts.length - 1))
  return `${kept.join('/')}/**`
}
