/**
 * `network` of a kickstart: the flat form (`type`) that every installer reads, and that of version 2
 * (`ethernets`, `vlans`), which came with 2.1. The installers notice mistakes only after the packages
 * are installed.
 */
import { contains, parseIpv4, prefixOfMask, subnetOf } from '../../core/address.ts'
import { isIpv6 } from '../../core/ipv6.ts'
import {
  type Field,
  type Finding,
  type Format,
  type Place,
  either,
  error,
  flag,
  inside,
  isObject,
  listOf,
  mapOf,
  oneOf,
  record,
  shown,
  text,
  warning,
  whole,
} from './formats.ts'
import { type Installer, isBefore } from './installers.ts'
import { hostname } from './value-formats.ts'

const ipv4 = text('an IPv4 address', (one) => parseIpv4(one) !== undefined)
const ip = text('an IP address', (one) => parseIpv4(one) !== undefined || isIpv6(one))
const prefixed = text('an address with its prefix length, such as 192.168.50.10/24', isPrefixed)
const netmask = text('a netmask such as 255.255.255.0', (one) => prefixOf(one) !== undefined)
const oneLabel = text(
  'a host name without dots, at most 63 letters, digits, "_" and "-"',
  /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/,
)
const anyWord = text('text')

export const network: Format = (value, place) => {
  if (!isObject(value)) {
    return [error(place.path, `found ${shown(value)}, allowed: an object with type`)]
  }
  const isOld = isBefore(place.installer, '2.1')
  const isNew = value['version'] === '2' || !('type' in value || value['version'] === '1')
  if (isOld && !('type' in value)) {
    const says = isNew
      ? 'is missing: version 2 of the network (ethernets) is known from 2.1 on; the form with type (dhcp, static, vlan) everywhere'
      : 'is missing, allowed: dhcp, static, vlan'
    return [error([...place.path, 'type'], says)]
  }
  return isNew && !isOld ? versionTwo(value, place) : legacy(value, place)
}

type Config = Readonly<Record<string, unknown>>

const kinds: Readonly<Record<string, (config: Config, place: Place) => readonly Finding[]>> = {
  dhcp: () => [],
  static: checkStatic,
  vlan: checkVlan,
}

function legacy(config: Config, place: Place): readonly Finding[] {
  const { installer } = place
  const shape: Record<string, Field> = {
    version: { format: anyWord },
    type: { format: oneOf(...Object.keys(kinds)), isRequired: true },
    hostname: { format: isBefore(installer, '2.1') ? hostname : oneLabel },
    ip_addr: {
      format: either(prefixed, ipv4, (one) => typeof one === 'string' && one.includes('/')),
    },
    netmask: { format: netmask },
    gateway: { format: ipv4 },
    nameserver: { format: ipv4 },
    vlan_id: { format: vlanText(installer) },
  }
  const kind = String(config['type'])
  return [
    ...record(shape)(config, place),
    ...(Object.hasOwn(kinds, kind) ? (kinds[kind]?.(config, place) ?? []) : []),
  ]
}

/** Up to 2.0 it is joined to text. */
function vlanText(installer: Installer): Format {
  const asText = text('a number from 1 to 4094 in quotes', isVlan)
  const asNumber = whole(1, 4094, 'a number from 1 to 4094')
  if (isBefore(installer, '2.1')) return asText
  return either(asText, asNumber, (one) => typeof one === 'string')
}

function isVlan(one: string): boolean {
  return /^\d{1,4}$/.test(one) && Number(one) >= 1 && Number(one) <= 4094
}

function checkStatic(config: Config, place: Place): readonly Finding[] {
  const isOld = isBefore(place.installer, '2.1')
  const needed = isOld ? ['ip_addr', 'netmask', 'gateway', 'nameserver'] : ['ip_addr']
  const missing = needed
    .filter((key) => !(key in config))
    .map((key) =>
      error([...place.path, key], `is missing: a static address needs ${needed.join(', ')}`),
    )
  const { ip_addr: address, netmask: mask } = config
  const hasPrefix = typeof address === 'string' && address.includes('/')
  if (hasPrefix && mask !== undefined && !isOld) {
    return [
      ...missing,
      error([...place.path, 'netmask'], 'is there twice: ip_addr has a prefix length already'),
    ]
  }
  return [
    ...missing,
    ...(mask === undefined && !hasPrefix && !isOld && address !== undefined
      ? [warning([...place.path, 'netmask'], 'is missing: the address stands alone')]
      : []),
    ...checkGateway(config, place),
  ]
}

