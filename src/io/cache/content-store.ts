/**
 * Bodies on disk under the name of their SHA-256, and an index of which key has which body. A cache:
 * it may be deleted at any time, also while it is served from; a body that is gone is a miss.
 *
 *     cache/content-v1/ab/abcdef…   whole bodies, never anything else
 *     cache/index-v2                which key has which body (`index-journal.ts`)
 *     cache/tmp/                    what is being written; our names in it are removed at start
 *
 * A body is flushed to disk BEFORE it gets its name, so whatever has a name is whole, also after a
 * power cut, and a hit never pays for proof (measured: docs/decisions/0009). Refuses to know HTTP: see
 * `fill.ts`, `mirror.ts`.
 */
import { statfs } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/clock.ts'
import type { OpenFile } from '../files/file-tree.ts'
import { type IndexEntry, lasting } from './index-entry.ts'
import { IndexJournal, type LoadedEntry, readIndex } from './index-journal.ts'
import { MirrorShares } from './mirror-shares.ts'
import { removeOldIndex, storedBodies } from './orphans.ts'
import { StoredBodies } from './stored-bodies.ts'
import { type TemporaryFile, TemporaryFiles, emptyTemporaries } from '../files/temporary-files.ts'
import { VariantKeys } from './variant-keys.ts'

export interface ContentStoreOptions {
  readonly directory: string
  /** Octets on disk, at most (within the one body that is just being added). */
  readonly maxBytes: number
  /** Octets at most of some mirrors, by their name. */
  readonly shares?: ReadonlyMap<string, number> | undefined
  /** Octets that stay free on the disk; while there are fewer, nothing new is stored. */
  readonly reserve?: number | undefined
  /** Octets of memory for small bodies that are asked for often. */
  readonly memory?: number | undefined
  readonly clock: Clock
}

/** A whole body that can be served. */
export interface StoredObject extends IndexEntry {
  /** Undefined when the body has vanished from the disk: a miss. The caller closes it. */
  openFile(): Promise<OpenFile | undefined>
}

export interface StoreStats {
  readonly objects: number
  readonly bytes: number
  readonly limit: number
}

/** What is lost in a power cut costs nothing. */
const lazily = { flush: false }

/** How stale the recorded time of last use may be: a hit rarely costs a write. */
const touchInterval = 10 * 60_000

/** Never fill more than this share of what is free: leases may live on the same disk. */
const shareOfFreeSpace = 0.9

interface Known {
  readonly entry: IndexEntry
  touchedAt: number
}

export interface Renaming {
  readonly from: string
  readonly to: string
}

/** What a confirmation of an answer by its origin changes. */
export type Confirmation = Pick<IndexEntry, 'headers' | 'requestedAt' | 'respondedAt'>

export class ContentStore {
  readonly #directory: string
  readonly #clock: Clock
  readonly #index: LRUCache<string, Known>
  /** How many keys have this body: equal bodies are stored once. */
  readonly #uses = new Map<string, number>()
  readonly #bodies: StoredBodies
  readonly #temporaries: TemporaryFiles
  readonly #shares: MirrorShares
  readonly #variants = new VariantKeys()
  readonly #journal: IndexJournal
  #tidying: Promise<void> = Promise.resolve()
  /** Disposed of by the index, and not yet by the disk. */
  readonly #leaving: IndexEntry[] = []
  /** Renames and removals, one after the other, so that a removal never hits a newer body. */
  #changes: Promise<unknown> = Promise.resolve()

