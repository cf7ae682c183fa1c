/**
 * Trivial File Transfer Protocol, read only: one listener for each local address, so that an answer
 * comes from the address that was asked (a client drops any other). Follows addresses that come and
 * go. Serves whatever the tree serves; knows neither disks nor menus.
 *
 * Sources: RFC 1350, 2347, 2348, 2349, 7440.
 */
import type { Mac } from '../../core/address.ts'
import { type Clock, steady } from '../../core/clock.ts'
import type { Emit } from '../../core/events.ts'
import { isIpv6 } from '../../core/ipv6.ts'
import { nearest } from '../../boot/nearest.ts'
import type { FileTree } from '../../io/files/file-tree.ts'
import { addressTexts, listInterfaces } from '../../io/net/interfaces.ts'
import type { Endpoint } from '../../io/net/udp.ts'
import { ethernetLimits, type TransferLimits } from '../../protocol/tftp/negotiate.ts'
import { AddressListeners } from '../http/address-listeners.ts'
import { TftpListener } from './tftp-listener.ts'
import type { TftpSite } from './tftp-session.ts'

export interface TftpServerOptions {
  /** The local addresses to serve on, of both families; asked again at each `rescan`. */
  readonly addresses: () => readonly string[]
  /** 69; in tests 0, any free one. */
  readonly port: number
  readonly tree: FileTree
  readonly macOf: (ip: string) => Mac | undefined
  readonly emit: Emit
  readonly clock: Clock
  /** What a transfer from this address may use; by default what its link carries. */
  readonly limits?: (address: string) => TransferLimits
  /** Transfers at the same time; a request above it is dropped and comes again. */
  readonly maximum?: number
}

const defaultMaximum = 1000
/** Octets of the IP, UDP and TFTP headers. */
const headers = { ipv4: 20 + 8 + 4, ipv6: 40 + 8 + 4 }
/** How long a list of all paths serves "did you mean", milliseconds. */
const listLifetime = 10_000
/** pxelinux asks for up to twelve names of which at most one exists: a miss means nothing. */
const searchedNames = /(^|[/\\])pxelinux\.cfg[/\\]/

export class TftpServer {
  readonly #options: TftpServerOptions
  readonly #site: TftpSite
  readonly #listeners: AddressListeners<TftpListener>
  #paths: { readonly list: Promise<readonly string[]>; readonly at: number } | undefined

  constructor(options: TftpServerOptions) {
    this.#options = options
    const { addresses, tree, macOf, emit } = options
    const clock = steady(options.clock)
    const nearestTo = (path: string) => this.#nearest(path)
    this.#site = { tree, macOf, emit, clock, nearest: nearestTo, texts: new Set() }
    this.#listeners = new AddressListeners({ addresses, emit, open: (own) => this.#listen(own) })
  }

  /** Where requests are heard now. */
  get endpoints(): readonly Endpoint[] {
    return this.#listeners.all.map(({ endpoint }) => endpoint)
  }

  /** Transfers that are running. */
  get transfers(): number {
    return this.#listeners.all.reduce((sum, { transfers }) => sum + transfers, 0)
  }

  /** @throws SystemError when an address cannot be served; nothing stays open then. */
  start(): Promise<void> {
    return this.#listeners.start()
  }

  /** Serves new addresses and leaves those that are gone; what cannot be opened becomes a hint. */
  rescan(): Promise<void> {
    return this.#listeners.rescan()
  }

  stop(): Promise<void> {
    return this.#listeners.stop()
  }

  async #listen(address: string): Promise<TftpListener> {
    const listener = new TftpListener({
      address,
      port: this.#options.port,
      limits: (this.#options.limits ?? linkLimits)(address),
      site: this.#site,
      hasRoom: () => this.transfers < (this.#options.maximum ?? defaultMaximum),
    })
    await listener.open()
    return listener
  }

  async #nearest(path: string): Promise<string | undefined> {
    if (searchedNames.test(path)) return undefined
    const now = this.#site.clock()
    if (this.#paths === undefined || now - this.#paths.at > listLifetime) {
      this.#paths = { list: this.#options.tree.list().catch(() => []), at: now }
    }
    return nearest(path, await this.#paths.list)
  }
}

/** Blocks as large as a packet of the link can carry in one piece. */
function linkLimits(address: string): TransferLimits {
  const link = listInterfaces().find((each) => addressTexts(each).includes(address))
  if (link === undefined) return ethernetLimits
  const overhead = isIpv6(address) ? headers.ipv6 : headers.ipv4
  return { ...ethernetLimits, blockSize: Math.max(512, link.mtu - overhead) }
}
