/** Where the numbers of `/metrics` come from in a running service. */
import packageFile from '../../package.json' with { type: 'json' }
import { contains, formatSubnet } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import type { LeaseTable } from '../protocol/dhcp/lease-table.ts'
import type { EventHub } from '../server/event-hub.ts'
import { metrics } from '../server/metrics.ts'
import type { OpenMirrors } from './mirrors.ts'
import type { Site } from './site.ts'

export interface ServiceMetricsParts {
  readonly hub: EventHub
  readonly site: Site
  readonly leases: LeaseTable
  readonly clock: Clock
}

export function serviceMetrics(
  { hub, site, leases, clock }: ServiceMetricsParts,
  mirrors: OpenMirrors,
): () => Promise<string> {
  const leasesByNetwork = () => {
    const active = leases.active(clock())
    const counts = site.subnets.map(({ subnet }) => {
      const inside = active.filter(({ address }) => contains(subnet, address))
      return [formatSubnet(subnet), inside.length] as const
    })
    return new Map(counts)
  }
  return metrics({
    hub,
    version: packageFile.version,
    mirrors: () => mirrors.all.map(({ mirror }) => mirror.stats()),
    store: () => mirrors.store?.stats(),
    leases: leasesByNetwork,
  })
}
