/**
 * What the user may order of a host: to install itself once more, or not to, to boot something else
 * once. The API and the command line both come here. Says in words what became of it.
 */
import type { Emit } from '../../core/events.ts'
import type { Host } from '../../boot/host.ts'
import type { HostView } from '../../boot/install/host-view.ts'
import type { Installs } from './installs.ts'

export interface HostOrdersOptions {
  readonly installs: Installs
  /** What is wrong with its answers; undefined where they are right, or nobody can tell now. */
  readonly prove: (host: Host, token: string) => Promise<string | undefined>
  readonly hasAnswers: (host: Host) => boolean
  readonly canInstall: (entry: string) => boolean
  /** Names that a machine can be told to boot. */
  readonly entries: () => readonly string[]
  readonly emit: Emit
}

export interface Ordered {
  /** As of HTTP: 200, 404 for a host that is not there, 409 for what cannot be. */
  readonly status: 200 | 404 | 409
  readonly text: string
}

export class HostOrders {
  readonly #options: HostOrdersOptions

  constructor(options: HostOrdersOptions) {
    this.#options = options
  }

  list(): readonly HostView[] {
    return this.#options.installs.list()
  }

  /** Lets it install itself at its next start. Throws SystemError when that cannot be stored. */
  async arm(name: string): Promise<Ordered> {
    const { installs, prove, canInstall } = this.#options
    const host = installs.named(name)
    if (host === undefined) return this.#noHost(name)
    const record = installs.recordOf(host)
    if (record === undefined || !canInstall(host.boot)) return this.#noInstall(host)
    const armed = installs.after(host, record, 'armed')
    const problem = await prove(host, armed.token)
    if (problem !== undefined) return { status: 409, text: `${name} is not armed: ${problem}` }
    // It may have started, or reported, while the answers were rendered.
    installs.keep(host, installs.after(host, installs.recordOf(host) ?? record, 'armed'))
    return { status: 200, text: `${name} is armed: it installs ${host.boot} at its next start` }
  }

  /** As `arm`. Whatever the configuration says, it installs nothing until it is armed. */
  disarm(name: string): Ordered {
    const { installs, hasAnswers } = this.#options
    const host = installs.named(name)
    if (host === undefined) return this.#noHost(name)
    if (!hasAnswers(host)) {
      const text = `${name} cannot be disarmed: it has no kickstart, so it never installs itself`
      return { status: 409, text }
    }
    const text = installs.disarm(host)
      ? `${name} is disarmed: it does not install itself until it is armed`
      : `${name} is not armed`
    return { status: 200, text }
  }

  /** As `arm`. For one boot; it never installs anything by itself. */
  boot(name: string, entry: string): Ordered {
    const { installs, entries, emit } = this.#options
    const host = installs.named(name)
    if (host === undefined) return this.#noHost(name)
    const known = entries()
    if (!known.includes(entry)) {
      return { status: 409, text: `there is no entry ${entry}; there are ${known.join(', ')}` }
    }
    installs.choose(host, { entry })
    emit({ type: 'host.next', mac: host.mac, entry })
    const isInstall = entry === host.boot && installs.recordOf(host) !== undefined
    const hint = isInstall ? `; to let it install itself: bootlace host arm ${name}` : ''
    return { status: 200, text: `${name} boots ${entry} next, once${hint}` }
  }

  #noHost(name: string): Ordered {
    const names = this.list().map((host) => host.name)
    const known =
      names.length > 0 ? `there are ${names.join(', ')}` : 'the configuration names none'
    return { status: 404, text: `there is no host ${name}; ${known}` }
  }

  #noInstall(host: Host): Ordered {
    const { name, boot } = host
    const why = this.#options.hasAnswers(host)
      ? `boot: ${boot} is no entry that can install by itself, or its image is not there`
      : 'it has no kickstart: name one for the host, or for the image that it boots'
    return { status: 409, text: `${name} cannot be armed: ${why}` }
  }
}
