/**
 * How long to wait for an acknowledgement: estimated from the round trips seen, as TCP does it, or
 * what the client asked for. Doubled at each silence, and kept so until a round trip is measured
 * again (Karn's rule), so that a link that became slow is learnt.
 *
 * Source: RFC 6298, with a smaller floor: on a LAN its 1 s turns one lost packet in a hundred into
 * half a minute for a kernel.
 */

/** Milliseconds. Below the floor a ROM that is busy copying would be sent everything twice. */
const floor = 50
const beforeFirstSample = 1000
const ceiling = 10_000

export class RoundTripTimer {
  readonly #fixed: number | undefined
  #smoothed: number | undefined
  #variation = 0
  #interval: number

  /** @param fixed milliseconds, when the client chose the timeout itself (RFC 2349) */
  constructor(fixed?: number) {
    this.#fixed = fixed
    this.#interval = fixed ?? beforeFirstSample
  }

  /** Milliseconds to wait from now on. */
  get interval(): number {
    return this.#interval
  }

  /** A round trip of something that was sent only once, milliseconds. */
  sample(roundTrip: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = roundTrip
      this.#variation = roundTrip / 2
    } else {
      this.#variation += (Math.abs(this.#smoothed - roundTrip) - this.#variation) / 4
      this.#smoothed += (roundTrip - this.#smoothed) / 8
    }
    const estimate = Math.ceil(this.#smoothed + 4 * this.#variation)
    this.#interval = this.#fixed ?? Math.min(Math.max(estimate, floor), ceiling)
  }

  /** Nothing came. */
  backOff(): void {
    this.#interval = Math.max(this.#interval, Math.min(this.#interval * 2, ceiling))
  }
}
