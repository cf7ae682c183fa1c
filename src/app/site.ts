/** From what the person wrote to what the parts work with: hosts, catalog, subnets. */
import {
  type AddressRange,
  type Mac,
  type Subnet,
  broadcastAddress,
  contains,
} from '../core/address.ts'
import type { Catalog, Entry } from '../boot/menu/catalog.ts'
import type { Host } from '../boot/host.ts'
import type { RoleTiming } from '../protocol/dhcp/server-role.ts'
import type { DhcpSubnet } from '../protocol/dhcp/subnet.ts'
import type { Config } from './config/config-schema.ts'
import { poolRanges } from './config/config-checks.ts'
import { catalogOf } from './menu-catalog.ts'

export interface Site {
  readonly hosts: ReadonlyMap<Mac, Host>
  readonly catalog: Catalog
  readonly subnets: readonly DhcpSubnet[]
  /** What happens on networks that are not named: never addresses. */
  readonly otherwise: 'proxy' | 'off'
  /** Of the subnets in mode `auto`. */
  readonly timing: RoleTiming
}

/** `images` are the entries of those that there are at the moment. */
export function siteOf(config: Config, images?: () => readonly Entry[]): Site {
  return {
    hosts: new Map(config.hosts.map((host) => [host.mac, host])),
    catalog: catalogOf(config, images),
    subnets: config.dhcp.subnets.map((subnet) => subnetOf(subnet, config)),
    otherwise: config.dhcp.mode === 'off' ? 'off' : 'proxy',
    timing: timingOf(config.dhcp.auto),
  }
}

/** Durations are seconds in the configuration, milliseconds wherever time passes. */
function timingOf({ listen, probe, takeover }: Config['dhcp']['auto']): RoleTiming {
  return { listen: listen * 1000, probe: probe * 1000, takeover: takeover * 1000 }
}

function subnetOf(subnet: Config['dhcp']['subnets'][number], config: Config): DhcpSubnet {
  const reserved = config.hosts.flatMap(({ mac, address }) =>
    address !== undefined && contains(subnet.network, address) ? [[mac, address] as const] : [],
  )
  return {
    subnet: subnet.network,
    mode: subnet.mode ?? config.dhcp.mode ?? 'auto',
    pool: subnet.pool === undefined ? [wholeNetwork(subnet.network)] : poolRanges(subnet.pool),
    gateway: subnet.gateway,
    dns: subnet.dns,
    domain: subnet.domain,
    leaseSeconds: subnet.lease,
    reservations: new Map(reserved),
  }
}

/** What must not be given away (our own address, the gateway, reserved ones) is left out later. */
function wholeNetwork(subnet: Subnet): AddressRange {
  return { first: subnet.network, last: broadcastAddress(subnet) }
}
