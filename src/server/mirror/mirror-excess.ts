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
}

interface Running {
  /** When something came that is no part of an answer; epoch milliseconds. */
  suspectedAt?: number
}

interface Stored extends Fetched {
  /** Epoch milliseconds. */
  readonly storedAt: number
}

export class ExcessWatch {
  readonly #parts: ExcessParts
  readonly #forget: (key: string) => void
  readonly #running = new Set<Running>()
  /** A moment ago, the oldest first. */
  #stored = new Set<Stored>()

  constructor(parts: ExcessParts, forget: (key: string) => void) {
    this.#parts = parts
    this.#forget = forget
  }

  /** Remembers what is fetched until it is beyond doubt. */
  async watch(fetched: Fetched, fill: Ending): Promise<void> {
    const running: Running = {}
    this.#running.add(running)
    const { type } = await fill.ended
    this.#running.delete(running)
    if (type !== 'stored') return
    const { suspectedAt } = running
    if (suspectedAt !== undefined && this.#isRecent(suspectedAt)) return this.#takeBack(fetched)
    this.#stored.add({ ...fetched, storedAt: this.#parts.clock() })
    for (const other of this.#stored) {
      if (this.#isRecent(other.storedAt)) break
      this.#stored.delete(other)
    }
  }

  /** The origin has sent what belongs to no answer. */
  found(): void {
    // The end of one may be in our hands already, or hours away: seen when it comes.
    for (const running of this.#running) running.suspectedAt = this.#parts.clock()
    const stored = this.#stored
    this.#stored = new Set()
    for (const one of stored) if (this.#isRecent(one.storedAt)) this.#takeBack(one)
  }

  /** What is stored has other keys from now on. */
  renamed(renamings: readonly Renaming[]): void {
    const keys = new Map(renamings.map(({ from, to }) => [from, to]))
    const stored = [...this.#stored]
    this.#stored = new Set(stored.map((one) => ({ ...one, key: keys.get(one.key) ?? one.key })))
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
