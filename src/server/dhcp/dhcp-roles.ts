/**
 * Mode `auto` on the wire: asks on each subnet that is in this mode whether another DHCP server is
 * there, hears what tells of one, and says what each subnet is just now. The decisions are
 * protocol/dhcp/server-role.ts. Where a subnet is attached to no interface nobody can be asked: there
 * it goes by what relays bring.
 *
 * No question leaves on any other network.
 */
import { randomInt } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { anyAddress, contains, type Ipv4, parseIpv4 } from '../../core/address.ts'
import { type Clock, steady } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import type { NetworkInterface } from '../../io/net/interfaces.ts'
import { AddressServerWatch } from '../../protocol/dhcp/address-server-watch.ts'
import { macOf } from '../../protocol/dhcp/client.ts'
import { attachedSubnets } from '../../protocol/dhcp/place.ts'
import {
  addressServerOf,
  chosenServer,
  peerOf,
  questions,
} from '../../protocol/dhcp/server-probe.ts'
import { type RoleState, type RoleTiming, ServerRole } from '../../protocol/dhcp/server-role.ts'
import type { DhcpMode, DhcpSubnet } from '../../protocol/dhcp/subnet.ts'
import { type DhcpMessage, encodeDhcp } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../wire/dhcp/dhcp-options.ts'
import { rivalAppeared, rivalIsSilent, roleChanged } from './dhcp-events.ts'
import type { DhcpExchange } from './dhcp-exchange.ts'

/** The interface that questions leave by: one object as long as its sockets are open. */
export interface AskedLink {
  readonly interface: NetworkInterface
  openClientPort(): Promise<void>
  ask(packets: { asClient: Uint8Array; asRelay: Uint8Array }): void
}

export interface DhcpRolesOptions {
  readonly links: () => Iterable<AskedLink>
  readonly own: () => ReadonlySet<Ipv4>
  readonly subnets: readonly DhcpSubnet[]
  readonly timing: RoleTiming
  readonly emit: Emit
  readonly clock: Clock
}

type HeardRequest = Pick<DhcpExchange, 'request' | 'place' | 'datagram'> & {
  readonly link: AskedLink
}

/** What is known of one subnet in mode `auto`. */
interface AutoSubnet {
  readonly subnet: DhcpSubnet
  readonly role: ServerRole
  /** Where it is attached, as the last look found it. */
  links: readonly AskedLink[]
  /** Hears machines that nobody answers. */
  watch: AddressServerWatch
  /** A person knows that the other server leaves machines unanswered. */
  isTold: boolean
}

/** Interfaces come and go: the longest pause between two looks, milliseconds. */
const longestPause = 1000
/** Questions whose answers are known for what they are. */
const questionsRemembered = 4096

export class DhcpRoles {
  readonly #options: DhcpRolesOptions
  readonly #clock: Clock
  readonly #subnets: ReadonlyMap<DhcpSubnet, AutoSubnet>
  /** Links whose client port could not be opened: told once. */
  readonly #deaf = new WeakSet<AskedLink>()
  /** By their `xid`. */
  readonly #questions = new LRUCache<number, true>({ max: questionsRemembered })
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #closed = false

  constructor(options: DhcpRolesOptions) {
    this.#options = options
    this.#clock = steady(options.clock)
    const auto = options.subnets.filter(({ mode }) => mode === 'auto')
    this.#subnets = new Map(auto.map((subnet) => [subnet, this.#begin(subnet)]))
  }