  private constructor(options: ContentStoreOptions, limit: number) {
    this.#directory = options.directory
    this.#clock = options.clock
    this.#bodies = new StoredBodies(options.directory, options.memory)
    this.#journal = new IndexJournal(options.directory, () => this.#live())
    this.#temporaries = new TemporaryFiles(options.directory, options.reserve ?? 0)
    this.#shares = new MirrorShares(options.shares ?? new Map())
    this.#index = new LRUCache<string, Known>({
      maxSize: Math.max(1, Math.floor(limit)),
      sizeCalculation: ({ entry }) => Math.max(1, entry.size),
      dispose: ({ entry }) => this.#dispose(entry),
    })
  }

  /** Empties `tmp/` and reads the index; bodies that no entry names go meanwhile. */
  static async open(options: ContentStoreOptions): Promise<ContentStore> {
    const { directory } = options
    await emptyTemporaries(directory)
    const entries = readIndex(directory)
    const stored = entries.reduce((sum, { entry }) => sum + entry.size, 0)
    const { bavail, bsize } = await statfs(directory)
    const free = bavail * bsize * shareOfFreeSpace
    const store = new ContentStore(options, Math.min(options.maxBytes, stored + free))
    for (const { entry, usedAt } of entries) store.#add(entry, usedAt)
    store.#tidying = store.#tidy().catch(() => {}) // at the next start, then
    return store
  }

  find(key: string): StoredObject | undefined {
    const known = this.#index.get(key)
    if (known === undefined) return undefined
    this.#touch(known)
    return { ...known.entry, openFile: () => this.#openFile(known.entry) }
  }

  /** Whether this very entry, as `entries` gave it, is stored; it counts as used then. */
  isCurrent(entry: IndexEntry): boolean {
    const known = this.#index.get(entry.key)
    if (known?.entry !== entry) return false
    this.#touch(known)
    return true
  }

  /** The body, if it can be had at once. The caller closes it. */
  fileAtHand(entry: IndexEntry): OpenFile | undefined {
    return this.#bodies.atHand(entry)
  }

  /** Everything that is stored for one URL, its variants included; nothing counts as used. */
  entries(primary: string): readonly IndexEntry[] {
    return this.#variants.of(primary).flatMap((key) => this.#index.peek(key)?.entry ?? [])
  }

  /** Of everything that is stored. */
  keys(): readonly string[] {
    return [...this.#index.keys()]
  }

  /**
   * Bodies of some keys become those of others, all at the same moment; what those had goes. A power
   * cut in between leaves the last of them without a body, so that nothing is believed complete.
   */
  async renameAll(renamings: readonly Renaming[]): Promise<void> {
    const renamed = renamings.flatMap(({ from, to }) => {
      const entry = this.#index.peek(from)?.entry
      return entry === undefined ? [] : [{ ...entry, key: to }]
    })
    for (const entry of renamed) this.#add(entry, this.#clock())
    const taken = new Set(renamed.map(({ key }) => key))
    for (const { from } of renamings) if (!taken.has(from)) this.remove(from)
    await this.#inTurn(async () => {
      const last = renamed.at(-1)
      const gone = last === undefined ? [] : [{ gone: last.key }]
      const at = this.#clock()
      const puts = renamed.map((put) => ({ at, put }))
      await this.#journal.append([...gone, ...puts], { flush: true })
    })
  }

  remove(key: string): boolean {
    return this.#index.delete(key)
  }

  /** A body that is not what its name says: nothing that has it is there any more. */
  removeBody(sha256: string): void {
    const keys = this.keys().filter((key) => this.#index.peek(key)?.entry.sha256 === sha256)
    for (const key of keys) this.#index.delete(key)
  }

  /** What is stored under a key; it does not count as used. */
  peek(key: string): IndexEntry | undefined {
    return this.#index.peek(key)?.entry
  }

  /**
   * The origin has confirmed an answer: its body stays, what is known of it changes. Times alone
   * stay in memory: after a restart the origin is asked again, which is never wrong.
   */
  confirm(entry: IndexEntry, confirmation: Confirmation): void {
    const known = this.#index.peek(entry.key)
    if (known === undefined || known.entry.sha256 !== entry.sha256) return
    const confirmed = { ...known.entry, ...confirmation }
    this.#add(confirmed, known.touchedAt)
    if (lasting(confirmed.headers) === lasting(entry.headers)) return
    void this.#inTurn(async () => {
      if (this.#index.has(entry.key)) await this.#writeEntry(confirmed, known.touchedAt)
    }).catch(() => {}) // the old header on disk is as good as before
  }

  /** For a body to come, of `size` octets if that is known. Rejects with LowDiskError. */
  async openTemporary(size = 0): Promise<TemporaryFile> {
    return await this.#temporaries.open(size)
  }

  /**
   * Gives a whole body its name: flush, rename, then the entry, in this order. False when it does
   * not fit, or is no longer wanted. The file is no longer in `tmp/` afterwards; its handle stays
   * the caller's.
   */
  async publish(
    file: TemporaryFile,
    entry: Omit<IndexEntry, 'storedAt'>,
    isWanted = (): boolean => true,
  ): Promise<boolean> {
    if (entry.size > this.#index.maxSize || !this.#shares.fits(entry)) return false
    await file.handle.datasync()
    return await this.#inTurn(async () => {
      const now = this.#clock()
      const dated = { ...entry, storedAt: now }
      await this.#bodies.take(file.path, entry.sha256)
      await this.#writeEntry(dated, now).catch(async (error: unknown) => {
        await this.#removeUnused(entry.sha256)
        throw error
      })
      if (!isWanted()) return await this.#withdraw(dated)
      this.#add(dated, now)
      await this.#sweep() // before others are published: the disk holds one object too much at most
      return true
    })
  }

  stats(): StoreStats {
    const { size: objects, calculatedSize: bytes, maxSize: limit } = this.#index
    return { objects, bytes, limit }
  }

  /** Waits until the changes that are under way, and those that follow from them, are done. */
  async close(): Promise<void> {
    this.#bodies.close()
    await this.#tidying
    for (let awaited; awaited !== this.#changes;) {
      awaited = this.#changes
      await awaited
    }
  }

  async #openFile(entry: IndexEntry): Promise<OpenFile | undefined> {
    const file = await this.#bodies.open(entry)
    if (file === 'gone') this.#forget(entry)
    return typeof file === 'string' ? undefined : file
  }

  #forget(entry: IndexEntry): void {
    if (this.#index.peek(entry.key)?.entry === entry) this.#index.delete(entry.key)
  }

  /** The newest is the most recently used; what no longer fits is disposed of by the index. */
  #add(entry: IndexEntry, usedAt: number): void {
    this.#uses.set(entry.sha256, (this.#uses.get(entry.sha256) ?? 0) + 1)
    this.#shares.add(entry)
    if (entry.size > this.#index.maxSize || !this.#shares.fits(entry)) return this.#dispose(entry)
    this.#index.set(entry.key, { entry, touchedAt: usedAt })
    // Behind the index: an entry of the same key that it has just disposed of is forgotten first.
    const crowded = this.#variants.add(entry.key)
    if (crowded !== undefined) this.#index.delete(crowded)
    for (let old = this.#overShare(entry); old !== undefined; old = this.#overShare(entry)) {
      this.#index.delete(old)
    }
  }

  #overShare({ key }: IndexEntry): string | undefined {
    return this.#shares.next(key, this.#index.rkeys())
  }

  #dispose(entry: IndexEntry): void {
    this.#shares.delete(entry)
    const uses = (this.#uses.get(entry.sha256) ?? 1) - 1
    if (uses > 0) this.#uses.set(entry.sha256, uses)
    else this.#uses.delete(entry.sha256)
    this.#variants.delete(entry.key)
    this.#leaving.push(entry)
    void this.#inTurn(() => this.#sweep())
  }

  /** Takes away what the index has disposed of. What cannot be removed goes at the next start. */
  async #sweep(): Promise<void> {
    for (const { key, sha256 } of this.#leaving.splice(0)) {
      // Asked again when its turn has come: the same body may have been stored anew meanwhile.
      await this.#removeUnused(sha256).catch(() => {})
      if (this.#index.has(key)) continue
      await this.#journal.append([{ gone: key }], lazily).catch(() => {})
    }
  }

  async #removeUnused(sha256: string): Promise<void> {
    if (!this.#uses.has(sha256)) await this.#bodies.remove(sha256)
  }

  #touch(known: Known): void {
    const now = this.#clock()
    if (now - known.touchedAt < touchInterval) return
    known.touchedAt = now
    const change = { at: now, used: known.entry.key }
    void this.#inTurn(() => this.#journal.append([change], lazily)).catch(() => {})
  }

  async #writeEntry(put: IndexEntry, at: number): Promise<void> {
    await this.#journal.append([{ at, put }], { flush: true })
  }

  /** Of an entry that is on disk, but has never been in the index: another one may be. */
  async #withdraw({ key, sha256 }: IndexEntry): Promise<false> {
    const other = this.#index.peek(key)
    const change = other === undefined ? { gone: key } : { at: other.touchedAt, put: other.entry }
    await this.#journal.append([change], { flush: true })
    await this.#removeUnused(sha256)
    return false
  }

  /** After a power cut there may be bodies without an entry, and entries without a body. */
  async #tidy(): Promise<void> {
    await removeOldIndex(this.#directory)
    const loaded = [...this.#index.values()].map(({ entry }) => entry)
    const found = await storedBodies(this.#directory)
    for (const sha256 of found) await this.#inTurn(() => this.#removeUnused(sha256))
    for (const entry of loaded) if (!found.has(entry.sha256)) this.#forget(entry)
  }

  *#live(): Iterable<LoadedEntry> {
    for (const key of this.#index.rkeys()) {
      const known = this.#index.peek(key)
      if (known !== undefined) yield { entry: known.entry, usedAt: known.touchedAt }
    }
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change)
    this.#changes = Promise.allSettled([result])
    return result
  }
}
