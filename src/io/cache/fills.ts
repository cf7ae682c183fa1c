/** The downloads of one mirror that are under way, by name: a key of the store, or one of its own. */
import { primaryKey } from '../../protocol/cache/variants.ts'
import { Fill, type FillParts, type FillRequest } from './fill.ts'

export class Fills {
  /** By name; those that nobody may join any more are only in `#all`. */
  readonly #running = new Map<string, Fill>()
  readonly #all = new Set<Fill>()
  readonly #stop = new AbortController()
  readonly #parts: FillParts

  constructor(parts: FillParts) {
    this.#parts = parts
  }

  get running(): readonly Fill[] {
    return [...this.#all]
  }

  find(key: string): Fill | undefined {
    const fill = this.#running.get(key)
    return fill === undefined || fill.isBroken ? undefined : fill
  }

  /** Nobody joins a download of this URL any more, and none is kept. */
  outdate(primary: string): void {
    for (const [name, fill] of this.#running) {
      if (primaryKey(name) !== primary) continue
      fill.outdate()
      this.#running.delete(name)
    }
  }

  /** Only where `find` has none. It is found until its object is in the store, or it broke. */
  start(key: string, request: FillRequest): Fill {
    const fill = new Fill({ ...this.#parts, request, signal: this.#stop.signal })
    this.#running.set(key, fill)
    this.#all.add(fill)
    void this.#forget(key, fill)
    return fill
  }

  async #forget(key: string, fill: Fill): Promise<void> {
    await fill.ended
    this.#all.delete(fill)
    if (this.#running.get(key) === fill) this.#running.delete(key)
  }

  /** Breaks off what is running. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('shutting down'))
    await Promise.all(this.running.map((fill) => fill.ended))
  }
}