  /** Asks the first questions, then goes on by itself. Does nothing where no subnet is in this mode. */
  async start(): Promise<void> {
    if (this.#subnets.size > 0) await this.look()
  }

  async stop(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#looking
  }

  /** What the subnet is just now; undefined when it is not in mode `auto`. */
  stateOf(subnet: DhcpSubnet): RoleState | undefined {
    return this.#subnets.get(subnet)?.role.state
  }

  /**
   * The mode that its machines are answered in. What is known of a subnet says nothing of an
   * interface that has just come up in it, perhaps on another wire.
   */
  modeOf(subnet: DhcpSubnet, link: AskedLink): Exclude<DhcpMode, 'auto'> {
    if (subnet.mode !== 'auto') return subnet.mode
    const at = this.#subnets.get(subnet)
    const isAsked = at?.links.includes(link) === true || !canAsk(link, subnet)
    return isAsked && at?.role.state.type === 'full' ? 'full' : 'proxy'
  }

  /** Do we give addresses there, or may at any moment? */
  mayGive(subnet: DhcpSubnet): boolean {
    const state = this.stateOf(subnet)
    return state === undefined ? subnet.mode === 'full' : state.type !== 'proxy'
  }

  /** What came to the server's port counts as the answer to a question, or anybody far away could send it. */
  heardAnswer(link: AskedLink, reply: DhcpMessage, sender: string): void {
    if (this.#questions.has(reply.xid)) this.heardReply(link, reply, sender)
  }

  /** An answer that was broadcast, to whomever. */
  heardReply(link: AskedLink, reply: DhcpMessage, sender: string): void {
    const server = addressServerOf(reply, parseIpv4(sender) ?? anyAddress)
    if (server === undefined || this.#isOurs(server)) return
    const isToMachine = !this.#questions.has(reply.xid)
    for (const at of this.#on(link)) {
      if (isToMachine) at.watch = new AddressServerWatch() // its DISCOVER was answered
      this.#change(at, (role, now) => role.heard(server, now))
    }
  }

  /** Is it the question of a service like this one, and no machine's? */
  heardQuestion(heard: HeardRequest): 'ours' | 'peer' | 'no' {
    const peer = peerOf(heard.request)
    if (peer === undefined) return 'no'
    if (this.#isOurs(peer.server)) return 'ours'
    for (const at of this.#concerned(heard)) {
      // Behind a relay we have none on that network, and go by the one that we answer from.
      const ours = addressOn(heard.link, at.subnet) || heard.place.server
      this.#change(at, (role, now) => role.heardPeer(peer, ours, now))
    }
    return 'peer'
  }

  /** A machine's message: whose offer it takes, or that it asks again because nobody answers. */
  heardMachine(heard: HeardRequest): void {
    const { request, place } = heard
    const server = chosenServer(request)
    for (const at of this.#concerned(heard)) {
      if (server !== undefined && server !== place.serverId && !this.#isOurs(server)) {
        at.watch = new AddressServerWatch() // its DISCOVER was answered
        this.#change(at, (role, now) => role.heard(server, now))
        continue
      }
      this.#hearUnanswered(at, request, place.serverId)
      const isDiscover = request.options.get(dhcpOption.messageType) === 'discover'
      if (isDiscover && at.links.length > 0) this.#askWith(at)
    }
  }

  /** One look after another, never two at once. */
  async look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined))
    await this.#looking
  }

  #begin(subnet: DhcpSubnet): AutoSubnet {
    const role = new ServerRole(this.#options.timing, this.#clock())
    return { subnet, role, links: [], watch: new AddressServerWatch(), isTold: false }
  }

  async #lookOnce(): Promise<void> {
    for (const at of this.#subnets.values()) {
      const links = [...this.#options.links()].filter((link) => canAsk(link, at.subnet))
      const isNew = links.some((link) => !at.links.includes(link))
      at.links = links
      if (isNew) this.#change(at, (role, now) => role.restart(now))
      for (const link of links) await this.#openClientPort(link)
      if (links.length > 0) this.#change(at, (role, now) => this.#askIf(role.tick(now), at))
    }
    const due = [...this.#subnets.values()].flatMap(({ links, role }) =>
      links.length > 0 ? [role.due - this.#clock()] : [],
    )
    clearTimeout(this.#timer)
    const pause = Math.max(0, Math.min(longestPause, ...due))
    if (!this.#closed) this.#timer = setTimeout(() => void this.look(), pause)
  }

  async #openClientPort(link: AskedLink): Promise<void> {
    if (this.#deaf.has(link)) return
    try {
      await link.openClientPort()
    } catch (error) {
      this.#deaf.add(link)
      const reason = `DHCP servers that answer only by broadcast are not heard: ${messageOf(error)}`
      this.#options.emit({ type: 'service.hint', interface: link.interface.name, reason })
    }
  }

  #askIf(isDue: boolean, { subnet, role, links }: AutoSubnet): void {
    if (!isDue) return
    for (const link of links) {
      const xid = randomInt(2 ** 32)
      this.#questions.set(xid, true)
      const from = { mac: link.interface.mac, server: addressOn(link, subnet), xid }
      const { asClient, asRelay } = questions({ ...from, state: role.state.type })
      link.ask({ asClient: encodeDhcp(asClient), asRelay: encodeDhcp(asRelay) })
    }
  }

  /** The machine finds out now who answers, and so should we. */
  #askWith({ role }: AutoSubnet): void {
    role.machineAsked(this.#clock())
    if (role.due <= this.#clock()) void this.look()
  }

  /** Where nobody can be asked that is a reason to begin; beside a server, for a person to know. */
  #hearUnanswered(at: AutoSubnet, request: DhcpMessage, ours: Ipv4): void {
    if (!at.watch.goesUnanswered(request, ours, this.#clock())) return
    at.watch = new AddressServerWatch()
    if (at.links.length === 0) return this.#change(at, (role, now) => role.unanswered(now))
    const { state } = at.role
    if (state.type !== 'proxy' || state.because === 'peer' || at.isTold) return
    at.isTold = true
    this.#options.emit(rivalIsSilent(at.subnet, state.rival, macOf(request)))
  }

  /** Whatever changes a role goes through here, so that nothing changes unsaid. */
  #change(at: AutoSubnet, act: (role: ServerRole, now: number) => void): void {
    const before = at.role.state
    act(at.role, this.#clock())
    const after = at.role.state
    if (after === before) return
    at.watch = new AddressServerWatch()
    at.isTold = false
    const { emit, timing } = this.#options
    emit(roleChanged(at.subnet, after, { timing, on: at.links[0]?.interface }))
    if (before.type === 'full' && after.type === 'proxy') {
      emit(rivalAppeared(at.subnet, after.rival))
    }
  }

  /**
   * Which subnets a request tells of: its own behind a relay, else all on its wire. What came from
   * another network tells nothing of a wire that we are on.
   */
  #concerned(heard: HeardRequest): readonly AutoSubnet[] {
    const { link, request, place } = heard
    if (request.relayAddress === anyAddress) return isFromWire(heard) ? this.#on(link) : []
    const at = place.subnet && this.#subnets.get(place.subnet)
    if (at === undefined || (at.links.length > 0 && !isFromWire(heard))) return []
    return [at]
  }

  /** The subnets in mode `auto` that machines on this wire may be in. */
  #on(link: AskedLink): readonly AutoSubnet[] {
    const attached = attachedSubnets(link.interface.addresses, this.#options.subnets)
    return attached.flatMap((subnet) => this.#subnets.get(subnet) ?? [])
  }

  #isOurs(server: Ipv4): boolean {
    return this.#options.own().has(server)
  }
}

/** Where there is no Ethernet address, no client can ask. */
function canAsk({ interface: { mac, addresses } }: AskedLink, subnet: DhcpSubnet): boolean {
  return mac !== '00:00:00:00:00:00' && attachedSubnets(addresses, [subnet]).length > 0
}

function addressOn({ interface: { addresses } }: AskedLink, { subnet }: DhcpSubnet): Ipv4 {
  return addresses.find(({ address }) => contains(subnet, address))?.address ?? anyAddress
}

/** No router brings on what comes from nowhere, and few what comes from the network it goes to. */
function isFromWire({ link, datagram }: HeardRequest): boolean {
  const sender = parseIpv4(datagram.from.address)
  if (sender === undefined) return false
  return (
    sender === anyAddress || link.interface.addresses.some(({ subnet }) => contains(subnet, sender))
  )
}
