/**
 * Takes back what an origin said less of than it sent: its object was stored short, and by HTTP nobody
 * could tell. What follows on the connection tells, a moment later, though not of which answer: all
 * that was just fetched is forgotten then, and fetched again when it is asked for.
 */
import type { Renaming } from '../../io/cache/content-store.ts'
import type { Fill } from '../../io/cache/fill.ts'
import type { MirrorParts } from './mirror-exchange.ts'

/** How long after an answer its rest may show up, milliseconds. */
const doubtfulFor = 2000

type ExcessParts = Pick<MirrorParts, 'name' | 'emit' | 'clock'>
/** Stands for a download. */
type Ending = Pick<Fill, 'ended'>

interface Fetched {
  /** In the store. */
  readonly key: string
  /** The path, without its query. */
  readonly file: string
  /** Epoch milliseconds, as the others. */
  readonly storedAt?: number
  /** Something came that is no part of an answer, while this was not stored yet. */
  readonly suspectedAt?: number
}

export class ExcessWatch {
  readonly #parts: ExcessParts
  readonly #forget: (key: string) => void
  /** What is being fetched, and what was stored a moment ago. */
  readonly #known = new Map<Ending, Fetched>()

  constructor(parts: ExcessParts, forget: (key: string) => void) {
    this.#parts = parts
    this.#forget = forget
  }

  /** Remembers what is fetched until it is beyond doubt. */
  async watch(fetched: Fetched, fill: Ending): Promise<void> {
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

  /** What is stored has other keys from now on. */
  renamed(renamings: readonly Renaming[]): void {
    const keys = new Map(renamings.map(({ from, to }) => [from, to]))
    for (const [fill, fetched] of this.#known) {
      const key = fetched.storedAt === undefined ? undefined : keys.get(fetched.key)
      if (key !== undefined) this.#known.set(fill, { ...fetched, key })
    }
  }

  #takeBack({ key, file }: Fetched): void {
    this.#forget(key)
    const { name: mirror, emit } = this.#parts
    emit({ type: 'mirror.broken', mirror, file, reason: 'the origin sent more than it had said' })
  }

  #isRecent(moment: number): boolean {
    return this.#parts.clock() - moment <= doubtfulFor
  }
}
