/**
 * Who gives addresses on one subnet in mode `auto`: us, or another DHCP server. A guest until nobody
 * has answered for a while; a guest again at the first sign of another server; back only after that
 * one's silence. Knows no packets and no sockets: it is told what was heard, and says when to ask.
 *
 * Of two services that both want to begin, or both have begun, the one with the lower address does.
 */
import type { Ipv4 } from '../../core/address.ts'

/** Milliseconds. */
export interface RoleTiming {
  /** How long nobody may answer before addresses are given: three questions are asked meanwhile. */
  readonly listen: number
  /** Between two questions while nothing changes. */
  readonly probe: number
  /** How long another server must be silent before we take over; the last part is a `listen`. */
  readonly takeover: number
}

export type RoleState =
  /** A guest that is finding out; `before` is the server that has been silent. */
  | { readonly type: 'asking'; readonly before?: Ipv4 | undefined }
  /** `unanswered`: where nobody can be asked, a machine was heard to get no address. */
  | {
      readonly type: 'full'
      readonly because: 'silence' | 'unanswered'
      readonly before?: Ipv4 | undefined
    }
  /** `peer`: another service like this one, with a lower address, is about to begin. */
  | { readonly type: 'proxy'; readonly because: 'heard' | 'peer'; readonly rival: Ipv4 }

/** What another service like this one says of itself when it asks. */
export interface Peer {
  readonly server: Ipv4
  readonly state: RoleState['type']
}

const questionsInRound = 3
/** A round has a part between two questions and three behind the last: some servers ping first. */
const partsBehindLast = 3
const partsOfRound = questionsInRound - 1 + partsBehindLast

export class ServerRole {
  readonly #timing: RoleTiming
  #state: RoleState = { type: 'asking' }
  /** Questions that were asked in the state `asking`. */
  #sent = 0
  #lastAsked = 0
  /** When the other server was heard, and when the one that is named. */
  #heard = { any: 0, rival: 0 }
  #nextProbe = 0

  constructor(timing: RoleTiming, now: number) {
    this.#timing = timing
    this.#ask(now)
  }

  get state(): RoleState {
    return this.#state
  }

  /** What we know is of another wire, or old: begins as at the start. */
  restart(now: number): void {
    this.#state = { type: 'asking' }
    this.#ask(now)
  }

  /** Does what is due; true when a question has to be sent. */
  tick(now: number): boolean {
    const { listen, takeover } = this.#timing
    if (this.#state.type === 'asking') return this.#goOn(now)
    if (this.#state.type === 'full' && now > this.#nextProbe + takeover) this.restart(now) // slept
    else if (this.#state.type === 'proxy' && now >= this.#heard.any + takeover - listen) {
      this.#state = { type: 'asking', before: this.#state.rival }
      this.#ask(now)
    } else return this.#askAgain(now)
    return this.#goOn(now)
  }

  /** When `tick` has something to do next. */
  get due(): number {
    const { listen, takeover } = this.#timing
    if (this.#state.type === 'asking') return this.#nextOfRound()
    if (this.#state.type === 'full') return this.#nextProbe
    return Math.min(this.#nextProbe, this.#heard.any + takeover - listen)
  }

  /** Another server gave an address, or a machine took one from it. */
  heard(rival: Ipv4, now: number): void {
    this.#stepBack('heard', rival, now)
  }

  /** Another service like this one asks. `ours` is our address on that network. */
  heardPeer(peer: Peer, ours: Ipv4, now: number): void {
    const isFirst = peer.server < ours
    // Whoever has begun goes before whoever wants to.
    if (peer.state === 'full' && (isFirst || this.#state.type !== 'full')) {
      this.#stepBack('heard', peer.server, now)
    }
    if (peer.state === 'asking' && this.#state.type === 'asking' && isFirst) {
      this.#stepBack('peer', peer.server, now)
    }
  }

  /** A machine asks for an address: a good moment to look who answers, though not for each of many. */
  machineAsked(now: number): void {
    if (this.#state.type === 'full' && now >= this.#lastAsked + this.#part) this.#nextProbe = now
  }

  /** A machine was heard to ask more than once and got no address from anybody. */
  unanswered(now: number): void {
    const state = this.#state
    if (state.type === 'full') return
    if (state.type === 'proxy' && now < this.#heard.any + this.#timing.takeover) return
    const before = state.type === 'proxy' ? state.rival : state.before
    this.#state = { type: 'full', because: 'unanswered', before }
  }

  #stepBack(because: 'heard' | 'peer', server: Ipv4, now: number): void {
    const state = this.#state
    const known = state.type === 'proxy' ? state.rival : undefined
    const isOther = known !== undefined && known !== server
    this.#heard.any = now
    // Of two that both answer, the one that was first keeps the name.
    if (isOther && now < this.#heard.rival + this.#timing.takeover) return
    this.#heard.rival = now
    const hasBegun = state.type === 'proxy' && state.because === 'peer' && because === 'heard'
    if (known === server && !hasBegun) return
    this.#state = { type: 'proxy', because, rival: server }
    this.#nextProbe = now + this.#timing.probe
  }

  #ask(now: number): void {
    this.#sent = 0
    this.#lastAsked = now
  }

  #goOn(now: number): boolean {
    if (now < this.#nextOfRound()) return false
    if (this.#sent < questionsInRound) {
      this.#sent += 1
      this.#lastAsked = now
      return true
    }
    const before = this.#state.type === 'asking' ? this.#state.before : undefined
    this.#state = { type: 'full', because: 'silence', before }
    this.#nextProbe = now + this.#timing.probe
    return false
  }

  /** The next question, or the verdict; counted from the last question, however late that was. */
  #nextOfRound(): number {
    if (this.#sent === 0) return this.#lastAsked
    const isLast = this.#sent === questionsInRound
    return this.#lastAsked + (isLast ? partsBehindLast : 1) * this.#part
  }

  get #part(): number {
    return this.#timing.listen / partsOfRound
  }

  #askAgain(now: number): boolean {
    if (now < this.#nextProbe) return false
    this.#nextProbe = now + this.#timing.probe
    this.#lastAsked = now
    return true
  }
}
