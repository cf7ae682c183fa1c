/**
 * The static addresses that machines asked to be remembered: whether one may have the address, and
 * what its kernel is told at each start. A machine speaks for itself alone; who it is, the caller
 * finds out by the address it asks from.
 */
import type { Mac } from '../../core/address.ts'
import { plainAddress } from '../../core/ipv6.ts'
import { type StaticAddresses, networkWords, placeOf } from '../../boot/static-addresses.ts'
import type { MachineStore } from '../../io/store/machine-store.ts'
import type { AddressChange } from './address-request.ts'

export interface AddressBookOptions {
  readonly store: Pick<MachineStore, 'get' | 'set' | 'entries'>
  /** Our own addresses, both families, as text. */
  readonly own: () => readonly string[]
  /** Gateways and name servers that the configuration names, as text. */
  readonly servers: ReadonlySet<string>
  /** Whose an address is by lease or reservation. */
  readonly holderOf: (address: string) => Mac | undefined
}

export class AddressBook {
  readonly #options: AddressBookOptions

  constructor(options: AddressBookOptions) {
    this.#options = options
  }

  /** Remembers it; answers why not where it must not be. Throws SystemError when it cannot be stored. */
  change(mac: Mac, change: AddressChange): string | undefined {
    for (const wanted of [change.ipv4, change.ipv6]) {
      const refusal = wanted ? this.#refusal(mac, wanted.address) : undefined
      if (refusal !== undefined) return refusal
    }
    const known = this.of(mac)
    const ipv4 = change.ipv4 === undefined ? known.ipv4 : (change.ipv4 ?? undefined)
    const ipv6 = change.ipv6 === undefined ? known.ipv6 : (change.ipv6 ?? undefined)
    const isEmpty = ipv4 === undefined && ipv6 === undefined
    this.#options.store.set(mac, 'addresses', isEmpty ? undefined : { ipv4, ipv6 })
    return undefined
  }

  /** What is remembered; nothing is an empty object. */
  of(mac: Mac): StaticAddresses {
    return stored(this.#options.store.get(mac, 'addresses'))
  }

  /** For the kernel. What has become somebody else's address since is left out. */
  words(mac: Mac): string {
    const { ipv4, ipv6 } = this.of(mac)
    const mayHave = (address: string | undefined) =>
      address !== undefined && this.#refusal(mac, address) === undefined
    return networkWords(mac, {
      ipv4: mayHave(ipv4?.address) ? ipv4 : undefined,
      ipv6: mayHave(ipv6?.address) ? ipv6 : undefined,
    })
  }

  #refusal(mac: Mac, address: string): string | undefined {
    const { store, own, servers, holderOf } = this.#options
    if (own().some((ours) => plainAddress(ours) === address)) {
      return `${address} is the address of Bootlace itself`
    }
    if (servers.has(address)) return `${address} is a gateway or a name server of its network`
    const holder = holderOf(address)
    if (holder !== undefined && holder !== mac) return `${address} belongs to ${holder}`
    const other = store
      .entries('addresses')
      .find(([each, value]) => each !== mac && addressesIn(stored(value)).includes(address))
    return other === undefined ? undefined : `${address} is remembered for ${other[0]}`
  }
}

/** In words, for the log: `192.168.50.77/24, IPv6 as routers say`. */
export function addressWords({ ipv4, ipv6 }: StaticAddresses): string {
  const four = ipv4 === undefined ? 'IPv4 by DHCP' : placeOf(ipv4)
  return `${four}, ${ipv6 === undefined ? 'IPv6 as routers say' : placeOf(ipv6)}`
}

function addressesIn({ ipv4, ipv6 }: StaticAddresses): string[] {
  return [ipv4, ipv6].flatMap((each) => (each === undefined ? [] : [each.address]))
}

/** Only we write into the store. */
function stored(value: unknown): StaticAddresses {
  return value ?? {}
}
