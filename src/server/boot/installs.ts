/**
 * Every host's installation: what it boots now, what is stored of it, and what is told of it. Each
 * change is on disk before anybody sees its effect. What an event makes of a record is
 * boot/install/install-state.ts; what is handed out to whom is not decided here.
 */
import type { Mac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import type { Emit, EventType } from '../../core/events.ts'
import type { Host } from '../../boot/host.ts'
import { effectiveHost } from '../../boot/install/effective-host.ts'
import { type HostView, hostView } from '../../boot/install/host-view.ts'
import { movedAway, readRecord, recordFor } from '../../boot/install/install-record.ts'
import {
  type InstallEvent,
  type InstallRecord,
  type InstallState,
  advance,
  armedRecord,
  mayFetch,
} from '../../boot/install/install-state.ts'
import { type NextBoot, choicePowered, readChoice } from '../../boot/install/next-boot.ts'
import type { MachineStore } from '../../io/store/machine-store.ts'

export interface InstallsOptions {
  /** As the configuration has them. */
  readonly hosts: ReadonlyMap<Mac, Host>
  readonly store: Pick<MachineStore, 'get' | 'set' | 'entries'>
  /** Whether somebody wrote an unattended file for it. */
  readonly hasAnswers: (host: Host) => boolean
  /** Whether an entry of this name is there now and can install. */
  readonly canInstall: (entry: string) => boolean
  /** A secret that nobody can guess. */
  readonly newToken: () => string
  readonly emit: Emit
  readonly clock: Clock
}

export interface StoredToken {
  readonly host: Host
  readonly token: string
}

export class Installs {
  readonly #options: InstallsOptions
  /** The next token of each host: it does not change until something is stored with it. */
  readonly #tokens = new Map<Mac, string>()
  /** Why a host cannot be installed, as it was found last. */
  readonly #problems = new Map<Mac, string>()

  constructor(options: InstallsOptions) {
    this.#options = options
  }

  /** As menus and DHCP are to see it; undefined where the configuration does not name it. */
  hostOf(mac: Mac): Host | undefined {
    const host = this.#options.hosts.get(mac)
    return host && effectiveHost(host, this.recordOf(host), this.choiceOf(host))
  }

  /** As `hostOf`, when it asks what to boot next: one that comes back from its installer may not again. */
  nextHost(mac: Mac): Host | undefined {
    const host = this.#options.hosts.get(mac)
    return host && effectiveHost(host, this.#offered(host), this.choiceOf(host))
  }

  configured(mac: Mac): Host | undefined {
    return this.#options.hosts.get(mac)
  }

  named(name: string): Host | undefined {
    return [...this.#options.hosts.values()].find((host) => host.name === name)
  }

  /** Undefined where the host does not install itself, whatever is stored of it. */
  recordOf(host: Host): InstallRecord | undefined {
    const { store, hasAnswers, canInstall, clock } = this.#options
    if (!hasAnswers(host)) return undefined
    const own = store.get(host.mac, 'install')
    // An image may be away for a while; what became of it stays.
    if (!canInstall(host.boot) && readRecord(own)?.entry !== host.boot) return undefined
    const former = own === undefined ? this.#former() : []
    const token = this.#tokenOf(host.mac)
    return recordFor(host, { own, former }, { token, now: clock() })
  }

  /** Whether anything is stored of its installation. */
  isKnown({ mac }: Host): boolean {
    return this.#options.store.get(mac, 'install') !== undefined
  }

  /** The token of each host of which something is stored, whether or not that applies to it now. */
  stored(): readonly StoredToken[] {
    const { store, hosts } = this.#options
    return store.entries('install').flatMap(([mac, value]) => {
      const [host, token] = [hosts.get(mac), readRecord(value)?.token]
      return host === undefined || token === undefined ? [] : [{ host, token }]
    })
  }

  choiceOf({ mac }: Host): NextBoot | undefined {
    return readChoice(this.#options.store.get(mac, 'next'))
  }

  /** What an event makes of a record, by this host's settings; nothing is stored by that. */
  after(host: Host, record: InstallRecord, event: InstallEvent): InstallRecord {
    const { name, mac, boot, once = true } = host
    const facts = { once, token: this.#tokenOf(mac), entry: boot, host: name }
    return advance(record, event, facts, this.#options.clock())
  }

  /**
   * Stored on return, and told. `from` is where the machine asked from. Throws SystemError when it
   * cannot be stored: then nothing must come of it.
   */
  keep({ mac }: Host, record: InstallRecord, from?: string): void {
    this.#options.store.set(mac, 'install', record)
    if (this.#tokens.get(mac) === record.token) this.#tokens.delete(mac)
    const { state, entry, reason } = record
    this.#options.emit({ type: news[state], mac, ip: from, entry, reason })
  }

  /** Whether it installs itself when it asks next and nothing else was chosen. */
  isToInstall(host: Host): boolean {
    const next = this.#offered(host)
    return next !== undefined && mayFetch(next)
  }

  /** As `keep`. Also where its image is away, which may come back. False where it changes nothing. */
  disarm(host: Host): boolean {
    const { store, clock } = this.#options
    const { name, boot, mac } = host
    const known = this.recordOf(host) ?? readRecord(store.get(mac, 'install'))
    const facts = { entry: boot, host: name, token: this.#tokenOf(mac) }
    const record = known ?? armedRecord(facts, clock())
    const next = this.after(host, record, 'disarmed')
    if (next !== record) this.keep(host, next)
    return next !== record
  }

  /**
   * As `keep`. Takes an order to install back whose host boots something else now; `isInstaller` is
   * whether that installs, too. False where it changes nothing.
   */
  takeBack(host: Host, isInstaller: boolean): boolean {
    const { store, clock } = this.#options
    const own = store.get(host.mac, 'install')
    const next = movedAway(own, host, { isInstaller, now: clock() })
    if (next !== undefined) this.keep(host, next)
    return next !== undefined
  }

  /** As `keep`. Undefined: what the configuration says. */
  choose({ mac }: Host, choice: NextBoot | undefined): void {
    this.#options.store.set(mac, 'next', choice)
  }

  /** The machine's firmware, or an iPXE in its place, asked for an address. */
  powered(mac: Mac): void {
    const { hosts, store, clock } = this.#options
    const host = hosts.get(mac)
    if (host === undefined) return
    const choice = this.choiceOf(host)
    // Anybody could have sent that: what keeps its disk from being wiped does not end by it alone.
    const isGuard = choice?.entry === 'disk' && this.isToInstall(host)
    if (choice !== undefined && !isGuard && choicePowered(choice, clock()) === undefined) {
      this.choose(host, undefined)
    }
    const record = this.recordOf(host)
    if (record === undefined) return
    const next = this.after(host, record, 'powered')
    // Nobody needs to be told: what follows from it is told when it follows.
    if (next !== record) store.set(mac, 'install', next)
  }

  /** Remembers what was found when a host's answers were looked at; undefined when they are right. */
  found({ mac }: Host, problem: string | undefined): void {
    if (problem === undefined) this.#problems.delete(mac)
    else this.#problems.set(mac, problem)
  }

  problemOf({ mac }: Host): string | undefined {
    return this.#problems.get(mac)
  }

  /** In the order of the configuration. */
  list(): readonly HostView[] {
    return [...this.#options.hosts.values()].map((host) => {
      const [record, choice] = [this.recordOf(host), this.choiceOf(host)]
      return hostView(host, { record, choice, problem: this.problemOf(host) })
    })
  }

  /** Its record as it will be when it asks what to boot. */
  #offered(host: Host): InstallRecord | undefined {
    const record = this.recordOf(host)
    return record && this.after(host, record, 'offered')
  }

  #former(): readonly unknown[] {
    const { store, hosts } = this.#options
    return store.entries('install').flatMap(([mac, value]) => (hosts.has(mac) ? [] : [value]))
  }

  #tokenOf(mac: Mac): string {
    const token = this.#tokens.get(mac) ?? this.#options.newToken()
    this.#tokens.set(mac, token)
    return token
  }
}

/** What is told when a host comes into a state. */
const news = {
  armed: 'install.armed',
  booting: 'install.started',
  installing: 'install.running',
  installed: 'install.done',
  disk: 'install.disk',
  stopped: 'install.stopped',
} as const satisfies Record<InstallState, EventType>
