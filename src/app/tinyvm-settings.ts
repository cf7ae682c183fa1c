/** What running TinyVMs are told: their password, and the addresses that they asked for. */
import { type Mac, formatIpv4, parseIpv4 } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import { addressTexts, listInterfaces } from '../io/net/interfaces.ts'
import type { MachineStore } from '../io/store/machine-store.ts'
import type { LeaseTable } from '../protocol/dhcp/lease-table.ts'
import { AddressBook } from '../server/boot/address-book.ts'
import type { TinyvmApiOptions } from '../server/boot/tinyvm-api.ts'
import type { Config } from './config/config-schema.ts'
import { parseLock } from './config/lock-value.ts'
import type { Site } from './site.ts'

export interface TinyvmSources {
  readonly config: Pick<Config, 'tinyvm'>
  readonly site: Pick<Site, 'hosts' | 'subnets'>
  readonly learned: MachineStore
  readonly leases: Pick<LeaseTable, 'macAt'>
  readonly clock: Clock
}

export type TinyvmSettings = Pick<TinyvmApiOptions, 'password' | 'addresses'>

export function tinyvmSettings({
  config,
  site,
  learned,
  leases,
  clock,
}: TinyvmSources): TinyvmSettings {
  const reserved = new Map([...site.hosts.values()].map(({ address, mac }) => [address, mac]))
  const holderOf = (text: string): Mac | undefined => {
    const address = parseIpv4(text)
    return address === undefined
      ? undefined
      : (reserved.get(address) ?? leases.macAt(address, clock()))
  }
  return {
    password: parseLock(config.tinyvm.password)?.crypt,
    addresses: new AddressBook({
      store: learned,
      own: ownAddresses,
      servers: serversOf(site),
      holderOf,
    }),
  }
}

function serversOf({ subnets }: Pick<Site, 'subnets'>): ReadonlySet<string> {
  const servers = subnets.flatMap(({ gateway, dns }) =>
    gateway === undefined ? dns : [gateway, ...dns],
  )
  return new Set(servers.map(formatIpv4))
}

function ownAddresses(): string[] {
  return listInterfaces().flatMap(addressTexts)
}
