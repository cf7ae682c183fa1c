/**
 * The DHCP service alone, for tests with real clients inside a namespace. One argument: the
 * settings as JSON. Events are written as lines of JSON; SIGTERM ends it.
 */
import { openLeaseStore } from '../../src/io/store/lease-store.ts'
import { listInterfaces, selectInterfaces } from '../../src/io/net/interfaces.ts'
import { ip, mac } from './dhcp-messages.ts'
import { LeaseTable } from '../../src/protocol/dhcp/lease-table.ts'
import type { RoleTiming } from '../../src/protocol/dhcp/server-role.ts'
import type { DhcpMode } from '../../src/protocol/dhcp/subnet.ts'
import { parseSubnet } from '../../src/core/address.ts'
import { DhcpServer } from '../../src/server/dhcp/dhcp-server.ts'

export interface DhcpTestSettings {
  /** Where leases are kept. */
  readonly leases: string
  readonly subnets?: readonly {
    readonly network: string
    readonly mode?: DhcpMode
    readonly pool: readonly [first: string, last: string]
    readonly gateway?: string
    readonly dns?: readonly string[]
    readonly domain?: string
    readonly leaseSeconds?: number
    readonly reservations?: Readonly<Record<string, string>>
  }[]
  /** Of subnets in mode `auto`. */
  readonly timing?: RoleTiming
  readonly interfaces?: readonly string[]
  /** Look for new interfaces this often, milliseconds. */
  readonly rescan?: number
}

const settings = JSON.parse(process.argv[2] ?? '{}') as DhcpTestSettings
const store = openLeaseStore(settings.leases)
const server = new DhcpServer({
  interfaces: () => selectInterfaces(settings.interfaces, listInterfaces()),
  subnets: (settings.subnets ?? []).map((subnet) => ({
    subnet: parseSubnet(subnet.network)!,
    mode: subnet.mode ?? 'full',
    pool: [{ first: ip(subnet.pool[0]), last: ip(subnet.pool[1]) }],
    gateway: subnet.gateway === undefined ? undefined : ip(subnet.gateway),
    dns: (subnet.dns ?? []).map((address) => ip(address)),
    domain: subnet.domain,
    leaseSeconds: subnet.leaseSeconds ?? 3600,
    reservations: new Map(
      Object.entries(subnet.reservations ?? {}).map(([key, address]) => [mac(key), ip(address)]),
    ),
  })),
  otherwise: 'proxy',
  timing: settings.timing ?? { listen: 1000, probe: 1000, takeover: 3000 },
  port: 67,
  proxyPort: 4011,
  leases: new LeaseTable(store.load()),
  store,
  plan: (machine, { server: nextServer }) => {
    if (machine.stage === 'system') return { nextServer, bootFile: 'plain.0', kind: 'plain' }
    const bootFile = machine.architecture?.firmware === 'bios' ? 'lpxelinux.0' : 'snponly.efi'
    return { nextServer, bootFile, kind: machine.stage === 'ipxe' ? 'ipxe' : 'pxe' }
  },
  emit: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  clock: () => Date.now(),
})
await server.start()
const timer =
  settings.rescan === undefined
    ? undefined
    : setInterval(() => void server.rescan(), settings.rescan)
process.stdout.write('{"type":"service.ready"}\n')
process.on('SIGTERM', () => {
  clearInterval(timer)
  void server.stop().then(() => store.close())
})
