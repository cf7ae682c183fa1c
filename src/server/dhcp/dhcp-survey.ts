/**
 * Keeps the surveys of the subnets that we give addresses on: asks the network ahead of the
 * machines, and sets aside what somebody uses. Only where addresses may be given just now and the
 * subnet is attached to an interface: a guest asks nobody, and behind a relay nobody can be asked.
 */
import { LRUCache } from 'lru-cache'
import { formatIpv4, type Ipv4, type Mac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import type { NetworkInterface } from '../../io/net/interfaces.ts'
import type { LeaseStore } from '../../io/store/lease-store.ts'
import type { NeighbourProbe } from '../../io/net/neighbour-probe.ts'
import { AddressSurvey, type Neighbours } from '../../protocol/dhcp/address-survey.ts'
import type { LeaseTable } from '../../protocol/dhcp/lease-table.ts'
import { attachedSubnets } from '../../protocol/dhcp/place.ts'
import type { DhcpSubnet } from '../../protocol/dhcp/subnet.ts'

/** The interface that a survey is made on: one object as long as its sockets are open. */
export interface SurveyedLink {
  readonly interface: NetworkInterface
}

export interface DhcpSurveyOptions {
  readonly links: () => Iterable<SurveyedLink>
  readonly own: () => ReadonlySet<Ipv4>
  readonly subnets: readonly DhcpSubnet[]
  /** Do we give addresses there, or may at any moment? */
  readonly mayGive: (subnet: DhcpSubnet) => boolean
  readonly leases: LeaseTable
  readonly store: LeaseStore
  readonly openProbe: (device: string, clock: Clock) => Promise<NeighbourProbe>
  readonly emit: Emit
  readonly clock: Clock
}

interface LinkSurvey {
  readonly probe: NeighbourProbe
  /** As the last look found them: a flood of machines is not worth reading the table each time. */
  neighbours: Neighbours | undefined
  readonly bySubnet: Map<DhcpSubnet, AddressSurvey>
}

/** Between two looks, milliseconds: while a machine waits, while answers may come, otherwise. */
const pauses = { urgent: 15, waiting: 100, idle: 1000 } as const
/** A machine waits for so many urgent looks: 150 ms, when nobody answers. */
const mostLooks = 10

export class DhcpSurvey {
  readonly #options: DhcpSurveyOptions
  readonly #links = new Map<SurveyedLink, LinkSurvey>()
  /** Conflicts that were told already: a host does not change its address every ten minutes. */
  readonly #told = new LRUCache<Ipv4, Mac>({ max: 4096 })
  #trouble: string | undefined
  #impatient: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #closed = false

  constructor(options: DhcpSurveyOptions) {
    this.#options = options
  }

  /** Asks the first questions, then goes on by itself. */
  async start(): Promise<void> {
    await this.#lookNow()
  }

  async stop(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#looking
    this.#wake()
    for (const { probe } of this.#links.values()) await probe.close()
    this.#links.clear()
  }

  of(link: SurveyedLink, subnet: DhcpSubnet): AddressSurvey | undefined {
    return this.#links.get(link)?.bySubnet.get(subnet)
  }

  /**
   * For a machine that would be offered an address that nobody was asked about: asks, and waits
   * until somebody answers (then for the next address) or for 150 ms. Not at all when too much is
   * asked already.
   */
  async settle(
    link: SurveyedLink,
    subnet: DhcpSubnet,
    unchecked: () => Ipv4 | undefined,
  ): Promise<void> {
    for (let look = 0; look < mostLooks; look++) {
      const address = unchecked()
      if (address === undefined || !this.#ask(link, subnet, address)) return
      await this.#nextLook()
    }
  }

  #nextLook(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#impatient.push(resolve)
      if (this.#impatient.length === 1) this.#schedule(pauses.urgent)
    })
  }

  #wake(): void {
    const waiting = this.#impatient
    this.#impatient = []
    for (const wake of waiting) wake()
  }

  #schedule(pause: number): void {
    clearTimeout(this.#timer)
    if (!this.#closed) this.#timer = setTimeout(() => void this.#lookNow(), pause)
  }

  /** One look after another, never two at once. */
  async #lookNow(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    await this.#looking
  }

  async #look(): Promise<void> {
    try {
      await this.#follow()
      for (const [link, survey] of this.#links) this.#lookAt(link, survey)
    } catch (error) {
      this.#hintOnce(`addresses in use are not looked for: ${messageOf(error)}`)
    }
    this.#wake()
    const surveys = [...this.#links.values()].flatMap(({ bySubnet }) => [...bySubnet.values()])
    this.#schedule(surveys.some(({ isWaiting }) => isWaiting) ? pauses.waiting : pauses.idle)
  }

  /** Interfaces come and go, and so do the addresses that attach them to a subnet. */
  async #follow(): Promise<void> {
    const { links, openProbe, clock } = this.#options
    const wanted = new Map([...links()].map((link) => [link, this.#surveyed(link)]))
    for (const [link, { probe }] of this.#links) {
      if ((wanted.get(link) ?? []).length > 0) continue
      this.#links.delete(link)
      await probe.close()
    }
    for (const [link, subnets] of wanted) {
      if (subnets.length === 0) continue
      const before = this.#links.get(link)
      const probe = before?.probe ?? (await openProbe(link.interface.name, clock))
      const surveys = subnets.map(
        (subnet) => [subnet, before?.bySubnet.get(subnet) ?? new AddressSurvey()] as const,
      )
      const neighbours = before?.neighbours
      this.#links.set(link, { probe, neighbours, bySubnet: new Map(surveys) })
    }
  }

  /** Where there is no Ethernet address, nobody asks for one. */
  #surveyed(link: SurveyedLink): readonly DhcpSubnet[] {
    const { mac, addresses } = link.interface
    if (mac === '00:00:00:00:00:00') return []
    const attached = attachedSubnets(addresses, this.#options.subnets)
    return attached.filter((subnet) => this.#options.mayGive(subnet))
  }

  #lookAt(link: SurveyedLink, on: LinkSurvey): void {
    const { leases, clock, own } = this.#options
    const neighbours = on.probe.answers()
    on.neighbours = neighbours
    if (neighbours === undefined) return
    for (const [subnet, survey] of on.bySubnet) {
      for (const found of survey.learn(neighbours, clock())) this.#found(link, found)
      const holder = (address: Ipv4) => leases.holder(address)
      for (const address of survey.wanted({ subnet, own: own() }, holder, clock())) {
        this.#ask(link, subnet, address)
      }
    }
  }

  /** Answers false when the address is not being asked about, and will not be. */
  #ask(link: SurveyedLink, subnet: DhcpSubnet, address: Ipv4): boolean {
    const { probe, bySubnet, neighbours } = this.#links.get(link) ?? {}
    if (neighbours === undefined) return false
    const question = bySubnet?.get(subnet)?.question(address, neighbours, this.#options.clock())
    if (question === 'ask') probe?.ask(address)
    return question === 'ask' || question === 'asked'
  }

  #found(link: SurveyedLink, { address, mac }: { address: Ipv4; mac: Mac }): void {
    const { leases, store, emit, clock } = this.#options
    const lease = leases.setAside(address, mac, clock())
    if (lease === undefined) return
    store.commit([lease]).catch((error: unknown) => {
      this.#hintOnce(`an address in use was not stored: ${messageOf(error)}`)
    })
    if (this.#told.get(address) === mac) return
    this.#told.set(address, mac)
    emit({
      type: 'dhcp.conflict',
      ip: formatIpv4(address),
      interface: link.interface.name,
      reason:
        `${mac} uses it and has no lease for it: it is given to no machine; ` +
        'leave it out of the pool, or reserve it for that host (hosts: mac, address)',
    })
  }

  #hintOnce(reason: string): void {
    if (this.#trouble === reason) return
    this.#trouble = reason
    this.#options.emit({ type: 'service.hint', reason })
  }
}
