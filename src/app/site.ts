/** From what the person wrote to what the parts work with: hosts, catalog, subnets. */
import {
  type AddressRange,
  type Mac,
  type Subnet,
  broadcastAddress,
  contains,
} from '../core/address.ts'
import { tinyvmEntries } from '../boot/builtin.ts'
import type { Catalog, Entry } from '../boot/catalog.ts'
import type { Host } from '../boot/host.ts'
import type { RoleTiming } from '../protocol/dhcp/server-role.ts'
import type { DhcpSubnet } from '../protocol/dhcp/subnet.ts'
import type { Config } from './config-schema.ts'
import { poolRanges } from './config-checks.ts'

export interface Site {
  readonly hosts: ReadonlyMap<Mac, Host>
  readonly catalog: Catalog
  readonly subnets: readonly DhcpSubnet[]
  /** What happens on networks that are not named: never addresses. */
  readonly otherwise: 'proxy' | 'off'
  /** Of the subnets in mode `auto`. */
  readonly timing: RoleTiming
}

export function siteOf(config: Config): Site {
  return {
    hosts: new Map(config.hosts.map((host) => [host.mac, host])),
    catalog: catalogOf(config),
    subnets: config.dhcp.subnets.map((subnet) => subnetOf(subnet, config)),
    otherwise: config.dhcp.mode === 'off' ? 'off' : 'proxy',
    timing: timingOf(config.dhcp.auto),
  }
}

/** Durations are seconds in the configuration, milliseconds wherever time passes. */
function timingOf({ listen, probe, takeover }: Config['dhcp']['auto']): RoleTiming {
  return { listen: listen * 1000, probe: probe * 1000, takeover: takeover * 1000 }
}

/** The user's own entries come first; a hotkey of theirs is theirs. */
function catalogOf(config: Config): Catalog {
  const own = config.menu.entries.map((entry): Entry => {
    const { initrd, ...rest } = entry
    return { ...rest, type: 'linux', initrd: typeof initrd === 'string' ? [initrd] : initrd }
  })
  const taken = new Set(own.map((entry) => entry.key?.toLowerCase()))
  const builtIn = builtInEntries('autodeploy' in config.mirrors).map((entry) =>
    taken.has(entry.key) ? { ...entry, key: undefined } : entry,
  )
  const { title, timeout, default: choice } = config.menu
  return { title, timeout, default: choice, entries: [...own, ...builtIn] }
}

function builtInEntries(autodeploy: boolean): readonly Entry[] {
  return [
    ...tinyvmEntries,
    ...(autodeploy
      ? ([
          { type: 'autodeploy', name: 'autodeploy', title: 'vSphere Auto Deploy', key: 'a' },
        ] as const)
      : []),
    { type: 'disk', name: 'disk', title: 'Local disk', key: 'd' },
    { type: 'shell', name: 'shell', title: 'iPXE command line', key: 's' },
  ]
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
