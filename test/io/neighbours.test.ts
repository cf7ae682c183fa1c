import { expect, test } from 'vitest'
import { neighbourMac, neighboursOn, parseNeighbours } from '../../src/io/neighbours.ts'

const table = `IP address       HW type     Flags       HW address            Mask     Device
192.168.50.100   0x1         0x2         52:54:00:12:34:56     *        br0
192.168.50.101   0x1         0x0         00:00:00:00:00:00     *        br0
192.168.50.102   0x1         0x6         52:54:00:AA:BB:CC     *        br0
`

test('complete entries are known, unanswered ones are not', () => {
  expect([...parseNeighbours(table)]).toEqual([
    ['192.168.50.100', '52:54:00:12:34:56'],
    ['192.168.50.102', '52:54:00:aa:bb:cc'],
  ])
})

test('an address that nobody has is unknown', () => {
  expect(neighbourMac('203.0.113.254')).toBeUndefined()
})

test('one interface has its own neighbours', () => {
  const both = `${table}192.168.50.100   0x1         0x2         52:54:00:00:00:01     *        eth1\n`
  expect([...parseNeighbours(both, 'eth1')]).toEqual([['192.168.50.100', '52:54:00:00:00:01']])
  expect(neighboursOn('no-such-device')?.size).toBe(0)
})
