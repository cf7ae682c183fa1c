/**
 * How long to wait for an acknowledgement: estimated from the round trips seen, as TCP does it, or
 * what the client asked for. Doubled at each silence, and back at the estimate with the next
 * progress. A round trip of something that was sent twice says nothing (Karn's rule); where that
 * happens again and again the link may have become slow, and the doubled wait stays until a round
 * trip is clear.
 *
 * Source: RFC 6298, with a smaller floor: on a LAN its 1 s turns one lost packet in a hundred into
 * half a minute for a kernel.
 */

/** Milliseconds. Below the floor a ROM that is busy copying would be sent everything twice. */
const floor = 30
const beforeFirstSample = 1000
const ceiling = 10_000
/** So many unclear round trips in a row may be no loss any more, but a slow link. */
const unclearInARow = 3

export class RoundTripTimer {
  readonly #fixed: number | undefined
  #smoothed: number | undefined
  #variation = 0
  #unclear = 0
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

  /**
   * Progress.
   *
   * @param roundTrip milliseconds
   * @param isClear it was sent only once
   */
  answered(roundTrip: number, isClear: boolean): void {
    this.#unclear = isClear ? 0 : this.#unclear + 1
    if (isClear) this.#sample(roundTrip)
    if (this.#unclear < unclearInARow) this.#interval = this.#fixed ?? this.#estimate()
  }

  /** Nothing came. */
  backOff(): void {
    this.#interval = Math.max(this.#interval, Math.min(this.#interval * 2, ceiling))
  }

  #sample(roundTrip: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = roundTrip
      this.#variation = roundTrip / 2
    } else {
      this.#variation += (Math.abs(this.#smoothed - roundTrip) - this.#variation) / 4
      this.#smoothed += (roundTrip - this.#smoothed) / 8
    }
  }

  #estimate(): number {
    if (this.#smoothed === undefined) return beforeFirstSample
    const estimate = Math.ceil(this.#smoothed + 4 * this.#variation)
    return Math.min(Math.max(estimate, floor), ceiling)
  }
}
