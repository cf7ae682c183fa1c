/**
 * TLS in front of an HTTP server that listens by itself: takes connections on a port of its own, does
 * the handshake, and hands them to that server. The certificate is looked at again with every
 * `rescan`, and a renewed one serves the next connections.
 *
 * From TLS 1.2 on, with what boot loaders of before elliptic curves can do, too: iPXE of those years
 * knows RSA and DHE key exchange with AES-CBC, and no TLS 1.3.
 */
import { once } from 'node:events'
import type { ListenOptions } from 'node:net'
import { type Server as TlsServer, createServer } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { SystemError, messageOf } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import { CertificateFiles, type CertificatePaths } from '../../io/net/certificate-files.ts'
import { everyAddress, lacksIpv6, portError } from '../../io/net/port-holder.ts'
import { type AddressListener, AddressListeners } from './address-listeners.ts'

export interface TlsListenersOptions {
  /** Answers the requests; closed by whoever made it, after these. */
  readonly server: FastifyInstance
  readonly port: number
  readonly files: CertificatePaths
  /** The addresses to listen on; undefined for every address. */
  readonly addresses?: (() => readonly string[]) | undefined
  readonly emit: Emit
}

/** Milliseconds; a port scan must not hold a socket for two minutes. */
const handshakeTimeout = 15_000

export class TlsListeners {
  readonly #options: TlsListenersOptions
  readonly #files: CertificateFiles
  readonly #listeners: AddressListeners<TlsSocketListener>

  constructor(options: TlsListenersOptions) {
    const { addresses = () => [everyAddress.both], emit } = options
    this.#options = options
    this.#files = new CertificateFiles(options.files)
    this.#listeners = new AddressListeners({
      addresses,
      emit,
      open: (address) => this.#open(address),
    })
  }

  /** @throws SystemError when a file or the port cannot be had. */
  async start(): Promise<void> {
    await this.#listeners.start()
  }

  /** Follows addresses that came or went, and a certificate that was renewed. */
  async rescan(): Promise<void> {
    const change = this.#files.look()
    const { emit, port } = this.#options
    if (change.type === 'renewed') {
      for (const { server } of this.#listeners.all) server.setSecureContext(change.options)
      emit({ type: 'service.hint', reason: `TLS on port ${port}: the certificate was renewed` })
    } else if (change.type === 'refused') {
      const reason = `TLS on port ${port} keeps its certificate: ${change.reason}`
      emit({ type: 'service.hint', reason })
    }
    await this.#listeners.rescan()
  }

  async stop(): Promise<void> {
    await this.#listeners.stop()
  }

  async #open(address: string): Promise<TlsSocketListener> {
    const { server, port } = this.#options
    const own = createServer(
      { ...this.#certificate(), handshakeTimeout, dhparam: 'auto', ALPNProtocols: ['http/1.1'] },
      (connection) => void server.server.emit('connection', connection),
    )
    try {
      if (address === everyAddress.both) await listenEverywhere(own, port)
      else await listen(own, { host: address, port, ipv6Only: true })
    } catch (error) {
      throw portError(error, { transport: 'tcp', port, address })
    }
    own.on('error', () => {}) // a connection that cannot be taken is lost, and no more
    return new TlsSocketListener(own)
  }

  #certificate() {
    try {
      return this.#files.read()
    } catch (error) {
      throw new SystemError(`http.tls: ${messageOf(error)}`, { cause: error })
    }
  }
}

async function listen(server: TlsServer, options: ListenOptions): Promise<void> {
  server.listen(options)
  await once(server, 'listening')
}

/** A machine whose IPv6 is switched off has only IPv4 to listen on. */
async function listenEverywhere(server: TlsServer, port: number): Promise<void> {
  try {
    await listen(server, { host: everyAddress.both, port })
  } catch (error) {
    if (!lacksIpv6(error)) throw error
    await listen(server, { host: everyAddress.ipv4, port })
  }
}

class TlsSocketListener implements AddressListener {
  readonly server: TlsServer

  constructor(server: TlsServer) {
    this.server = server
  }

  /** Connections are left to end by themselves. */
  close(): Promise<void> {
    this.server.close()
    return Promise.resolve()
  }
}
