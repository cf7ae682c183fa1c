import { beforeEach, describe, expect, test } from 'vitest'
import { type Mac, parseMac } from '../../../src/core/address.ts'
import { askKernel } from '../../../src/io/net/native.ts'
import { neighbourQuestion } from '../../../src/io/net/neighbour-messages.ts'
import {
  kernelTables,
  Neighbours,
  neighboursOn,
  parseNeighbours,
} from '../../../src/io/net/neighbours.ts'

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
  const neighbours = new Neighbours(() => 0)
  for (const ip of ['203.0.113.254', '2001:db8::1', 'fe80::1%lo', 'fe80::1%no-such-device']) {
    expect(neighbours.now(ip)).toBeUndefined()
  }
})

test('the kernel is asked for its IPv6 neighbours, and answers', () => {
  const last = askKernel(neighbourQuestion()).at(-1)
  expect(last?.subarray(-20, -14)).toEqual(Uint8Array.of(20, 0, 0, 0, 3, 0)) // NLMSG_DONE
  expect(kernelTables.ipv6()).toBeInstanceOf(Map)
})

describe('the memory', () => {
  const [one, other] = [parseMac('52:54:00:00:00:01')!, parseMac('52:54:00:00:00:02')!]
  let now: number
  let reads: string[]
  let kernel: Map<string, Mac>
  let neighbours: Neighbours
  beforeEach(() => {
    ;[now, reads, kernel] = [1_000_000, [], new Map([['192.168.50.100', one]])]
    const read = (family: string) => () => {
      reads.push(family)
      return new Map(kernel)
    }
    neighbours = new Neighbours(() => now, { ipv4: read('ipv4'), ipv6: read('ipv6') })
  })

  test('answers many questions by one look', () => {
    for (let file = 0; file < 100; file++) expect(neighbours.recent('192.168.50.100')).toBe(one)
    expect(reads).toEqual(['ipv4'])
  })

  test('looks again after a second', () => {
    neighbours.recent('192.168.50.100')
    kernel.set('192.168.50.100', other)
    now += 999
    expect(neighbours.recent('192.168.50.100')).toBe(one)
    now += 1
    expect(neighbours.recent('192.168.50.100')).toBe(other)
  })

  test('finds who has come since, but does not look for every stranger', () => {
    neighbours.recent('192.168.50.100')
    kernel.set('192.168.50.101', other)
    expect(neighbours.recent('192.168.50.101')).toBeUndefined()
    now += 20
    expect(neighbours.recent('192.168.50.101')).toBe(other)
    expect(reads).toHaveLength(2)
  })

  test('never answers for a menu', () => {
    neighbours.recent('192.168.50.100')
    kernel.set('192.168.50.100', other)
    expect(neighbours.now('192.168.50.100')).toBe(other)
    expect(neighbours.recent('192.168.50.100')).toBe(other)
  })

  test('looks again where the clock was set back', () => {
    neighbours.recent('192.168.50.100')
    kernel.set('192.168.50.100', other)
    now -= 3_600_000
    expect(neighbours.recent('192.168.50.100')).toBe(other)
  })

  test('knows each family by itself', () => {
    neighbours.recent('192.168.50.100')
    neighbours.recent('fd77::100')
    expect(reads).toEqual(['ipv4', 'ipv6'])
  })
})

test('one interface has its own neighbours', () => {
  const both = `${table}192.168.50.100   0x1         0x2         52:54:00:00:00:01     *        eth1\n`
  expect([...parseNeighbours(both, 'eth1')]).toEqual([['192.168.50.100', '52:54:00:00:00:01']])
  expect(neighboursOn('no-such-device')?.size).toBe(0)
})
