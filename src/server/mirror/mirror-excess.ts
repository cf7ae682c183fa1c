/**
 * Takes back what an origin said less of than it sent: its object was stored short, and by HTTP nobody
 * could tell. What follows on the connection tells, a moment later, though not of which answer: all
 * that was just fetched is forgotten then, and fetched again when it is asked for.
 */
import type { Fill } from '../../io/cache/fill.ts'
import type { MirrorParts } from './mirror-exchange.ts'

/** How long after an answer its rest may show up, milliseconds. */
const doubtfulFor = 2000

interface Fetched {
  /** `/path?query` */
  readonly target: string
  /** Without the query. */
  readonly file: string
  /** Epoch milliseconds, as the others. */
  readonly storedAt?: number
  /** Something came that is no part of an answer, while this was not stored yet. */
  readonly suspectedAt?: number
}

export class ExcessWatch {
  readonly #parts: MirrorParts
  readonly #forget: (target: string) => void
  /** What is being fetched, and what was stored a moment ago. */
  readonly #known = new Map<Fill, Fetched>()

  constructor(parts: MirrorParts, forget: (target: string) => void) {
    this.#parts = parts
    this.#forget = forget
  }

  /** Remembers what is fetched until it is beyond doubt. */
  async watch(fetched: Fetched, fill: Fill): Promise<void> {
    this.#known.set(fill, fetched)
    const { type } = await fill.ended
    const { suspectedAt, ...known } = this.#known.get(fill) ?? fetched
    this.#known.delete(fill)
    if (type !== 'stored') return
    if (suspectedAt !== undefined && this.#isRecent(suspectedAt)) return this.#takeBack(known)
    this.#known.set(fill, { ...known, storedAt: this.#parts.clock() })
    for (const [other, { storedAt }] of this.#known) {
      if (storedAt !== undefined && !this.#isRecent(storedAt)) this.#known.delete(other)
    }
  }

  /** The origin has sent what belongs to no answer. */
  found(): void {
    for (const [fill, fetched] of this.#known) {
      const { storedAt } = fetched
      if (storedAt === undefined) {
        // Its end may be in our hands already, or hours away: seen when it comes.
        this.#known.set(fill, { ...fetched, suspectedAt: this.#parts.clock() })
        continue
      }
      this.#known.delete(fill)
      if (this.#isRecent(storedAt)) this.#takeBack(fetched)
    }
  }

  #takeBack({ target, file }: Fetched): void {
    this.#forget(target)
    const { name: mirror, emit } = this.#parts
    emit({ type: 'mirror.broken', mirror, file, reason: 'the origin sent more than it had said' })
  }

  #isRecent(moment: number): boolean {
    return this.#parts.clock() - moment <= doubtfulFor
  }
}
