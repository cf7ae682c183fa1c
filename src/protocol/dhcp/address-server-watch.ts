/**
 * Is there a DHCP server on a network where we give no addresses? We never probe: a client that
 * takes an offer says so by broadcast and names the server (RFC 2131 §3.1 step 3). When no such
 * request was ever heard and a machine keeps asking, nobody gives addresses there.
 */
import type { Ipv4 } from '../../core/address.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../wire/dhcp/dhcp-options.ts'
import { clientOf } from './client.ts'

/** iPXE repeats after 1 s though it was offered and requests within 3.2 s; EDK2 repeats after 3.7 s. */
const patience = 3500
/** A later DISCOVER belongs to another boot. */
const oneBoot = 60_000
/** Machines remembered; when there are more, the oldest is forgotten. */
const mostClients = 256

export class AddressServerWatch {
  readonly #asked = new Map<string, number>()
  #settled = false

  /** Answers true once: when a machine asked again and nobody had given it an address. */
  goesUnanswered(request: DhcpMessage, ours: Ipv4, now: number): boolean {
    const type = request.options.get(dhcpOption.messageType)
    const serverId = request.options.get(dhcpOption.serverId)
    if (type === 'request' && serverId !== undefined && serverId !== ours) this.#settled = true
    if (this.#settled || type !== 'discover') return false
    const key = clientOf(request)?.key ?? ''
    const first = this.#asked.get(key)
    if (first === undefined || now - first > oneBoot) {
      this.#remember(key, now)
      return false
    }
    this.#settled = now - first >= patience
    return this.#settled
  }

  #remember(key: string, now: number): void {
    this.#asked.delete(key)
    this.#asked.set(key, now)
    const [oldest] = this.#asked.keys()
    if (this.#asked.size > mostClients && oldest !== undefined) this.#asked.delete(oldest)
  }
}
