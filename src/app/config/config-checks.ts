/**
 * What a schema cannot say: how values must fit each other. Each check looks at the sections that
 * are valid by themselves, so that one wrong section does not hide the problems of another.
 */
import {
  type AddressRange,
  contains,
  formatIpv4,
  formatSubnet,
  type Subnet,
} from '../../core/address.ts'
import { entrySuffixes } from '../../boot/system/systems.ts'
import type { Config } from './config-schema.ts'
import { list, repeats, says, twice } from './check-words.ts'
import { type Problem, formatPath } from './config-problems.ts'
import { parseLock } from './lock-value.ts'
import { bootChoices, checkImages, checkMenu } from './menu-checks.ts'

type Sections = Partial<Config>

/** Seconds. Below, machines would do nothing but renew; a DHCP message cannot say 137 years. */
const shortestLease = 60
const longestLease = 3650 * 86_400

/** `present` are the names of images that are there without being configured. */
export function checkTogether(config: Sections, present: readonly string[]): Problem[] {
  const configured = Object.keys(config.images ?? {})
  const images = [...new Set([...configured, ...present])]
  return [
    ...checkSubnets(config),
    ...checkAuto(config),
    ...(config.menu === undefined ? [] : checkMenu(config.menu, images)),
    ...checkImages(config.menu, configured),
    ...checkHosts(config, images),
    ...checkPorts(config),
    ...checkMirrors(config),
    ...checkTlsPorts(config),
    ...checkTinyvm(config),
  ]
}

/** One or several ranges as a list. */
export function poolRanges(
  pool: AddressRange | readonly AddressRange[] | undefined,
): readonly AddressRange[] {
  if (pool === undefined) return []
  return 'first' in pool ? [pool] : pool
}

function checkSubnets({ dhcp }: Sections): Problem[] {
  const subnets = dhcp?.subnets ?? []
  const problems = subnets.flatMap((subnet, index): Problem[] => {
    const at = ['dhcp', 'subnets', index]
    const name = formatSubnet(subnet.network)
    const outside = poolRanges(subnet.pool).filter(
      ({ first, last }) => !contains(subnet.network, first) || !contains(subnet.network, last),
    )
    return [
      ...(subnet.lease < shortestLease || subnet.lease > longestLease
        ? [says([...at, 'lease'], 'must be at least 1m and at most 3650d')]
        : []),
      ...outside.map(() => says([...at, 'pool'], `lies outside ${name}`)),
      ...(subnet.gateway !== undefined && !contains(subnet.network, subnet.gateway)
        ? [says([...at, 'gateway'], `${formatIpv4(subnet.gateway)} lies outside ${name}`)]
        : []),
    ]
  })
  return [...problems, ...checkOverlaps(subnets.map(({ network }) => network))]
}

/** Durations may be 0s, these not; and the last part of a silence is a round of questions. */
function checkAuto({ dhcp }: Sections): Problem[] {
  if (dhcp === undefined) return []
  const { listen, probe, takeover } = dhcp.auto
  const at = ['dhcp', 'auto']
  return [
    ...(listen < 1 ? [says([...at, 'listen'], 'must be at least 1s')] : []),
    ...(probe < 1 ? [says([...at, 'probe'], 'must be at least 1s')] : []),
    ...(takeover <= listen
      ? [says([...at, 'takeover'], 'must be longer than dhcp.auto.listen')]
      : []),
  ]
}

/** An address lies in one subnet: else which rules it follows would hang on their order. */
function checkOverlaps(networks: readonly Subnet[]): Problem[] {
  return networks.flatMap((network, index) => {
    const first = networks.findIndex((other) => overlap(other, network))
    if (first === index) return []
    const isSame = networks[first]?.prefix === network.prefix
    const other = formatPath(['dhcp', 'subnets', first, 'network'])
    const text = isSame ? `is the same as ${other}` : `overlaps ${other}`
    return [says(['dhcp', 'subnets', index, 'network'], text)]
  })
}

function overlap(one: Subnet, other: Subnet): boolean {
  return contains(one, other.network) || contains(other, one.network)
}

