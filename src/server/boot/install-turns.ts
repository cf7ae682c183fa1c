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
import { seldom } from '../seldom.ts'
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
  readonly text: string
}

/** What is told of a host as it is now. It may be asked for nothing else in between. */
export type Render = (host: Host | undefined) => string

interface Question {
  readonly asker: Asker
  readonly render: Render
}

interface Decision {
  readonly choice: NextBoot | undefined
  readonly record: InstallRecord | undefined
  readonly next: InstallRecord | undefined
  readonly host: Host
}

export class InstallTurns {
  readonly #options: InstallTurnsOptions
  readonly #withheld: Emit

  constructor(options: InstallTurnsOptions) {
    this.#options = options
    this.#withheld = seldom(options.emit, options.clock)
  }

  /**
   * Renders what the machine is told, and stores what follows from it before it can leave. Throws
   * SystemError when that cannot be stored.
   */
  async turn(mac: Mac, asker: Asker, render: Render): Promise<Turn> {
    const { installs, answers, macOf } = this.#options
    const host = installs.configured(mac)
    if (host === undefined) return { host, text: render(host) }
    const asking = macOf(asker.ip)
    if (asking !== mac) return this.#forAnybody(host, asking, { asker, render })
    const { next, ...first } = this.#decide(host)
    const isInstall = first.host.answers !== undefined && next !== undefined
    const problem = isInstall ? await answers.prove(host, next.token, asker.url) : undefined
    // Others may have asked while the answers were rendered: from here on nobody can.
    if (problem === undefined) return this.#forItself(host, { asker, render })
    this.#options.emit({ type: 'install.refused', mac, entry: host.boot, reason: problem })
    const harmless = { ...host, boot: 'disk' }
    return { host: harmless, text: render(harmless) }
  }

  #decide(host: Host): Decision {
    const { installs } = this.#options
    const choice = this.#choiceNow(host)
    const record = installs.recordOf(host)
    const next = record && installs.after(host, record, choice ? 'passed' : 'offered')
    return { choice, record, next, host: effectiveHost(host, next, choice) }
  }

  #forItself(configured: Host, { asker, render }: Question): Turn {
    const { choice, record, next, host } = this.#decide(configured)
    const text = render(host)
    this.#keepChoice(configured, choice)
    const isNews = next !== undefined && next !== record
    // A menu that does not lead to the answers starts nothing; boot.cfg of ESXi may, later.
    if (isNews && (!mayFetch(next) || text.includes(next.token))) {
      this.#options.installs.keep(configured, next, asker.ip)
    }
    return { host, text }
  }

  /**
   * Where nobody knows whose address it is, it may well be the machine: its choice comes to an end,
   * unless it would install itself then.
   */
  #forAnybody(
    configured: Host,
    asking: Mac | undefined,
    { asker: { ip }, render }: Question,
  ): Turn {
    const { installs } = this.#options
    const choice = this.#choiceNow(configured)
    const { answers, ...host } = effectiveHost(configured, installs.recordOf(configured), choice)
    if (answers !== undefined) {
      const reason = `the menu of ${host.name}, from an address that is not known to be its own`
      this.#withheld({ type: 'install.withheld', ip, mac: asking, entry: host.boot, reason })
    }
    const text = render(host)
    if (asking === undefined && !installs.isToInstall(configured)) {
      this.#keepChoice(configured, choice)
    }
    return { host, text }
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
