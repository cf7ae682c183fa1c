/**
 * Watches what is passed, where a mirror's `observe` is on: an answer that several hosts got octet
 * for octet the same, and that no rule stores, is worth a rule; this proposes it. Keeps checksums,
 * never octets, and looks at nothing that has a query, a cookie or credentials.
 */
import { type Hash, createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Emit } from '../../core/events.ts'
import { hasField } from '../../wire/http/header-fields.ts'
import { type CacheRequest, originForm } from '../../protocol/cache/policy.ts'

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
const mostPatterns = 1000

export class Observer {
  readonly #parts: ObserverParts
  readonly #seen = new LRUCache<string, Seen>({ max: mostPaths })
  /** How many paths were the same for several hosts, by pattern. */
  readonly #same = new LRUCache<string, number>({ max: mostPatterns })

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
    if (known.differs || known.hosts.has(ip) || known.hosts.size >= mostHosts) return
    known.hosts.add(ip)
    if (known.hosts.size === 2) this.#count(placeOf(path))
  }

  /** Says so at the first, the tenth, the hundredth path. */
  #count(place: string): void {
    const count = (this.#same.get(place) ?? 0) + 1
    this.#same.set(place, count)
    if (Number.isInteger(Math.log10(count))) this.#propose(place)
  }

  #propose(place: string): void {
    const all = [...this.#seen].filter(([path]) => path.startsWith(place)).map(([, seen]) => seen)
    const same = all.filter(({ hosts, differs }) => !differs && hosts.size > 1)
    const hosts = new Set(same.flatMap((seen) => [...seen.hosts])).size
    const bytes = same.reduce((sum, seen) => sum + seen.bytes * (seen.hosts.size - 1), 0)
    const others = all.filter(({ differs }) => differs).length
    const advice =
      others > 0
        ? `, but ${others} were not: look before you store them`
        : `; to store them: rules: [{ path: "${place}**", action: store }]`
    const { name: mirror, emit } = this.#parts
    const reason = `${same.length} paths were the same for ${hosts} hosts${advice}`
    emit({ type: 'mirror.observe', mirror, file: `${place}**`, bytes, reason })
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

/** `/depot/files/` of `/depot/files/5f/b.v00`: up to the first part that has a digit, or the name. */
function placeOf(path: string): string {
  const parts = path.split('/')
  const end = parts.findIndex((part) => /\d/.test(part))
  const kept = parts.slice(0, end === -1 ? -1 : Math.min(end, parts.length - 1))
  return `${kept.join('/')}/`
}
