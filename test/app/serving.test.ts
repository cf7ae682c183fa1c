import { expect, test } from 'vitest'
import { parseConfig } from '../../src/app/config/config.ts'
import { missingPaths } from '../../src/app/config/config-paths.ts'
import { absences, servingLines } from '../../src/app/serving.ts'
import { siteOf } from '../../src/app/site.ts'
import type { RoleState } from '../../src/protocol/dhcp/server-role.ts'
import { parseIpv4, parseMac, parseSubnet } from '../../src/core/address.ts'

const br0 = {
  name: 'br0',
  mac: parseMac('52:54:00:00:00:01')!,
  addresses: [{ address: parseIpv4('192.168.50.1')!, subnet: parseSubnet('192.168.50.0/24')! }],
  ipv6: ['fd77::1', 'fe80::1%br0'],
  loopback: false,
  mtu: 1500,
}

function serving(yaml: string, up = [br0], role?: RoleState) {
  const config = parseConfig(yaml, 'lab.yaml')
  return { config, site: siteOf(config), interfaces: () => up, mirrors: [], roleOn: () => role }
}

test('each address is told with what happens there', () => {
  const full = 'dhcp: { mode: full, subnets: [ { network: 192.168.50.0/24 } ] }'
  expect(servingLines(serving(full))).toEqual([
    'br0: gives addresses and boot data; page and boot files at http://192.168.50.1/',
    'br0: page and boot files over IPv6 at http://[fd77::1]/',
  ])
  expect(servingLines(serving('http: { port: 8080 }'))).toEqual([
    'br0: gives boot data beside another DHCP server, never an address; page and boot files at http://192.168.50.1:8080/',
    'br0: page and boot files over IPv6 at http://[fd77::1]:8080/',
  ])
})

test.for<[RoleState | undefined, string]>([
  [{ type: 'asking' }, 'boot data, until it is known whether a DHCP server is there'],
  [
    { type: 'full', because: 'silence' },
    'gives addresses and boot data: no other DHCP server is there',
  ],
  [
    { type: 'proxy', because: 'heard', rival: parseIpv4('192.168.50.9')! },
    'gives boot data beside the DHCP server 192.168.50.9, never a new address',
  ],
])(
  'in mode auto, the default of a named subnet, it is told what was found: %o',
  ([role, words]) => {
    const [line] = servingLines(
      serving('dhcp: { subnets: [ { network: 192.168.50.0/24 } ] }', [br0], role),
    )
    expect(line).toBe(`br0: ${words}; page and boot files at http://192.168.50.1/`)
  },
)

test('a subnet that no interface is in is told at the start', () => {
  const yaml = 'dhcp: { subnets: [ { network: 10.9.9.0/24 }, { network: 192.168.50.0/24 } ] }'
  expect(absences(serving(yaml))).toEqual([
    'no interface has an address in 10.9.9.0/24 (br0 has 192.168.50.1): only a relay can bring requests from there',
  ])
})

test('an interface that is not there is named as it was written', () => {
  expect(servingLines(serving('interfaces: [nope0, tap*]', []))).toEqual([
    'none of nope0, tap* is up with an address yet',
  ])
})

test('folders and files that are named and not there are told', () => {
  const yaml =
    'files: /no/such\nmirrors: { autodeploy: { origin: "https://v", trust: { ca: /nope.pem } } }'
  expect(missingPaths(parseConfig(yaml, 'lab.yaml'))).toEqual([
    'files: there is no folder /no/such',
    'mirrors.autodeploy.trust.ca: there is no file /nope.pem',
  ])
})
