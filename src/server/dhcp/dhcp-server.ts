/**
 * The DHCP service on the wire: which interfaces it listens on, and the way of one datagram from
 * octets to effects. What to answer is decided in protocol/dhcp; what to boot by `plan`.
 *
 * A socket for each interface, so that the interface of a request is known and answers leave by it.
 */
import { LRUCache } from 'lru-cache'
import { anyAddress, contains, type Ipv4, type Mac, parseIpv4 } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { messageOf, ProtocolError } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import { identifyMachine, type Machine } from '../../boot/machine.ts'
import type { NetworkInterface } from '../../io/net/interfaces.ts'
import type { LeaseStore } from '../../io/store/lease-store.ts'
import { openNeighbourProbe } from '../../io/net/neighbour-probe.ts'
import type { Datagram } from '../../io/net/udp.ts'
import { respondBeside } from '../../protocol/dhcp/beside.ts'
import type { BootReply } from '../../protocol/dhcp/boot-reply.ts'
import { deliveryFor } from '../../protocol/dhcp/delivery.ts'
import type { DhcpEffect, Outcome } from '../../protocol/dhcp/effect.ts'
import type { LeaseTable } from '../../protocol/dhcp/lease-table.ts'
import { placeOf } from '../../protocol/dhcp/place.ts'
import { respondBootServer, respondProxy } from '../../protocol/dhcp/proxy.ts'
import { respond, uncheckedOffer } from '../../protocol/dhcp/respond.ts'
import type { RoleState, RoleTiming } from '../../protocol/dhcp/server-role.ts'
import { type DhcpSubnet, mayGiveAddresses } from '../../protocol/dhcp/subnet.ts'
import {
  decodeDhcp,
  type DhcpMessage,
  encodeDhcp,
  payloadLimit,
} from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../wire/dhcp/dhcp-options.ts'
import { describeOutcome, nobodyGivesAddresses } from './dhcp-events.ts'
import type { DhcpExchange } from './dhcp-exchange.ts'
import type { DhcpLink } from './dhcp-link.ts'
import { DhcpLinks } from './dhcp-links.ts'
import { DhcpRoles } from './dhcp-roles.ts'
import { DhcpSurvey } from './dhcp-survey.ts'

export interface DhcpServerOptions {
  /** The interfaces to serve, as they are now; asked again at every scan. */
  readonly interfaces: () => readonly NetworkInterface[]
  readonly subnets: readonly DhcpSubnet[]
  /** What happens on networks that no subnet names. Addresses are never given there. */
  readonly otherwise: 'proxy' | 'off'
  /** Of the subnets in mode `auto`. */
  readonly timing: RoleTiming
  readonly port: number
  readonly proxyPort: number
  readonly leases: LeaseTable
  readonly store: LeaseStore
  readonly plan: (
    machine: Machine,
    where: { readonly server: Ipv4; readonly mode: 'full' | 'proxy' },
  ) => BootReply | undefined
  readonly emit: Emit
  readonly clock: Clock
}

/** A client has given up on a DISCOVER by then, or sends the next one: an answer helps nobody. */
const stale = 500
/** Machines whose architecture is remembered for the stages that do not state it. */
const machinesRemembered = 4096
/** A conflict about the same address is told again after this, milliseconds: anybody can invent them. */
const conflictPause = 600_000

export class DhcpServer {
  readonly #options: DhcpServerOptions
  readonly #links: DhcpLinks
  readonly #roles: DhcpRoles
  readonly #survey: DhcpSurvey
  readonly #machines = new LRUCache<Mac, Machine>({ max: machinesRemembered })
  readonly #conflicts = new LRUCache<Ipv4, true>({ max: machinesRemembered, ttl: conflictPause })

