/**
 * A machine asks what to boot: what it is told now, and what that means for its installation. The
 * way to its answers is told to the machine itself alone, at its own address; whoever asks in its
 * name gets what anybody would, and moves nothing.
 */
import type { Mac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import type { Emit } from '../../core/events.ts'
import type { Host } from '../../boot/host.ts'
import { effectiveHost } from '../../boot/install/effective-host.ts'
import { type InstallRecord, mayFetch } from '../../boot/install/install-state.ts'
import { type NextBoot, choiceServed } from '../../boot/install/next-boot.ts'
import type { Asker, InstallAnswers } from './install-answers.ts'
import type { Installs } from './installs.ts'

export interface InstallTurnsOptions {
  readonly installs: Installs
  readonly answers: Pick<InstallAnswers, 'prove'>
  /** By lease or as a neighbour. */
  readonly macOf: (ip: string) => Mac | undefined
  readonly emit: Emit
  readonly clock: Clock
}

/** What a machine is told this time. */
export interface Turn {
  readonly host: Host | undefined
  /**
   * To be called with what is rendered from `host`, before it leaves. Throws SystemError when what
   * follows from it cannot be stored: then it must not leave.
   */
  readonly take: (text: string) => void
}

interface Decision {
  readonly choice: NextBoot | undefined
  readonly record: InstallRecord | undefined
  readonly next: InstallRecord | undefined
  readonly host: Host
}

export class InstallTurns {
  readonly #options: InstallTurnsOptions

  constructor(options: InstallTurnsOptions) {
    this.#options = options
  }

  async turn(mac: Mac, asker: Asker): Promise<Turn> {
    const { installs, answers, macOf } = this.#options
    const host = installs.configured(mac)
    if (host === undefined) return { host, take: nothing }
    const asking = macOf(asker.ip)
    if (asking !== mac) return this.#forAnybody(host, asking, asker)
    const { next, ...first } = this.#decide(host)
    const isInstall = first.host.answers !== undefined && next !== undefined
    const problem = isInstall ? await answers.prove(host, next.token, asker.url) : undefined
    // Others may have asked while the answers were rendered.
    const decision = this.#decide(host)
    if (problem === undefined) return this.#turn(host, decision, asker)
    this.#options.emit({ type: 'install.refused', mac, entry: host.boot, reason: problem })
    return { host: { ...host, boot: 'disk' }, take: nothing }
  }

  #decide(host: Host): Decision {
    const { installs } = this.#options
    const choice = this.#choiceNow(host)
    const record = installs.recordOf(host)
    const next = record && installs.after(host, record, choice ? 'passed' : 'offered')
    return { choice, record, next, host: effectiveHost(host, next, choice) }
  }

  #turn(configured: Host, { choice, record, next, host }: Decision, { ip }: Asker): Turn {
    const { installs } = this.#options
    const take = (text: string): void => {
      this.#keepChoice(configured, choice)
      if (next === undefined || next === record) return
      // A menu that does not lead to the answers starts nothing; boot.cfg of ESXi may, later.
      if (mayFetch(next) && !text.includes(next.token)) return
      installs.keep(configured, next, ip)
    }
    return { host, take }
  }

  /** Where nobody knows whose address it is, it may well be the machine: its choice comes to an end. */
  #forAnybody(configured: Host, asking: Mac | undefined, { ip }: Asker): Turn {
    const { installs, emit } = this.#options
    const choice = this.#choiceNow(configured)
    const host = effectiveHost(configured, installs.recordOf(configured), choice)
    if (host.answers !== undefined) {
      const reason = `the menu of ${host.name}, from an address that is not known to be its own`
      emit({ type: 'install.withheld', ip, mac: asking, entry: host.boot, reason })
    }
    const take = asking === undefined ? () => this.#keepChoice(configured, choice) : nothing
    return { host: { ...host, answers: undefined }, take }
  }

  #choiceNow(host: Host): NextBoot | undefined {
    const chosen = this.#options.installs.choiceOf(host)
    return chosen && choiceServed(chosen, this.#options.clock())
  }

  #keepChoice(host: Host, choice: NextBoot | undefined): void {
    const { installs } = this.#options
    if (installs.choiceOf(host)?.servedAt !== choice?.servedAt) installs.choose(host, choice)
  }
}

function nothing(): void {}
