/**
 * Keeps the metadata of an RPM repository of one generation: a new `repomd.xml` takes the place of the
 * old one only when everything that it names is stored, and has the checksums that it says. Until then
 * clients get the old one. Who has read that one gets its files afterwards, too. A first one is held
 * back for a while, asked for once more where something that it names cannot be had, and then given
 * out as it is. Refuses to look into packages.
 *
 * Without this a client that reads the index just before the origin publishes a new one finds that
 * what the index names is gone there, or is something else by now.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { messageOf } from '../../core/errors.ts'
import type { ContentStore, Renaming } from '../../io/cache/content-store.ts'
import type { IndexEntry } from '../../io/cache/index-entry.ts'
import { type RepositoryFile, parseRepomd } from '../../io/cache/repomd.ts'
import { classify, storeKey } from '../../protocol/cache/policy.ts'
import type { Rule } from '../../protocol/cache/rules.ts'
import type { Plan } from './mirror-asking.ts'
import type { Downloads } from './mirror-downloads.ts'
import type { MirrorParts } from './mirror-exchange.ts'

export interface RepositoryParts {
  readonly mirror: MirrorParts
  readonly store: ContentStore
  readonly downloads: Downloads
  readonly rules: readonly Rule[]
}

/** More than any index has octets. */
const largestIndex = 16 << 20

/** How long a first index is held back for what it names, milliseconds: dnf gives up after 30 s. */
const patience = 15_000

/** Of how many clients it is remembered which index they have read, one each per repository. */
const mostReaders = 10_000

/** Signatures of the index: fetched with it, if the origin has them. */
const companions = ['.asc', '.key']

export class Repositories {
  readonly #parts: RepositoryParts
  /** Looks at the origin that are under way, by key of the index. */
  readonly #looks = new Map<string, Promise<boolean>>()
  /** Generations that are being fetched, by key of the index. */
  readonly #coming = new Set<string>()
  /** First generations that are being fetched; true when one may be given out. */
  readonly #firsts = new Map<string, Promise<boolean>>()
  /** Client and index → the checksum of the index as it was read last. */
  readonly #readers = new LRUCache<string, string>({ max: mostReaders })

  constructor(parts: RepositoryParts) {
    this.#parts = parts
  }

  /** Whether the member's generation is stored: then nothing of it changes until the index does. */
  isCurrent(member: Plan): boolean {
    return this.#parts.store.entries(this.#key(indexOf(member.target))).length > 0
  }

  /** This client goes by this index from now on. */
  wasRead(ip: string, { target, rule }: Plan, { sha256 }: IndexEntry): void {
    if (rule.role === 'index') this.#readers.set(`${ip} ${target}`, sha256)
  }

  /** Where the file lay before the newest index came, for a client that has read the one before. */
  formerKeyFor(ip: string, { target, rule }: Plan): string | undefined {
    if (rule.role !== 'member' || rule.lifetime === undefined) return undefined
    const index = indexOf(target)
    const [former] = this.#parts.store.entries(this.#formerKey(index))
    const hasReadIt = this.#readers.get(`${ip} ${index}`) === former?.sha256
    return former !== undefined && hasReadIt ? this.#formerKey(target) : undefined
  }

