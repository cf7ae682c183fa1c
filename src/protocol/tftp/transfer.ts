/**
 * Read transfer: the server's half of one RRQ, without sockets, files or timers.
 *
 * Blocks are counted from 1 and never wrap here; only the number on the wire does (mod 65536, so
 * 65535 is followed by 0). The machine holds no octets: it names blocks, and the server reads them
 * again to retransmit. The law of the driver: call one method, perform every effect in order, then
 * set one timer for `wakeAt`.
 *
 * A silence sends the window again; an acknowledgement inside the window sends at once what follows
 * it (RFC 7440 §4); a repetition of the last acknowledgement sends nothing, or every duplicate on
 * the wire would double the traffic (the Sorcerer's Apprentice, RFC 1123 §4.2.3.1). With windows the
 * apprentice has a second spell: where packets only overtook each other, nothing was lost, the
 * blocks that were sent again arrive twice, and the client acknowledges in the middle of a window
 * once more, exactly where they end. That one acknowledgement sends only what was never sent, and
 * so does each further one when no window gets through whole: then the timer decides.
 *
 * Sources: RFC 1350 §2 and §6, RFC 2347, RFC 7440.
 */
import type { Agreement } from './negotiate.ts'
import { RoundTripTimer } from './round-trip.ts'

export type TransferEffect =
  | { readonly type: 'sendOptions' }
  /** Absolute block numbers, both inclusive; the last block of a file is shorter, maybe empty. */
  | { readonly type: 'sendBlocks'; readonly first: number; readonly last: number }
  | { readonly type: 'end'; readonly outcome: TransferOutcome }

/**
 * How a transfer ended. `probe`: the client wanted the options only, as UEFI firmware does to learn
 * the size before it asks again; not a failure.
 */
export type TransferOutcome =
  | { readonly type: 'delivered' }
  | { readonly type: 'probe' }
  | { readonly type: 'aborted'; readonly reason: string }

/** A client is given up after this long without progress, but not before so many repetitions. */
const patience = { milliseconds: 30_000, repetitions: 3 }

/** So many windows may be cut short one after the other before only the timer repeats anything. */
const cutsInARow = 8

export class ReadTransfer {
  readonly #agreement: Agreement
  readonly #timer: RoundTripTimer
  /** Number of blocks; the last one is the first that is not full. */
  readonly #total: number
  /** -1: the OACK is not acknowledged yet. */
  #acknowledged: number
  #sent = 0
  /** When the current window was sent for the first time. */
  #sentAt = 0
  /** The last block of a window that was cut short by an acknowledgement inside it. */
  #overlapEnd = 0
  /** Acknowledgements inside a window in a row. */
  #cuts = 0
  /** How often the current window was sent again. */
  #repetitions = 0
  #progressAt = 0
  #wakeAt: number | undefined

  /** @param size octets of the file */
  constructor(agreement: Agreement, size: number) {
    this.#agreement = agreement
    this.#timer = new RoundTripTimer(agreement.timeout)
    this.#total = Math.floor(size / agreement.blockSize) + 1
    this.#acknowledged = agreement.granted.size > 0 ? -1 : 0
  }

  /** When `wake` wants to be called, epoch milliseconds; undefined: never again. */
  get wakeAt(): number | undefined {
    return this.#wakeAt
  }

  /** Blocks that the client has confirmed. */
  get acknowledged(): number {
    return Math.max(0, this.#acknowledged)
  }

  start(now: number): TransferEffect[] {
    this.#progressAt = now
    return this.#sendWindow(now)
  }

  /** @param wireBlock the block number of the ACK, 0 to 65535 */
  acknowledge(wireBlock: number, now: number): TransferEffect[] {
    if (this.#wakeAt === undefined) return []
    if (this.#acknowledged < 0) return wireBlock === 0 ? this.#advance(0, now) : []
    const ahead = (wireBlock - this.#acknowledged) & 0xffff
    const isNew = ahead > 0 && this.#acknowledged + ahead <= this.#sent
    return isNew ? this.#advance(this.#acknowledged + ahead, now) : []
  }

  /** The client sent ERROR, which ends the transfer without an answer. */
  refuse(code: number, message: string): TransferEffect[] {
    if (this.#wakeAt === undefined) return []
    // EDK2 leaves with code 8, others with code 0 and "User aborted" or "TFTP Aborted".
    const isProbe = this.#acknowledged < 0 && (code === 8 || code === 0)
    if (isProbe) return this.#end({ type: 'probe' })
    const text = message === '' ? '' : `: ${message}`
    return this.#end({ type: 'aborted', reason: `the client sent error ${code}${text}` })
  }

  /** The time of `wakeAt` has come; earlier calls do nothing. */
  wake(now: number): TransferEffect[] {
    if (this.#wakeAt === undefined || now < this.#wakeAt) return []
    const silence = now - this.#progressAt
    if (this.#repetitions >= patience.repetitions && silence >= patience.milliseconds) {
      return this.#end({ type: 'aborted', reason: this.#silenceReason() })
    }
    this.#repetitions++
    this.#cuts = 0
    this.#timer.backOff()
    return this.#sendWindow(now)
  }

  #advance(block: number, now: number): TransferEffect[] {
    this.#timer.answered(now - this.#sentAt, this.#repetitions === 0)
    const isCut = block < this.#sent
    this.#cuts = isCut ? this.#cuts + 1 : 0
    const isEcho = block === this.#overlapEnd || this.#cuts > cutsInARow
    this.#overlapEnd = isCut ? this.#sent : 0
    this.#acknowledged = block
    this.#repetitions = 0
    this.#progressAt = now
    if (block === this.#total) return this.#end({ type: 'delivered' })
    return isEcho ? this.#sendBlocks(this.#sent + 1, now) : this.#sendWindow(now)
  }

  #sendWindow(now: number): TransferEffect[] {
    if (this.#acknowledged >= 0) return this.#sendBlocks(this.#acknowledged + 1, now)
    this.#setTimer(now)
    return [{ type: 'sendOptions' }]
  }

  /** From `first` to the end of the window that follows the last acknowledgement. */
  #sendBlocks(first: number, now: number): TransferEffect[] {
    this.#setTimer(now)
    this.#sent = Math.min(this.#acknowledged + this.#agreement.windowSize, this.#total)
    return first > this.#sent ? [] : [{ type: 'sendBlocks', first, last: this.#sent }]
  }

  #setTimer(now: number): void {
    if (this.#repetitions === 0) this.#sentAt = now
    this.#wakeAt = now + this.#timer.interval
  }

  #end(outcome: TransferOutcome): TransferEffect[] {
    this.#wakeAt = undefined
    return [{ type: 'end', outcome }]
  }

  #silenceReason(): string {
    if (this.#acknowledged < 0) return 'no answer to the options'
    if (this.#acknowledged === 0) return 'no answer to the first block'
    if (this.#sent === this.#total) return 'the last block was never acknowledged'
    return `silence after block ${this.#acknowledged} of ${this.#total}`
  }
}
