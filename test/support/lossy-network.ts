/**
 * A network in virtual time: delivers, loses, doubles and reorders by a seed, so that every run is
 * the same. Nothing here knows a protocol.
 */
export interface Weather {
  /** Chances, 0 to 1, of each packet. */
  readonly loss: number
  readonly duplication: number
  readonly reordering: number
  /** One way, milliseconds. */
  readonly delay: number
}

interface Appointment {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class VirtualTime {
  now = 0
  readonly #appointments: Appointment[] = []
  #order = 0

  at(time: number, run: () => void): void {
    const appointment = { at: Math.max(time, this.now), order: this.#order++, run }
    const later = this.#appointments.findIndex((other) => other.at > appointment.at)
    if (later < 0) this.#appointments.push(appointment)
    else this.#appointments.splice(later, 0, appointment)
  }

  /** Runs until nothing is left to do or `isOver` says so. */
  run(isOver: () => boolean): void {
    for (let next = this.#appointments.shift(); next; next = this.#appointments.shift()) {
      this.now = next.at
      next.run()
      if (isOver()) return
    }
  }
}

/** A cable in one direction. */
export function cable(
  time: VirtualTime,
  weather: Weather,
  random: () => number,
): (deliver: () => void) => void {
  return (deliver) => {
    const copies = random() < weather.duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const isLost = random() < weather.loss
      const detour = random() < weather.reordering ? weather.delay * 3 * random() : 0
      if (!isLost) time.at(time.now + weather.delay + detour, deliver)
    }
  }
}

/** Mulberry32: numbers in [0, 1), the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