function checkHosts(
  { hosts, menu, dhcp, mirrors }: Sections,
  images: readonly string[],
): Problem[] {
  if (hosts === undefined) return []
  const known = bootChoices(menu, images)
  const problems = hosts.flatMap((host, index): Problem[] => {
    const at = ['hosts', index]
    const named = dhcp?.subnets.map((subnet) => subnet.network) ?? []
    return [
      ...(menu !== undefined && !known.includes(host.boot) && !isOfImage(host.boot, images)
        ? [says([...at, 'boot'], `there is no entry ${host.boot}; there are ${list(known)}`)]
        : []),
      ...(mirrors !== undefined && host.boot === 'autodeploy' && !('autodeploy' in mirrors)
        ? [says([...at, 'boot'], 'autodeploy needs a mirror named autodeploy (mirrors.autodeploy)')]
        : []),
      ...(dhcp !== undefined && outsideAll(host.address, named)
        ? [says([...at, 'address'], 'lies in none of dhcp.subnets')]
        : []),
    ]
  })
  const unique = (['name', 'mac', 'address'] as const).flatMap((key) =>
    repeats(hosts.map((host) => host[key])).map(({ index, first }) =>
      twice(['hosts', index, key], ['hosts', first, key]),
    ),
  )
  return [...problems, ...unique]
}

/** `rocky-9-rescue`; whether the image has it only a look into it tells. */
function isOfImage(boot: string, images: readonly string[]): boolean {
  return images.some((name) => entrySuffixes.some((suffix) => boot === `${name}-${suffix}`))
}

function outsideAll(
  address: Config['hosts'][number]['address'],
  subnets: readonly Config['dhcp']['subnets'][number]['network'][],
): boolean {
  return address !== undefined && !subnets.some((subnet) => contains(subnet, address))
}

function checkPorts({ http, mirrors, dhcp }: Sections): Problem[] {
  const ports = [
    { path: ['http', 'port'], port: http?.port },
    { path: ['http', 'tls', 'port'], port: http?.tls?.port },
    ...Object.entries(mirrors ?? {}).flatMap(([name, { port, tlsPort }]) => [
      { path: ['mirrors', name, 'port'], port },
      { path: ['mirrors', name, 'tlsPort'], port: tlsPort },
    ]),
  ]
  const clashes = repeats(ports.map(({ port }) => port)).map(({ index, first }) =>
    says(ports[index]?.path ?? [], `is taken by ${formatPath(ports[first]?.path ?? [])}`),
  )
  return dhcp !== undefined && dhcp.port === dhcp.proxyPort
    ? [...clashes, says(['dhcp', 'proxyPort'], 'is taken by dhcp.port')]
    : clashes
}

function checkMirrors({ mirrors }: Sections): Problem[] {
  return Object.entries(mirrors ?? {}).flatMap(([name, { origin, trust }]): Problem[] => {
    const rest = [origin.username, origin.password, origin.search, origin.hash].join('')
    return [
      ...(rest !== '' || origin.pathname !== '/'
        ? [
            says(
              ['mirrors', name, 'origin'],
              `is more than scheme, host and port, such as ${origin.origin}`,
            ),
          ]
        : []),
      ...(trust !== undefined && !('insecure' in trust) && origin.protocol === 'http:'
        ? [
            says(
              ['mirrors', name, 'trust'],
              'cannot be checked: the origin is http://, which shows no certificate',
            ),
          ]
        : []),
    ]
  })
}

function checkTlsPorts({ http, mirrors }: Sections): Problem[] {
  if (http === undefined || http.tls !== undefined) return []
  return Object.entries(mirrors ?? {}).flatMap(([name, { tlsPort }]) =>
    tlsPort === undefined
      ? []
      : [says(['mirrors', name, 'tlsPort'], 'needs a certificate: http.tls')],
  )
}

/** The value is not shown: it may be the password itself. */
function checkTinyvm({ tinyvm }: Sections): Problem[] {
  if (tinyvm?.password === undefined || parseLock(tinyvm.password)?.crypt !== undefined) return []
  return [
    says(
      ['tinyvm', 'password'],
      'is no hash: run "bootlace hash-password" and put here what it prints, $6$…; ' +
        'a password itself never stands in a configuration',
    ),
  ]
}
