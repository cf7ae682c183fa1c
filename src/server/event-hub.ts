/**
 * Where events meet those who listen: log, machine table, page, lab. Adds the time and the machine's
 * name; keeps nothing, decides nothing. What strangers wrote (file names, reasons) is made readable
 * here, once for all who show it: it can neither steer a terminal nor fill the memory, nor tell a
 * secret path. A listener that throws is reported and does not keep the event from the others, nor
 * from what emitted it.
 */
import type { Mac } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import type { Emit, ServiceEvent } from '../core/events.ts'
import { withoutTokens } from '../core/secret-paths.ts'
import { visible } from '../core/visible.ts'

export type Listener = (event: ServiceEvent) => void

export class EventHub {
  readonly #clock: Clock
  readonly #failed: (error: unknown) => void
  readonly #nameOf: (mac: Mac) => string | undefined
  readonly #listeners = new Set<Listener>()
  /** Texts that were found readable lately: many requests are for the same file. */
  readonly #plain = new Set<string>()

  constructor(
    clock: Clock,
    failed: (error: unknown) => void,
    nameOf: (mac: Mac) => string | undefined = () => undefined,
  ) {
    this.#clock = clock
    this.#nameOf = nameOf
    this.#failed = failed
  }

  /** Bound, so that it can be handed to the servers as it is. */
  readonly emit: Emit = (event) => {
    const name = event.mac === undefined ? undefined : this.#nameOf(event.mac)
    const at = this.#clock()
    const stamped = this.#readable(name === undefined ? { ...event, at } : { ...event, name, at })
    for (const listener of this.#listeners) {
      try {
        listener(stamped)
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  /** Answers the way to stop listening. */
  subscribe(listener: Listener): () => void {
    const own: Listener = (event) => listener(event)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  #readable(event: ServiceEvent): ServiceEvent {
    const shown: { -readonly [Field in (typeof foreign)[number]]?: string } = {}
    let isPlain = true
    for (const field of foreign) {
      const text = event[field]
      if (text === undefined || this.#plain.has(text)) continue
      const words = withoutTokens(visible(text))
      if (words === text) this.#keepPlain(text)
      else shown[field] = words
      isPlain &&= words === text
    }
    return isPlain ? event : { ...event, ...shown }
  }

  #keepPlain(text: string): void {
    if (this.#plain.size >= mostPlain) this.#plain.clear()
    this.#plain.add(text)
  }
}

/** The fields in which a machine's own words can stand; `detail` is ours, and has lines. */
const foreign = ['file', 'nearest', 'bootFile', 'entry', 'agent', 'method', 'reason'] as const

/** Texts of at most 512 characters. */
const mostPlain = 1024
