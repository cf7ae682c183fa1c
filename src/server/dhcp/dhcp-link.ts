/**
 * The sockets on one interface: the DHCP server's port and the boot server's, and where it is wanted
 * the client's. Knows how to get an answer to a client that has no address yet; decides nothing
 * about DHCP.
 */
import {
  anyAddress,
  formatIpv4,
  type Ipv4,
  limitedBroadcast,
  type Mac,
} from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { interfaceIndex } from '../../io/net/interface-index.ts'
import type { NetworkInterface } from '../../io/net/interfaces.ts'
import { native, setNeighbour } from '../../io/net/native.ts'
import { type Datagram, openUdp, type UdpOptions, type UdpPort } from '../../io/net/udp.ts'
import { AddressServerWatch } from '../../protocol/dhcp/address-server-watch.ts'
import type { Delivery } from '../../protocol/dhcp/delivery.ts'

export interface DhcpLinkOptions {
  readonly interface: NetworkInterface
  /** 67, and 4011 for the boot server. */
  readonly port: number
  readonly proxyPort: number
  readonly clock: Clock
  readonly receive: (link: DhcpLink, datagram: Datagram, toBootServer: boolean) => void
  /** What came to the client's port: other servers' broadcasts, and our own. */
  readonly overhear: (link: DhcpLink, datagram: Datagram) => void
  readonly failed: (link: DhcpLink, error: Error) => void
}

/** What leaves by `dhcp` came in by `hearing`, mostly the same socket. */
interface LinkPorts {
  readonly hearing: UdpPort
  readonly boot: UdpPort
  readonly dhcp: UdpPort
}

export class DhcpLink {
  /** Replaced when its addresses change. */
  interface: NetworkInterface
  readonly watch = new AddressServerWatch()
  /** A send failed as it does when the interface is gone: the next scan opens it anew. */
  broken = false
  readonly #index: number | undefined
  readonly #options: DhcpLinkOptions
  readonly #open: UdpPort[] = []
  #ports: LinkPorts | undefined
  #client: UdpPort | undefined
  #closed = false

  constructor(options: DhcpLinkOptions) {
    this.interface = options.interface
    this.#index = interfaceIndex(options.interface.name)
    this.#options = options
  }

  /** @throws SystemError which says who holds a port, or what to run; nothing stays open then. */
  async open(): Promise<this> {
    try {
      const hearing = await this.#socket(this.#options.port, everywhere)
      const boot = await this.#socket(this.#options.proxyPort, everywhere)
      // A socket on 0.0.0.0 that is tied to no interface broadcasts by the default route; one on
      // the interface's address does not, but hears no broadcasts.
      const dhcp = native.available
        ? hearing
        : await this.#socket(this.#options.port, this.interface.addresses[0]?.address ?? everywhere)
      this.#ports = { hearing, boot, dhcp }
      return this
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Is this still the interface that the sockets are tied to? */
  isFor(candidate: NetworkInterface): boolean {
    return (
      !this.broken &&
      candidate.name === this.interface.name &&
      candidate.mac === this.interface.mac &&
      interfaceIndex(candidate.name) === this.#index
    )
  }

  /**
   * Sends an answer. A client that cannot answer ARP gets a neighbour entry first; where that is not
   * possible it is answered by broadcast, which RFC 2131 §4.1 allows.
   */
  send(octets: Uint8Array, to: Delivery & { readonly toBootServer: boolean }): void {
    const port = to.toBootServer ? this.#ports?.boot : this.#ports?.dhcp
    const pinned = to.hardware !== undefined && this.#pin(to.address, to.hardware)
    const address = to.unconfigured && !pinned ? limitedBroadcast : to.address
    port?.send(octets, { address: formatIpv4(address), port: to.port })
  }

  /**
   * Hears what is broadcast to DHCP clients. The socket is on 255.255.255.255 and shares its port:
   * every socket there gets its own copy of a broadcast, and unicast goes to this machine's own DHCP
   * client as before. Where sockets cannot be tied to an interface there is none.
   *
   * @throws SystemError when another program keeps the port for itself.
   */
  async openClientPort(): Promise<void> {
    if (this.#client !== undefined || !native.available) return
    const client = await openUdp({
      ...this.#socketOptions(this.#options.port + 1, limitedBroadcast),
      reuse: true,
      receive: (datagram) => this.#options.overhear(this, datagram),
    })
    if (this.#closed) await client.close()
    this.#open.push(client)
    this.#client = client
  }

  /** Broadcasts a question to the servers here, as a client and as a relay would. */
  ask({ asClient, asRelay }: { asClient: Uint8Array; asRelay: Uint8Array }): void {
    const everyServer = { address: formatIpv4(limitedBroadcast), port: this.#options.port }
    const client = this.#client ?? this.#ports?.dhcp
    client?.send(asClient, everyServer)
    this.#ports?.dhcp.send(asRelay, everyServer)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#open.map((port) => port.close()))
  }

  async #socket(port: number, address: Ipv4): Promise<UdpPort> {
    const { receive, proxyPort } = this.#options
    const opened = await openUdp({
      ...this.#socketOptions(port, address),
      receive: (datagram) => receive(this, datagram, port === proxyPort),
    })
    this.#open.push(opened)
    return opened
  }

  #socketOptions(port: number, address: Ipv4): Omit<UdpOptions, 'receive'> {
    const { clock, failed } = this.#options
    return {
      address: formatIpv4(address),
      port,
      device: this.interface.name,
      broadcast: true,
      reuse: !native.available,
      arrivals: true,
      clock,
      failed: (error) => failed(this, error),
    }
  }

  #pin(address: Ipv4, mac: Mac): boolean {
    return setNeighbour(this.interface.name, formatIpv4(address), mac)
  }
}

const everywhere = anyAddress