  constructor(options: DhcpServerOptions) {
    this.#options = options
    this.#links = new DhcpLinks(options, {
      receive: (link, datagram, toBootServer) => {
        void this.#receive(link, datagram, (request) =>
          this.#serve(this.#exchange(request, { link, datagram, toBootServer })),
        )
      },
      overhear: (link, datagram) => {
        // Our own broadcasts come back to us.
        if (this.#isOurs(datagram)) return
        void this.#receive(link, datagram, (reply) => {
          this.#roles.heardReply(link, reply, datagram.from.address)
        })
      },
    })
    const links = () => this.#links.all
    const own = () => this.#links.ownAddresses
    this.#roles = new DhcpRoles({ ...options, links, own })
    const mayGive = (subnet: DhcpSubnet) => this.#roles.mayGive(subnet)
    const openProbe = openNeighbourProbe
    this.#survey = new DhcpSurvey({ ...options, links, own, mayGive, openProbe })
  }

  /** Who gives addresses on a subnet in mode `auto`; undefined when it is in another. */
  roleOn(subnet: DhcpSubnet): RoleState | undefined {
    return this.#roles.stateOf(subnet)
  }

  /** @throws SystemError when a port or the store cannot be used; nothing stays open then. */
  async start(): Promise<void> {
    const { leases, store, clock } = this.#options
    const shortened = leases.follow(clock())
    if (shortened.length > 0) await store.commit(shortened)
    await this.#links.open()
    await this.#roles.start()
    await this.#survey.start()
  }

  /** Opens interfaces that have come and closes those that have gone. Never throws. */
  async rescan(): Promise<void> {
    await this.#links.rescan()
  }

  async stop(): Promise<void> {
    await this.#survey.stop()
    await this.#roles.stop()
    await this.#links.close()
  }

  /** One datagram in. Malformed input is counted and dropped. */
  async #receive(
    link: DhcpLink,
    datagram: Datagram,
    handle: (message: DhcpMessage) => void | Promise<void>,
  ): Promise<void> {
    try {
      await handle(decodeDhcp(datagram.octets))
    } catch (error) {
      const malformed = error instanceof ProtocolError
      this.#options.emit({
        type: malformed ? 'dhcp.malformed' : 'service.hint',
        interface: link.interface.name,
        reason: malformed ? error.message : `a DHCP answer was not sent: ${messageOf(error)}`,
      })
    }
  }

  #isOurs({ from }: Datagram): boolean {
    const sender = parseIpv4(from.address)
    return sender !== undefined && this.#links.ownAddresses.has(sender)
  }

  #exchange(
    request: DhcpMessage,
    arrival: Pick<DhcpExchange, 'link' | 'datagram' | 'toBootServer'>,
  ): DhcpExchange {
    const site = { subnets: this.#options.subnets, own: this.#links.ownAddresses }
    const place = placeOf(request, arrival.link.interface.addresses, site)
    return {
      ...arrival,
      request,
      place,
      machine: this.#identify(request),
    }
  }

  #identify(request: DhcpMessage): Machine {
    const { mac } = identifyMachine(request)
    const machine = identifyMachine(request, this.#machines.get(mac))
    this.#machines.set(mac, machine)
    return machine
  }

  /** A request, its effects performed in order. */
  async #serve(exchange: DhcpExchange): Promise<void> {
    const { request, datagram, link, toBootServer } = exchange
    if (request.operation === 'reply') {
      return this.#roles.heardAnswer(link, request, datagram.from.address)
    }
    const question = this.#roles.heardQuestion(exchange)
    if (question !== 'no') return this.#answerQuestion(question, exchange)
    if (!toBootServer) this.#roles.heardMachine(exchange)
    const isDiscover = request.options.get(dhcpOption.messageType) === 'discover'
    if (isDiscover) {
      this.#tell(exchange, { type: 'dhcp.discover' })
      if (this.#options.clock() - datagram.at > stale) {
        this.#tell(exchange, { type: 'dhcp.ignore', reason: 'waited too long to be answered' })
        return
      }
      await this.#settle(exchange)
    }
    this.#watch(exchange)
    for (const effect of this.#decide(exchange)) await this.#perform(effect, exchange)
  }

  /** Another Bootlace is answered like any client, but it is no machine that anybody wants to see. */
  #answerQuestion(question: 'ours' | 'peer', exchange: DhcpExchange): void {
    if (question === 'ours') return
    for (const effect of this.#decide(exchange)) {
      if (effect.type === 'reply') this.#reply(effect.message, exchange)
    }
  }

  /** A new machine waits a moment where nobody has been asked yet whether its address is in use. */
  async #settle(exchange: DhcpExchange): Promise<void> {
    const { request, place, link, toBootServer } = exchange
    const { subnet } = place
    if (this.#modeOf(exchange) !== 'full' || subnet === undefined || toBootServer) return
    const { leases, clock } = this.#options
    const context = {
      leases,
      subnet,
      own: this.#links.ownAddresses,
      survey: this.#survey.of(link, subnet),
    }
    await this.#survey.settle(link, subnet, () => uncheckedOffer(request, context, clock()))
  }

  /** Asked only when it is needed: in mode `auto` it can change while a machine waits. */
  #modeOf({ place: { subnet }, link }: DhcpExchange): 'full' | 'proxy' | 'off' {
    return subnet === undefined ? this.#options.otherwise : this.#roles.modeOf(subnet, link)
  }

  #decide(exchange: DhcpExchange): readonly DhcpEffect[] {
    const { request, place, toBootServer } = exchange
    const mode = this.#modeOf(exchange)
    if (mode === 'off') return []
    const boot = this.#options.plan(exchange.machine, { server: place.server, mode })
    const { serverId: server, subnet } = place
    if (toBootServer) return respondBootServer(request, { server, boot })
    if (subnet === undefined || !mayGiveAddresses(subnet)) {
      return respondProxy(request, { server, boot })
    }
    const { leases, clock } = this.#options
    const own = this.#links.ownAddresses
    const survey = this.#survey.of(exchange.link, subnet)
    const context = { server, boot, subnet, own, leases, survey }
    return (mode === 'full' ? respond : respondBeside)(request, context, clock())
  }

  /** What is confirmed is on disk first: the answer behind it waits, other packets do not. */
  async #perform(effect: DhcpEffect, exchange: DhcpExchange): Promise<void> {
    if (effect.type === 'persist') {
      await this.#options.store.commit([effect.lease])
      return
    }
    if (effect.type === 'reply') this.#reply(effect.message, exchange)
    this.#tell(exchange, effect.outcome, effect.type === 'reply' ? effect.message : undefined)
  }

  #reply(reply: DhcpMessage, exchange: DhcpExchange): void {
    const { request, datagram, link, toBootServer } = exchange
    const { from } = datagram
    const to = deliveryFor(request, reply, {
      address: parseIpv4(from.address) ?? anyAddress,
      port: from.port,
      toBootServer,
      serverPort: this.#options.port,
    })
    const octets = encodeDhcp(reply, {
      limit: payloadLimit(request.options.get(dhcpOption.maxMessageSize)),
      order: request.options.get(dhcpOption.parameterList),
    })
    const hardware = this.#mayPin(to.address, exchange) ? to.hardware : undefined
    link.send(octets, { ...to, hardware, toBootServer })
  }

  /**
   * A request must not be able to change where our packets to other machines go: an address that is
   * not the asking machine's lease is left to ARP.
   */
  #mayPin(address: Ipv4, { request, machine, link }: DhcpExchange): boolean {
    if (request.relayAddress !== anyAddress) return false
    const isOnLink = link.interface.addresses.some(({ subnet }) => contains(subnet, address))
    return isOnLink && this.#options.leases.holder(address)?.key === machine.mac
  }

  /** A guest says once for each interface that nobody gives addresses there. */
  #watch(exchange: DhcpExchange): void {
    const { request, place, link } = exchange
    const isGuest = this.#modeOf(exchange) === 'proxy' && place.subnet?.mode !== 'auto'
    if (!isGuest) return
    if (!link.watch.goesUnanswered(request, place.serverId, this.#options.clock())) return
    this.#options.emit(nobodyGivesAddresses(link.interface))
  }

  #tell(exchange: DhcpExchange, outcome: Outcome, reply?: DhcpMessage): void {
    if (outcome.type === 'dhcp.conflict' && outcome.address !== undefined) {
      if (this.#conflicts.has(outcome.address)) return
      this.#conflicts.set(outcome.address, true)
    }
    this.#options.emit(describeOutcome(exchange, outcome, reply))
  }
}
