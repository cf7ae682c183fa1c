import { expect, test } from 'vitest'
import { ethernetLimits, negotiate } from '../../../src/protocol/tftp/negotiate.ts'

function agree(
  asked: Record<string, string>,
  limits = ethernetLimits,
  size: number | undefined = 7,
) {
  return negotiate(new Map(Object.entries(asked)), limits, size)
}

function granted(asked: Record<string, string>, limits = ethernetLimits): Record<string, string> {
  return Object.fromEntries(agree(asked, limits).granted)
}

test('nothing asked: the defaults of RFC 1350, and no OACK', () => {
  expect(agree({})).toEqual({ blockSize: 512, windowSize: 1, granted: new Map() })
})

const jumbo = { blockSize: 65_504, windowSize: 64 }

test.for([
  { asked: '8', blockSize: 8 },
  { asked: '512', blockSize: 512 },
  { asked: '1432', blockSize: 1432 },
  { asked: '1468', blockSize: 1468 },
  { asked: '8192', blockSize: 1468 },
  { asked: '65464', blockSize: 1468 },
  { asked: '65465', blockSize: 1468 },
  { asked: '8192', limits: jumbo, blockSize: 8192 },
  { asked: '65464', limits: jumbo, blockSize: 65_464 },
  { asked: '65465', limits: jumbo, blockSize: 65_464 },
])('blksize $asked is granted as $blockSize', ({ asked, limits, blockSize }) => {
  expect(agree({ blksize: asked }, limits).blockSize).toBe(blockSize)
  expect(granted({ blksize: asked }, limits)).toEqual({ blksize: String(blockSize) })
})

test.for(['7', '0', '-5', 'abc', '1e3', '1468xyz', '', ' 512', '12345678901234567890', '0x200'])(
  'blksize %j is passed over',
  (asked) => {
    expect(agree({ blksize: asked })).toEqual({ blockSize: 512, windowSize: 1, granted: new Map() })
  },
)

test.for([
  ['1', 1],
  ['4', 4],
  ['16', 16],
  ['64', 64],
  ['65', 64],
  ['65535', 64],
] as const)('windowsize %s is granted as %d', ([asked, windowSize]) => {
  expect(agree({ windowsize: asked }).windowSize).toBe(windowSize)
  expect(granted({ windowsize: asked })).toEqual({ windowsize: String(windowSize) })
})

test.for(['0', '65536', 'x', '-1', ''])('windowsize %j is passed over', (asked) => {
  expect(agree({ windowsize: asked })).toMatchObject({ windowSize: 1, granted: new Map() })
})

test('a window of large blocks is smaller, so that it fits into a receive buffer', () => {
  expect(agree({ blksize: '1468', windowsize: '64' }).windowSize).toBe(64)
  expect(agree({ blksize: '8192', windowsize: '64' }, jumbo).windowSize).toBe(12)
  expect(agree({ blksize: '65464', windowsize: '64' }, jumbo).windowSize).toBe(1)
})

test.for([
  ['1', 1000],
  ['3', 3000],
  ['255', 255_000],
] as const)('timeout %s is granted as it is', ([asked, timeout]) => {
  expect(agree({ timeout: asked }).timeout).toBe(timeout)
  expect(granted({ timeout: asked })).toEqual({ timeout: asked })
})

test.for(['0', '256', '-1', '1.5', ''])('timeout %j is passed over', (asked) => {
  expect(agree({ timeout: asked })).not.toHaveProperty('timeout')
  expect(granted({ timeout: asked })).toEqual({})
})

test('tsize is the size of the file, above 4 GiB too', () => {
  const agreement = agree({ tsize: '0' }, ethernetLimits, 4_400_000_000)
  expect(Object.fromEntries(agreement.granted)).toEqual({ tsize: '4400000000' })
})

test.for(['abc', '', '-1'])('tsize %j is passed over', (asked) => {
  expect(granted({ tsize: asked })).toEqual({})
})

test('tsize is left out where the size is not known', () => {
  const { granted: answer } = negotiate(new Map([['tsize', '0']]), ethernetLimits, undefined)
  expect(answer.size).toBe(0)
})

test('the answer keeps the order asked and has nothing that was not asked', () => {
  const { granted: answer } = agree({
    windowsize: '4',
    toString: '1',
    tsize: '0',
    multicast: '',
    blksize: '1024',
  })
  expect([...answer]).toEqual([
    ['windowsize', '4'],
    ['tsize', '7'],
    ['blksize', '1024'],
  ])
})