function checkGateway(config: Config, place: Place): readonly Finding[] {
  const [address = '', length] = String(config['ip_addr']).split('/')
  const own = parseIpv4(address)
  const gateway = parseIpv4(String(config['gateway']))
  const prefix = length === undefined ? prefixOf(String(config['netmask'])) : Number(length)
  if (own === undefined || gateway === undefined || prefix === undefined || prefix > 32) return []
  return contains(subnetOf(own, prefix), gateway)
    ? []
    : [warning([...place.path, 'gateway'], `lies outside of the network of ip_addr, /${prefix}`)]
}

function checkVlan(config: Config, place: Place): readonly Finding[] {
  return 'vlan_id' in config ? [] : [error([...place.path, 'vlan_id'], 'is missing')]
}

function prefixOf(mask: string): number | undefined {
  const bits = parseIpv4(mask)
  return bits === undefined ? undefined : prefixOfMask(bits)
}

function isPrefixed(one: string): boolean {
  const [address = '', length = '', ...rest] = one.split('/')
  if (rest.length > 0 || !/^\d{1,3}$/.test(length)) return false
  if (parseIpv4(address) !== undefined) return Number(length) <= 32
  return isIpv6(address) && Number(length) <= 128
}

const link: Readonly<Record<string, Field>> = {
  match: { format: record({ name: { format: anyWord }, macaddress: { format: anyWord } }) },
  dhcp4: { format: flag },
  dhcp6: { format: flag },
  'accept-ra': { format: flag },
  addresses: { format: listOf(prefixed, 'addresses with prefix length') },
  gateway: { format: ip },
  nameservers: {
    format: record({
      addresses: { format: listOf(ip, 'IP addresses') },
      search: { format: listOf(anyWord, 'domains') },
    }),
  },
}
const vlan: Readonly<Record<string, Field>> = {
  ...link,
  id: { format: whole(1, 4094, 'a number from 1 to 4094'), isRequired: true },
  link: { format: anyWord, isRequired: true },
}
const versionTwoShape = record({
  version: { format: either(anyWord, whole(2, 2, '"2"'), (one) => typeof one === 'string') },
  hostname: { format: oneLabel },
  ethernets: { format: mapOf(record(link), 'interfaces by id'), isRequired: true },
  vlans: { format: mapOf(record(vlan), 'VLANs by id') },
})

function versionTwo(config: Config, place: Place): readonly Finding[] {
  const vlans = isObject(config['vlans']) ? Object.entries(config['vlans']) : []
  return [
    ...versionTwoShape(config, place),
    ...vlans.flatMap(([id, one]) =>
      checkLink(config['ethernets'], one, inside(inside(place, 'vlans'), id)),
    ),
  ]
}

/** The VLAN's name is made of that of its interface. */
function checkLink(ethernets: unknown, one: unknown, place: Place): readonly Finding[] {
  const name = isObject(one) ? one['link'] : undefined
  if (typeof name !== 'string' || !isObject(ethernets)) return []
  const path = [...place.path, 'link']
  const ids = Object.keys(ethernets)
  const parent = Object.hasOwn(ethernets, name) ? ethernets[name] : undefined
  if (parent === undefined) {
    return [error(path, `names no interface in ethernets; there are ${ids.join(', ')}`)]
  }
  const match = isObject(parent) ? parent['match'] : undefined
  const matched = isObject(match) ? match['name'] : undefined
  return typeof matched === 'string' && !/[*?[]/.test(matched)
    ? []
    : [error(path, `needs match.name without wildcards in ethernets.${name}`)]
}
