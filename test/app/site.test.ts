import { expect, test } from 'vitest'
import { parseConfig } from '../../src/app/config.ts'
import { siteOf } from '../../src/app/site.ts'
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
