/** What is served where, in words: for the start of the log and for the page. */
import { type Ipv4, formatIpv4, formatSubnet } from '../core/address.ts'
import { splitZone } from '../core/ipv6.ts'
import { serverUrl } from '../boot/plan.ts'
import type { NetworkInterface } from '../io/net/interfaces.ts'
import { attachedSubnets } from '../protocol/dhcp/place.ts'
import type { RoleState } from '../protocol/dhcp/server-role.ts'
import type { DhcpMode, DhcpSubnet } from '../protocol/dhcp/subnet.ts'
import type { Config } from './config/config-schema.ts'
import type { OpenMirror } from './mirrors.ts'
import type { Site } from './site.ts'

const modeWords: Readonly<Record<Exclude<DhcpMode, 'auto'>, string>> = {
  full: 'gives addresses and boot data',
  proxy: 'gives boot data beside another DHCP server, never an address',
  off: 'no DHCP',
}

export interface Serving {
  readonly config: Config
  readonly site: Site
  readonly interfaces: () => readonly NetworkInterface[]
  readonly mirrors: readonly OpenMirror[]
  /** Who gives addresses on a subnet in mode `auto`. */
  readonly roleOn: (subnet: DhcpSubnet) => RoleState | undefined
}

/** One line for each address of ours and one for each mirror. Nobody types a link-local address. */
export function servingLines(serving: Serving): string[] {
  const { config, interfaces, mirrors } = serving
  const all = interfaces()
  const networks = all.flatMap(({ name, addresses, ipv6 }) => [
    ...addresses.map(({ address }) => {
      const url = serverUrl(formatIpv4(address), config.http.port)
      return `${name}: ${dhcpWords(address, serving)}; page and boot files at ${url}/`
    }),
    ...ipv6
      .filter((address) => splitZone(address).zone === undefined)
      .map((address) => serverUrl(address, config.http.port))
      .map((url) => `${name}: page and boot files over IPv6 at ${url}/`),
  ])
  const ours = all.flatMap(({ addresses }) => addresses.map(({ address }) => address))
  const host = ours.length === 1 && ours[0] !== undefined ? formatIpv4(ours[0]) : 'ADDRESS'
  const ports = mirrors.map(
    ({ mirror, port }) =>
      `mirror ${mirror.name} of ${mirror.stats().origin} on port ${port}` +
      (mirror.name === 'autodeploy' ? `: Add-ProxyServer -Address http://${host}:${port}` : ''),
  )
  return [...(networks.length > 0 ? networks : [nothingUp(config)]), ...ports]
}

/** What the person asked for and is not there: a slip in an address or a name, most often. */
export function absences({ site, interfaces }: Pick<Serving, 'site' | 'interfaces'>): string[] {
  const all = interfaces()
  const own = all.flatMap(({ name, addresses }) =>
    addresses.map(({ address }) => `${name} has ${formatIpv4(address)}`),
  )
  const attached = attachedSubnets(
    all.flatMap(({ addresses }) => addresses),
    site.subnets,
  )
  const unattached = site.subnets.filter(
    (subnet) => subnet.mode !== 'off' && !attached.includes(subnet),
  )
  return unattached.map(
    ({ subnet }) =>
      `no interface has an address in ${formatSubnet(subnet)} ` +
      `(${own.join(', ') || 'none is up'}): only a relay can bring requests from there`,
  )
}

function nothingUp({ interfaces }: Config): string {
  const which = interfaces === undefined ? 'no interface' : `none of ${interfaces.join(', ')}`
  return `${which} is up with an address yet`
}

function dhcpWords(address: Ipv4, { site, roleOn }: Pick<Serving, 'site' | 'roleOn'>): string {
  const link = [{ address, subnet: { network: address, prefix: 32 } }]
  const [subnet] = attachedSubnets(link, site.subnets)
  if (subnet === undefined) return modeWords[site.otherwise]
  return subnet.mode === 'auto' ? roleWords(roleOn(subnet)) : modeWords[subnet.mode]
}

/** In mode `auto`. */
function roleWords(state: RoleState | undefined): string {
  if (state?.type === 'full') return `${modeWords.full}: no other DHCP server is there`
  if (state?.type !== 'proxy') return 'boot data, until it is known whether a DHCP server is there'
  return `gives boot data beside the DHCP server ${formatIpv4(state.rival)}, never a new address`
}
