import { expect, test } from 'vitest'
import { parseConfig } from '../../src/app/config/config.ts'
import { siteOf } from '../../src/app/site.ts'
import type { RoleTiming } from '../../src/protocol/dhcp/server-role.ts'
import { ip } from '../support/dhcp-messages.ts'

function poolOf(subnet: string) {
  return siteOf(parseConfig(`dhcp: { subnets: [ ${subnet} ] }`, 'test.yaml')).subnets[0]?.pool
}

test('a subnet without a pool gives what is free in the whole network', () => {
  expect(poolOf('{ network: 192.168.50.0/24 }')).toEqual([
    { first: ip('192.168.50.0'), last: ip('192.168.50.255') },
  ])
})

test('a pool that is named, and one that is named empty, are what was said', () => {
  expect(poolOf('{ network: 192.168.50.0/24, pool: 192.168.50.7-192.168.50.9 }')).toEqual([
    { first: ip('192.168.50.7'), last: ip('192.168.50.9') },
  ])
  expect(poolOf('{ network: 192.168.50.0/24, pool: [] }')).toEqual([])
})

test.for<[string, string]>([
  ['subnets: [ { network: 10.0.0.0/24 } ]', 'auto proxy'],
  ['mode: full, subnets: [ { network: 10.0.0.0/24 } ]', 'full proxy'],
  ['mode: full, subnets: [ { network: 10.0.0.0/24, mode: proxy } ]', 'proxy proxy'],
  ['mode: off, subnets: [ { network: 10.0.0.0/24, mode: auto } ]', 'auto off'],
])('what is done on a named network and on others: %s', ([dhcp, modes]) => {
  const { subnets, otherwise } = siteOf(parseConfig(`dhcp: { ${dhcp} }`, 'test.yaml'))
  expect(`${subnets[0]?.mode} ${otherwise}`).toBe(modes)
})

test.for<[string, RoleTiming]>([
  ['', { listen: 5000, probe: 30_000, takeover: 60_000 }],
  [
    'dhcp: { auto: { listen: 1s, takeover: 2m } }',
    { listen: 1000, probe: 30_000, takeover: 120_000 },
  ],
])('how auto finds out is told in milliseconds: %s', ([yaml, timing]) => {
  expect(siteOf(parseConfig(yaml, 'test.yaml')).timing).toEqual(timing)
})
