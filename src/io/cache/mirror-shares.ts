/** How much of the store each mirror may take, where it is told; counts octets, removes nothing. */
import type { IndexEntry } from './index-entry.ts'

type Counted = Pick<IndexEntry, 'key' | 'size'>

export class MirrorShares {
  readonly #limits: ReadonlyMap<string, number>
  readonly #used = new Map<string, number>()

  /** Octets by name of the mirror, the first word of a key. */
  constructor(limits: ReadonlyMap<string, number>) {
    this.#limits = limits
  }

  add({ key, size }: Counted): void {
    const name = mirrorOf(key)
    this.#used.set(name, (this.#used.get(name) ?? 0) + size)
  }

  delete({ key, size }: Counted): void {
    const name = mirrorOf(key)
    this.#used.set(name, (this.#used.get(name) ?? 0) - size)
  }

  /** Whether a body may be stored at all. */
  fits({ key, size }: Counted): boolean {
    return size <= this.#limitOf(mirrorOf(key))
  }

  /** The next that has to go so that the mirror of `key` keeps to its share; `keys` oldest first. */
  next(key: string, keys: Iterable<string>): string | undefined {
    const name = mirrorOf(key)
    if ((this.#used.get(name) ?? 0) <= this.#limitOf(name)) return undefined
    for (const each of keys) if (each !== key && mirrorOf(each) === name) return each
    return undefined
  }

  #limitOf(name: string): number {
    return this.#limits.get(name) ?? Number.POSITIVE_INFINITY
  }
}

function mirrorOf(key: string): string {
  return key.split(' ', 1)[0] ?? ''
}
