/**
 * Where an HTTP server listens: on every address of the machine by one socket for both families, or,
 * where interfaces are named, on each of their addresses by a socket of its own, so that the port
 * stays free for others on the rest. The machine itself always reaches it by 127.0.0.1.
 *
 * Node's server has one listening socket. The others hand their connections to it ("can also be
 * explicitly emitted by users to inject connections", `http.Server`, event `connection`), so that
 * its limits and its closing are theirs, too.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type SystemError, messageOf } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import { everyAddress, lacksIpv6, portError } from '../../io/net/port-holder.ts'
import { type AddressListener, AddressListeners } from './address-listeners.ts'

export interface HttpListenersOptions {
  /** Complete but for its listening. */
  readonly server: FastifyInstance
  /** 0 takes any free one, in tests. */
  readonly port: number
  /** The addresses to listen on; undefined for every address. */
  readonly addresses?: (() => readonly string[]) | undefined
  readonly emit: Emit
}

const loopback = '127.0.0.1'

export class HttpListeners {
  readonly #options: HttpListenersOptions
  readonly #others: AddressListeners<HttpSocket>
  /** Every other socket there was: its connections may live on after it. */
  readonly #drained = new Set<Promise<unknown>>()
  /** Reasons for lost connections that were told already. */
  readonly #losses = new Set<string>()

  constructor(options: HttpListenersOptions) {
    this.#options = options
    const addresses = () => (options.addresses?.() ?? []).filter((own) => own !== loopback)
    this.#others = new AddressListeners({
      addresses,
      emit: options.emit,
      open: (address) => this.#openOther(address),
    })
  }

  get port(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- listens on an address, not on a path
    return (this.#options.server.server.address() as AddressInfo).port
  }

  /** @throws SystemError which says who holds the port, or what to do; `stop` then, too. */
  async start(): Promise<void> {
    if (this.#options.addresses === undefined) await this.#listenEverywhere()
    else await this.#listen(loopback)
    this.#survive(this.#options.server.server)
    await this.#others.start()
  }

  /** Follows addresses that came or went since the last look. */
  rescan(): Promise<void> {
    return this.#others.rescan()
  }

  /** Closes the server with all its sockets; requests that are running may end first. */
  async stop(): Promise<void> {
    await this.#others.stop()
    await this.#options.server.close()
    await Promise.all(this.#drained)
  }

  /** A machine whose IPv6 is switched off has only IPv4 to listen on. */
  async #listenEverywhere(): Promise<void> {
    try {
      await this.#options.server.listen({ host: everyAddress.both, port: this.#options.port })
    } catch (error) {
      if (!lacksIpv6(error)) throw this.#refusal(error, everyAddress.both)
      await this.#listen(everyAddress.ipv4)
    }
  }

  async #listen(address: string): Promise<void> {
    try {
      await this.#options.server.listen({ host: address, port: this.#options.port })
    } catch (error) {
      throw this.#refusal(error, address)
    }
  }

  async #openOther(address: string): Promise<HttpSocket> {
    const { server } = this.#options.server
    const own = createServer({ allowHalfOpen: true, noDelay: true }, (connection) => {
      server.emit('connection', connection)
    })
    try {
      own.listen({ host: address, port: this.port, ipv6Only: true })
      await once(own, 'listening')
    } catch (error) {
      throw this.#refusal(error, address)
    }
    this.#survive(own)
    const drained = new Promise<void>((resolve) => {
      own.once('close', () => {
        this.#drained.delete(drained)
        resolve()
      })
    })
    this.#drained.add(drained)
    return new HttpSocket(own)
  }

  /** A connection that cannot be taken, for want of file handles or memory, is lost, and no more. */
  #survive(server: Server): void {
    server.on('error', (error) => {
      const reason = `connections to port ${this.#options.port} are lost: ${messageOf(error)}`
      if (this.#losses.has(reason)) return
      this.#losses.add(reason)
      this.#options.emit({ type: 'service.hint', reason })
    })
  }

  #refusal(error: unknown, address: string): SystemError {
    return portError(error, { transport: 'tcp', port: this.#options.port, address })
  }
}

class HttpSocket implements AddressListener {
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  /** Connections are left to end by themselves. */
  close(): Promise<void> {
    this.#server.close()
    return Promise.resolve()
  }
}
