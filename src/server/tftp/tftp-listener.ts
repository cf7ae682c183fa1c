/**
 * TFTP on one local address: the well-known port for requests, and a few data ports that all
 * transfers share. Sorts datagrams to sessions; a session is a client's address and port.
 *
 * Shared data ports instead of one for each transfer: five hundred machines in lock-step cost a
 * third less CPU that way, and the pair of ports that RFC 1350 calls transfer ids still tells
 * transfers apart, since a client has its own. There are several because some clients (lpxelinux)
 * ask for every file from one port: the next transfer gets another of ours, so that a late packet
 * of the last one is not taken for its own. RFC 1350 §4.
 *
 * Answers nothing to what is not a request on the well-known port, and nothing to an ERROR
 * anywhere: two servers would answer each other for ever.
 */
import { LRUCache } from 'lru-cache'
import { messageOf, ProtocolError } from '../../core/errors.ts'
import { withoutZone } from '../../core/ipv6.ts'
import { type Datagram, type Endpoint, openUdp, type UdpPort } from '../../io/net/udp.ts'
import type { TransferLimits } from '../../protocol/tftp/negotiate.ts'
import { decodeTftp, encodeTftp, tftpErrors, type TftpPacket } from '../../wire/tftp/tftp-packet.ts'
import { TftpSession, type TftpSite } from './tftp-session.ts'

export interface ListenerOptions {
  readonly address: string
  readonly port: number
  readonly limits: TransferLimits
  readonly site: TftpSite
  /** May one more transfer begin? */
  readonly hasRoom: () => boolean
}

const dataPorts = 4
/** Ended transfers whose late packets are still known for what they are. */
const remembered = 1024
/** A request that is repeated while its client was heard this lately is a duplicate, milliseconds. */
const liveliness = 2000

interface Active {
  readonly session: TftpSession
  readonly port: UdpPort
}

export class TftpListener {
  readonly #options: ListenerOptions
  /** By the client's address and port. */
  readonly #sessions = new Map<string, Active>()
  readonly #ended = new LRUCache<string, true>({ max: remembered })
  #requests: UdpPort | undefined
  #data: UdpPort[] = []
  #turn = 0

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  /** Where requests are heard; with port 0 in the options, the port that was free. */
  get endpoint(): Endpoint {
    const { address, port } = this.#requests ?? this.#options
    return { address, port }
  }

  get transfers(): number {
    return this.#sessions.size
  }

  /** @throws SystemError when the port is taken or not allowed; nothing stays open then. */
  async open(): Promise<void> {
    const { address, port } = this.#options
    try {
      for (let count = 0; count < dataPorts; count++) {
        const data: UdpPort = await this.#openPort(0, (datagram) => this.#receive(datagram, data))
        this.#data.push(data)
      }
      this.#requests = await this.#openPort(port, (datagram) => this.#receiveRequest(datagram))
    } catch (error) {
      await this.close(`${address} cannot be served`)
      throw error
    }
  }

  async close(reason: string): Promise<void> {
    for (const { session } of this.#sessions.values()) session.stop(reason, true)
    const ports = [...this.#data, ...(this.#requests === undefined ? [] : [this.#requests])]
    await Promise.all(ports.map((port) => port.close()))
  }

  #openPort(port: number, receive: (datagram: Datagram) => void): Promise<UdpPort> {
    const { address, site } = this.#options
    const segments = port === 0 // windows leave by the data ports
    return openUdp({ address, port, clock: site.clock, receive, failed: isLost, segments })
  }

  #receiveRequest(datagram: Datagram): void {
    const packet = this.#decode(datagram)
    if (packet === undefined) return
    if (packet.type !== 'readRequest' && packet.type !== 'writeRequest') {
      return this.#malformed(datagram.from, `${packet.type} where only requests are heard`)
    }
    const key = keyOf(datagram.from)
    const active = this.#sessions.get(key)
    if (active !== undefined) {
      const idle = datagram.at - active.session.heardAt
      if (active.session.repeats(packet) && idle < liveliness) return
      active.session.stop('the client asked anew', false)
    }
    // No answer above the cap: the client asks again, and there may be room then.
    if (!this.#options.hasRoom() && !this.#makeRoom()) return
    const port = this.#dataPortFor(key)
    if (port === undefined) return
    const session = new TftpSession(
      this.#options.site,
      {
        client: datagram.from,
        server: withoutZone(this.#options.address),
        limits: this.#options.limits,
        send: (octets) => port.send(octets, datagram.from),
        sendAll: (packets) => port.sendAll(packets, datagram.from),
        ended: () => this.#forget(key, port),
      },
      packet,
    )
    this.#sessions.set(key, { session, port })
    void session.start()
  }

  /**
   * Ends the oldest transfer whose client never said a word after its request: anybody can send
   * requests in a stranger's name, and those must not keep the others out.
   */
  #makeRoom(): boolean {
    for (const { session } of this.#sessions.values()) {
      if (session.hasSpoken) continue
      session.drop()
      return true
    }
    return false
  }

  /** In turn, but not one on which packets of this client's last transfers may still arrive. */
  #dataPortFor(key: string): UdpPort | undefined {
    this.#turn = (this.#turn + 1) % dataPorts
    const inTurn = [...this.#data.slice(this.#turn), ...this.#data.slice(0, this.#turn)]
    return inTurn.find((port) => !this.#ended.has(`${port.port} ${key}`)) ?? inTurn[0]
  }

  #forget(key: string, port: UdpPort): void {
    this.#sessions.delete(key)
    this.#ended.set(`${port.port} ${key}`, true)
  }

  #receive(datagram: Datagram, port: UdpPort): void {
    const packet = this.#decode(datagram)
    if (packet === undefined) return
    const key = keyOf(datagram.from)
    const active = this.#sessions.get(key)
    if (active?.port === port) return active.session.receive(packet)
    if (packet.type === 'error' || this.#ended.has(`${port.port} ${key}`)) return
    const error = { type: 'error', code: tftpErrors.unknownTransferId } as const
    port.send(encodeTftp({ ...error, message: 'unknown transfer id' }), datagram.from)
  }

  #decode({ octets, from }: Datagram): TftpPacket | undefined {
    try {
      return decodeTftp(octets)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#malformed(from, messageOf(error))
      return undefined
    }
  }

  #malformed(from: Endpoint, reason: string): void {
    const { emit, macOf } = this.#options.site
    emit({ type: 'tftp.malformed', ip: from.address, mac: macOf(from.address), reason })
  }
}

/** What could not be sent is what the network lost: the transfer repeats it, or gives up. */
function isLost(): void {}

function keyOf(client: Endpoint): string {
  return `${client.address}:${client.port}`
}
