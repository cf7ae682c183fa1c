/**
 * Which addresses of one subnet somebody uses without a lease, so that no machine is given a static
 * host's: firmware asks nobody before it uses an address (RFC 2131 §3.1 step 2 wants the server to).
 * The few addresses that come next are asked about ahead, again and again, and no machine waits.
 *
 * Says whom to ask and what silence means; the asking itself is io/net/neighbour-probe.ts.
 */
import type { Ipv4, Mac } from '../../core/address.ts'
import { isHeld, type Lease } from './lease.ts'
import { chooseAddress, mayHold, type Place, type Survey } from './pool.ts'

/** Addresses that are kept ready for machines that come for the first time. */
const ahead = 8
/** How long an answer, or silence, is good for, milliseconds. */
const freshFor = 60_000
/** Asked again so long before that. */
const renewBefore = 5000
/** Who has not answered by then is not there: ARP answers take a millisecond, a busy host's some more. */
const patience = 500
/**
 * An entry that the kernel had before may be of a host that has gone: it believes it for 5 s after
 * our datagram, then asks three times, one second each (Linux arp(7): delay_first_probe_time).
 */
const patienceWithEntry = 10_000
/** Questions in one second. The kernel repeats an unanswered one twice. */
const mostQuestions = 16

interface Question {
  readonly since: number
  readonly due: number
  readonly hadEntry: boolean
}

interface Finding {
  readonly used: boolean
  readonly since: number
  readonly until: number
}

/** What the kernel's neighbour table says now. */
export type Neighbours = (address: Ipv4) => Mac | undefined

export class AddressSurvey implements Survey {
  readonly #questions = new Map<Ipv4, Question>()
  readonly #findings = new Map<Ipv4, Finding>()
  /** The addresses that are kept ready. */
  readonly #next = new Set<Ipv4>()
  #searches = 0
  #second = { since: 0, questions: 0 }

  /** Does a question wait for its answer? */
  get isWaiting(): boolean {
    return this.#questions.size > 0
  }

  /** Addresses that a new machine can be given at once. */
  ready(now: number): readonly Ipv4[] {
    return [...this.#next].filter((address) => this.isFree(address, now))
  }

  /** Asked a moment ago, and nobody answered. */
  isFree(address: Ipv4, now: number): boolean {
    return this.#finding(address, now)?.used === false
  }

  /** Somebody is there, or was a moment ago. */
  isUsed(address: Ipv4, now: number): boolean {
    return this.#finding(address, now)?.used === true
  }

  /** Whom to ask now, so that enough addresses are ready. */
  wanted(place: Place, holder: (address: Ipv4) => Lease | undefined, now: number): Ipv4[] {
    for (const address of this.#next) {
      const lease = holder(address)
      const isTaken = (lease !== undefined && isHeld(lease, now)) || this.isUsed(address, now)
      if (isTaken || !mayHold(place, nobody, address)) this.#next.delete(address)
    }
    while (this.#next.size < ahead) {
      const address = this.#search(place, holder, now)
      if (address === undefined) break
      this.#next.add(address)
    }
    return [...this.#next].filter((address) => !this.isFree(address, now + renewBefore))
  }

  /**
   * Is the address being asked about? Notes the question; the caller asks when the answer is `ask`.
   * `no` when there were too many this second.
   */
  question(address: Ipv4, neighbours: Neighbours, now: number): 'ask' | 'asked' | 'no' {
    if (this.#questions.has(address)) return 'asked'
    const isSameSecond = now >= this.#second.since && now < this.#second.since + 1000
    if (!isSameSecond) this.#second = { since: now, questions: 0 }
    if (this.#second.questions >= mostQuestions) return 'no'
    this.#second.questions += 1
    const hadEntry = neighbours(address) !== undefined
    const due = now + (hadEntry ? patienceWithEntry : patience)
    this.#questions.set(address, { since: now, due, hadEntry })
    if (hadEntry) this.#findings.set(address, { used: true, since: now, until: due })
    return 'ask'
  }

  /** Reads the answers that are there by now; tells who was found at which address. */
  learn(neighbours: Neighbours, now: number): readonly { address: Ipv4; mac: Mac }[] {
    this.#forget(now)
    return [...this.#questions].flatMap(([address, { since, due, hadEntry }]) => {
      const isDue = now >= due || now < since
      const mac = neighbours(address)
      if (!isDue && (mac === undefined || hadEntry)) return []
      this.#questions.delete(address)
      this.#findings.set(address, { used: mac !== undefined, since: now, until: now + freshFor })
      return mac === undefined ? [] : [{ address, mac }]
    })
  }

  #search(place: Place, holder: (address: Ipv4) => Lease | undefined, now: number) {
    this.#searches += 1
    const isUsed = (address: Ipv4): boolean => this.#next.has(address) || this.isUsed(address, now)
    const survey: Survey = { isUsed, isFree: () => false, ready: () => [] }
    const client = { key: `next ${this.#searches}` }
    return chooseAddress({ ...place, survey }, client, holder, now)
  }

  #finding(address: Ipv4, now: number): Finding | undefined {
    const finding = this.#findings.get(address)
    return finding !== undefined && isValid(finding, now) ? finding : undefined
  }

  #forget(now: number): void {
    for (const [address, finding] of this.#findings) {
      if (!isValid(finding, now)) this.#findings.delete(address)
    }
  }
}

/** Not at all when the clock was set back behind it. */
function isValid({ since, until }: Finding, now: number): boolean {
  return since <= now && now < until
}

/** No machine in particular: holds no reservation. */
const nobody = { key: '' }
