/**
 * Reads everything in the store once in a while and compares it with its checksum: disks lose bits,
 * and nobody would ask twice for a payload that was damaged since it was stored. Slow on purpose: one
 * body at a time, at a bounded rate, spread over the whole interval.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { checkBody } from './cache-folder.ts'
import type { ContentStore } from './content-store.ts'
import type { IndexEntry } from './index-entry.ts'

export interface ScrubberOptions {
  readonly store: ContentStore
  /** Of the cache. */
  readonly directory: string
  /** Milliseconds in which everything is read once. */
  readonly interval: number
  /** Told of what was damaged, and is no longer stored. */
  readonly damaged: (entry: IndexEntry) => void
  /** Octets per second, at most. */
  readonly rate?: number
}

/** What no disk and no client notices. */
const usualRate = 16 << 20

/** Longer than a timer can wait is waited in parts. */
const longestPause = 3_600_000

/** A service that is restarted often must not begin with the same bodies each time. */
function fromAnywhere(keys: readonly string[]): readonly string[] {
  const start = Math.floor(Math.random() * keys.length)
  return [...keys.slice(start), ...keys.slice(0, start)]
}

export class Scrubber {
  readonly #options: ScrubberOptions
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(options: ScrubberOptions) {
    this.#options = options
    this.#done = this.#run().catch(() => {}) // only ever ended by `close`
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const keys = fromAnywhere(this.#options.store.keys())
      const share = this.#options.interval / Math.max(1, keys.length)
      for (const key of keys) {
        await this.#pause(share)
        await this.#look(key)
      }
      if (keys.length === 0) await this.#pause(longestPause)
    }
  }

  async #look(key: string): Promise<void> {
    const { store, directory, damaged, rate = usualRate } = this.#options
    const entry = store.peek(key)
    if (entry === undefined) return
    const pieceRead = (octets: number) => this.#pause((octets / rate) * 1000)
    if ((await checkBody(directory, entry, { pieceRead })) !== 'damaged') return
    store.removeBody(entry.sha256)
    damaged(entry)
  }

  /** Rejects when it is closed. */
  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stop
    for (let left = milliseconds; left > 0; left -= longestPause) {
      await delay(Math.min(left, longestPause), undefined, { signal, ref: false })
    }
  }
}
