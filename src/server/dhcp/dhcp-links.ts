/** The interfaces in use: opened at the start, followed as they come and go (taps of machines). */
import type { Ipv4 } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { codeOf, messageOf } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import type { NetworkInterface } from '../../io/net/interfaces.ts'
import { native } from '../../io/net/native.ts'
import { attachedSubnets } from '../../protocol/dhcp/place.ts'
import type { DhcpSubnet } from '../../protocol/dhcp/subnet.ts'
import { DhcpLink, type DhcpLinkOptions } from './dhcp-link.ts'

export interface DhcpLinksOptions {
  readonly interfaces: () => readonly NetworkInterface[]
  readonly subnets: readonly DhcpSubnet[]
  readonly otherwise: 'proxy' | 'off'
  readonly port: number
  readonly proxyPort: number
  readonly emit: Emit
  readonly clock: Clock
}

export class DhcpLinks {
  readonly #options: DhcpLinksOptions
  readonly #hears: Pick<DhcpLinkOptions, 'receive' | 'overhear'>
  readonly #open = new Map<string, DhcpLink>()
  /** Interfaces whose trouble was told already. */
  readonly #told = new Set<string>()
  #own: ReadonlySet<Ipv4> = new Set()
  /** Scans one after another, never two at once. */
  #scanning: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: DhcpLinksOptions, hears: Pick<DhcpLinkOptions, 'receive' | 'overhear'>) {
    this.#options = options
    this.#hears = hears
  }

  /** Every address of the interfaces in use; none of them is ever given to a machine. */
  get ownAddresses(): ReadonlySet<Ipv4> {
    return this.#own
  }

  get all(): Iterable<DhcpLink> {
    return this.#open.values()
  }

  /** @throws SystemError when an interface cannot be opened; nothing stays open then. */
  async open(): Promise<void> {
    try {
      for (const wanted of this.#wanted()) await this.#add(wanted)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Never rejects: where the interfaces cannot be listed now, the next look may succeed. */
  rescan(): Promise<void> {
    this.#scanning = this.#scanning
      .then(() => this.#scan())
      .catch((error: unknown) => this.#tellOnce(undefined, messageOf(error)))
    return this.#scanning
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#scanning
    for (const link of this.#open.values()) await link.close()
    this.#open.clear()
  }

  async #scan(): Promise<void> {
    if (this.#closed) return
    const wanted = this.#wanted()
    for (const link of this.#open.values()) {
      const still = wanted.find((candidate) => link.isFor(candidate))
      if (still === undefined) await this.#remove(link)
      else link.interface = still
    }
    for (const candidate of wanted) {
      if (!this.#open.has(candidate.name)) await this.#tryToAdd(candidate)
    }
  }

  /** An interface that cannot be opened now may be gone again, or works at the next scan. */
  async #tryToAdd(candidate: NetworkInterface): Promise<void> {
    try {
      await this.#add(candidate)
      this.#told.delete(candidate.name)
    } catch (error) {
      this.#tellOnce(candidate.name, messageOf(error))
    }
  }

  async #add(wanted: NetworkInterface): Promise<void> {
    const { port, proxyPort, clock, emit } = this.#options
    const link = new DhcpLink({
      interface: wanted,
      port,
      proxyPort,
      clock,
      ...this.#hears,
      failed: (failing, error) => this.#fail(failing, error),
    })
    this.#open.set(wanted.name, await link.open())
    emit({ type: 'interface.open', interface: wanted.name })
  }

  async #remove(link: DhcpLink): Promise<void> {
    this.#open.delete(link.interface.name)
    await link.close()
    this.#options.emit({ type: 'interface.close', interface: link.interface.name })
  }

  /** A full queue or a client that has left is no reason to open the sockets anew. */
  #fail(link: DhcpLink, error: Error): void {
    link.broken ||= ['ENODEV', 'ENXIO', 'EBADF', 'EADDRNOTAVAIL'].includes(codeOf(error))
    this.#options.emit({
      type: 'dhcp.ignore',
      interface: link.interface.name,
      reason: `a packet could not be sent: ${error.message}`,
    })
  }

  #wanted(): readonly NetworkInterface[] {
    const all = this.#options.interfaces()
    this.#own = new Set(all.flatMap(({ addresses }) => addresses.map(({ address }) => address)))
    const serving = all.filter((candidate) => this.#isServed(candidate))
    if (native.available || serving.length <= 1) return serving
    const [first] = serving
    this.#tellOnce(undefined, `only ${first?.name} is served: ${native.lacks.join('; ')}`)
    return serving.slice(0, 1)
  }

  /** Relayed requests may come in anywhere as long as a subnet is attached to no interface. */
  #isServed({ addresses }: NetworkInterface): boolean {
    const { subnets, otherwise } = this.#options
    const [attached] = attachedSubnets(addresses, subnets)
    if ((attached?.mode ?? otherwise) !== 'off') return true
    const own = [...this.#own].map((address) => ({
      address,
      subnet: { network: address, prefix: 32 },
    }))
    return subnets.some(
      (subnet) => subnet.mode !== 'off' && attachedSubnets(own, [subnet]).length === 0,
    )
  }

  #tellOnce(about: string | undefined, reason: string): void {
    const key = about ?? reason
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#options.emit({ type: 'service.hint', interface: about, reason })
  }
}