  /** A member is gone at the origin: so is the generation that named it. */
  lost(member: Plan): void {
    for (const { key } of this.#parts.store.entries(this.#key(indexOf(member.target)))) {
      if (!this.#coming.has(key)) this.#parts.store.remove(key)
    }
  }

  /**
   * Looks whether the origin has a newer index. True when what is stored may be given out: it is
   * the newest, or the newest whose members are all here, or nobody knows better.
   */
  async look(plan: Plan, entry: IndexEntry): Promise<boolean> {
    if (await this.#firsts.get(entry.key)) return true
    if (this.#coming.has(entry.key)) return true
    const running = this.#looks.get(entry.key)
    if (running !== undefined) return await running
    const look = this.#look(plan, entry)
    this.#looks.set(entry.key, look)
    try {
      return await look
    } finally {
      this.#looks.delete(entry.key)
    }
  }

  /**
   * Fetches what a first index names once that itself is `stored`. True when all of it is here, or
   * clients have waited long enough; false when something of it cannot be had: the origin may have a
   * newer one by now.
   */
  complete(plan: Plan, stored: Promise<unknown>): Promise<boolean> {
    const key = this.#key(plan.target)
    const running = this.#firsts.get(key)
    if (running !== undefined) return running
    const work = async (): Promise<boolean> => {
      await stored
      const done = this.#come(key, async () => {
        const files = await this.#filesOf(key)
        await this.#fetchAll(plan, files ?? [], (target) => target)
      })
      const isDone = new AbortController()
      const late = delay(patience, true, { ref: false, signal: isDone.signal })
      return await Promise.race([done, late]).finally(() => isDone.abort())
    }
    const first = work().finally(() => this.#firsts.delete(key))
    this.#firsts.set(key, first)
    return first
  }

  async #look(plan: Plan, entry: IndexEntry): Promise<boolean> {
    const next = this.#nextKey(plan.target)
    const head = await this.#parts.downloads.aside(plan, { key: next, entry })
    if (head.type === 'gone') return false
    if (head.type === 'body') {
      void this.#come(entry.key, async () => {
        if ((await head.ended).type === 'stored') await this.#adopt(plan, next)
      })
    }
    return true
  }

  /** Whatever goes wrong leaves the generation that is there. */
  async #come(key: string, work: () => Promise<void>): Promise<boolean> {
    this.#coming.add(key)
    try {
      await work()
      return true
    } catch (error) {
      const { name: mirror, emit } = this.#parts.mirror
      emit({ type: 'service.hint', mirror, reason: `metadata is not renewed: ${messageOf(error)}` })
      return false
    } finally {
      this.#coming.delete(key)
    }
  }

  async #adopt(plan: Plan, next: string): Promise<void> {
    const { store, downloads } = this.#parts
    const files = await this.#filesOf(next)
    if (files === undefined) throw new Error(`${plan.path} is no index of a repository`)
    const staged = await this.#fetchAll(plan, files, (target) => this.#stagedTarget(target))
    const index = this.#key(plan.target)
    const keys = store.keys()
    for (const key of keys) if (this.#isMember(key, plan, this.#formerKey(''))) store.remove(key)
    const members = keys.filter((key) => this.#isMember(key, plan, this.#key('')))
    const old = [...members, index].map((from) => ({
      from,
      to: this.#formerKey(this.#targetOf(from)),
    }))
    const renamings = [...old, ...staged, { from: next, to: index }]
    downloads.renamed(renamings)
    await store.renameAll(renamings)
  }

  /** Rejects when one of them cannot be had as the index says. Answers what is to be renamed. */
  async #fetchAll(
    plan: Plan,
    files: readonly RepositoryFile[],
    place: (target: string) => string,
  ): Promise<readonly Renaming[]> {
    const root = plan.target.slice(0, plan.target.lastIndexOf('repodata/'))
    const named = files.map(({ href, sha256 }) => ({ target: root + href, sha256 }))
    const signatures = companions.map((end) => ({ target: plan.target + end, sha256: undefined }))
    const done = await Promise.all([
      ...named.map((file) => this.#fetch(file, place, true)),
      ...signatures.map((file) => this.#fetch(file, place, false)),
    ])
    return done.flat()
  }

  async #fetch(
    { target, sha256 }: { readonly target: string; readonly sha256: string | undefined },
    place: (target: string) => string,
    isNeeded: boolean,
  ): Promise<readonly Renaming[]> {
    const { rules, store, downloads } = this.#parts
    const plan = classify({ method: 'GET', target, headers: {}, hostLines: 1 }, rules)
    if (plan.action !== 'store') return []
    // What its name makes unmistakable has its place at once; the rest waits for its index.
    const to = this.#key(target)
    const from = plan.rule.lifetime === undefined ? to : this.#key(place(target))
    const [known] = store.entries(from)
    if (known === undefined || from !== to) {
      const head = await downloads.aside(plan, { key: from })
      if (head.type === 'body') await head.ended
    }
    const [entry] = store.entries(from)
    if (entry === undefined && !isNeeded) return []
    if (entry === undefined) throw new Error(`${plan.path} could not be fetched`)
    if (sha256 !== undefined && entry.sha256 !== sha256) {
      store.remove(from)
      throw new Error(`${plan.path} has not the checksum that its index says`)
    }
    return from === to ? [] : [{ from, to }]
  }

  async #filesOf(key: string): Promise<readonly RepositoryFile[] | undefined> {
    const stored = this.#parts.store.find(key)
    const file =
      stored === undefined || stored.size > largestIndex ? undefined : await stored.openFile()
    if (file === undefined) return undefined
    try {
      const octets = Buffer.alloc(file.size)
      const length = await file.read(octets, 0)
      return length < file.size ? undefined : parseRepomd(octets.toString())
    } finally {
      await file.close()
    }
  }

  /** Stored beside the index, and meaningless without it. */
  #isMember(key: string, plan: Plan, space: string): boolean {
    const folder = space + plan.target.slice(0, plan.target.lastIndexOf('/') + 1)
    if (!key.startsWith(folder)) return false
    const target = key.slice(space.length)
    const asked = { method: 'GET', target, headers: {}, hostLines: 1 }
    const found = classify(asked, this.#parts.rules)
    return (
      found.action === 'store' && found.rule.role === 'member' && found.rule.lifetime !== undefined
    )
  }

  #key(target: string): string {
    return storeKey(this.#parts.mirror, target)
  }

  #targetOf(key: string): string {
    return key.slice(this.#key('').length)
  }

  /** Of the generation before the one that is given out. */
  #formerKey(target: string): string {
    return this.#key(`former ${target}`)
  }

  #stagedTarget(target: string): string {
    return `next ${target}`
  }

  #nextKey(target: string): string {
    return this.#key(this.#stagedTarget(target))
  }
}

/** `…/repodata/anything` as `…/repodata/repomd.xml`. */
function indexOf(target: string): string {
  return target.replace(/\/[^/]*$/, '/repomd.xml')
}
