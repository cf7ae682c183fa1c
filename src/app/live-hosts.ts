/** The hosts of the configuration as a map whose values are looked up at each question. */
import type { Mac } from '../core/address.ts'
import type { Host } from '../boot/host.ts'

export class LiveHosts implements ReadonlyMap<Mac, Host> {
  readonly #configured: ReadonlyMap<Mac, Host>
  readonly #hostOf: (mac: Mac) => Host | undefined

  constructor(configured: ReadonlyMap<Mac, Host>, hostOf: (mac: Mac) => Host | undefined) {
    this.#configured = configured
    this.#hostOf = hostOf
  }

  get size(): number {
    return this.#configured.size
  }

  has(mac: Mac): boolean {
    return this.#configured.has(mac)
  }

  get(mac: Mac): Host | undefined {
    return this.#hostOf(mac)
  }

  keys(): MapIterator<Mac> {
    return this.#configured.keys()
  }

  values(): MapIterator<Host> {
    return this.#now().values()
  }

  entries(): MapIterator<[Mac, Host]> {
    return this.#now().entries()
  }

  [Symbol.iterator](): MapIterator<[Mac, Host]> {
    return this.entries()
  }

  forEach(callback: (host: Host, mac: Mac, map: ReadonlyMap<Mac, Host>) => void): void {
    for (const [mac, host] of this.entries()) callback(host, mac, this)
  }

  #now(): Map<Mac, Host> {
    return new Map([...this.#configured].map(([mac, host]) => [mac, this.#hostOf(mac) ?? host]))
  }
}
