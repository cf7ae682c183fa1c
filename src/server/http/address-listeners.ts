/**
 * One listener for each local address, followed as addresses come and go: a cable, a VLAN, a router
 * that advertises another prefix. Knows nothing of what is heard there.
 */
import { messageOf } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import { splitZone } from '../../core/ipv6.ts'
import { interfaceIndex } from '../../io/net/interface-index.ts'

export interface AddressListener {
  /** `reason` is for clients that are still being served. */
  close(reason: string): Promise<void>
}

export interface AddressListenersOptions<T extends AddressListener> {
  /** Asked again at each `rescan`. */
  readonly addresses: () => readonly string[]
  /** Rejects with a SystemError when the address cannot be served. */
  readonly open: (address: string) => Promise<T>
  readonly emit: Emit
  /** The number of an interface now; tests have interfaces of their own. */
  readonly linkNumber?: (name: string) => number | undefined
}

interface Open<T> {
  readonly listener: T
  /** The number of its link when it was opened, where the address has a zone. */
  readonly link: number | undefined
}

/** Trouble with all of them. */
const unnamed = ''

export class AddressListeners<T extends AddressListener> {
  readonly #options: AddressListenersOptions<T>
  readonly #open = new Map<string, Open<T>>()
  /** Addresses that could not be served at the last look, and why. */
  readonly #refusals = new Map<string, string>()
  #rescans: Promise<void> = Promise.resolve()

  constructor(options: AddressListenersOptions<T>) {
    this.#options = options
  }

  get all(): readonly T[] {
    return [...this.#open.values()].map(({ listener }) => listener)
  }

  /** @throws SystemError when an address cannot be served; nothing stays open then. */
  async start(): Promise<void> {
    try {
      for (const address of new Set(this.#options.addresses())) await this.#listen(address)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Serves new addresses and leaves those that are gone; what cannot be opened becomes a hint. */
  rescan(): Promise<void> {
    this.#rescans = this.#rescans
      .then(() => this.#rescan())
      .catch((error: unknown) => this.#hint(unnamed, messageOf(error)))
    return this.#rescans
  }

  async stop(): Promise<void> {
    await this.#rescans
    const listeners = this.all
    this.#open.clear()
    await Promise.all(listeners.map((listener) => listener.close('the service stops')))
  }

  async #rescan(): Promise<void> {
    const addresses = new Set(this.#options.addresses())
    for (const [address, { listener, link }] of this.#open) {
      if (addresses.has(address) && link === this.#linkOf(address)) continue
      this.#open.delete(address)
      await listener.close('the address went away')
    }
    for (const refused of this.#refusals.keys()) {
      if (!addresses.has(refused) && refused !== unnamed) this.#refusals.delete(refused)
    }
    for (const address of addresses) {
      if (this.#open.has(address)) continue
      try {
        await this.#listen(address)
        this.#refusals.delete(address)
      } catch (error) {
        this.#hint(address, messageOf(error))
      }
    }
  }

  async #listen(address: string): Promise<void> {
    const link = this.#linkOf(address)
    this.#open.set(address, { listener: await this.#options.open(address), link })
  }

  /** `fe80::1%tap0` is bound to the tap, and hears nothing on another one that has its name now. */
  #linkOf(address: string): number | undefined {
    const { zone } = splitZone(address)
    return zone === undefined ? undefined : (this.#options.linkNumber ?? interfaceIndex)(zone)
  }

  /** Once for each trouble, not at every look. */
  #hint(address: string, reason: string): void {
    if (this.#refusals.get(address) === reason) return
    this.#refusals.set(address, reason)
    this.#options.emit({ type: 'service.hint', reason })
  }
}
