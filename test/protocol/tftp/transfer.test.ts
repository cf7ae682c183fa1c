import { expect, test } from 'vitest'
import { ethernetLimits, negotiate } from '../../../src/protocol/tftp/negotiate.ts'
import { ReadTransfer, type TransferEffect } from '../../../src/protocol/tftp/transfer.ts'

/** A transfer with the given options and file size, started at time 0. */
function begin(asked: Record<string, string>, size: number) {
  const agreement = negotiate(new Map(Object.entries(asked)), ethernetLimits, size)
  const transfer = new ReadTransfer(agreement, size)
  return { transfer, first: say(transfer.start(0)) }
}

/** Effects in short: `OACK`, `3-6`, `delivered`. */
function say(effects: readonly TransferEffect[]): string {
  return effects
    .map((effect) => {
      if (effect.type === 'sendOptions') return 'OACK'
      if (effect.type === 'sendBlocks') return `${effect.first}-${effect.last}`
      return effect.outcome.type === 'aborted'
        ? `aborted: ${effect.outcome.reason}`
        : effect.outcome.type
    })
    .join(' ')
}

/** Lets time pass without a word from the client: `[when, what]` up to the end. */
function silence(transfer: ReadTransfer): (readonly [number, string])[] {
  const log: (readonly [number, string])[] = []
  while (transfer.wakeAt !== undefined) {
    const now = transfer.wakeAt
    log.push([now, say(transfer.wake(now))])
  }
  return log
}

test('lock-step without options', () => {
  const { transfer, first } = begin({}, 1300)
  expect(first).toBe('1-1')
  expect(say(transfer.acknowledge(1, 1))).toBe('2-2')
  expect(say(transfer.acknowledge(2, 2))).toBe('3-3')
  expect(say(transfer.acknowledge(3, 3))).toBe('delivered')
  expect(transfer.wakeAt).toBeUndefined()
})

test.for([
  { name: 'an empty file', size: 0, blocks: 1 },
  { name: 'less than a block', size: 511, blocks: 1 },
  { name: 'one exact block', size: 512, blocks: 2 },
  { name: 'an exact multiple', size: 2048, blocks: 5 },
  { name: 'one octet more', size: 2049, blocks: 5 },
])('$name takes $blocks blocks', ({ size, blocks }) => {
  const { transfer } = begin({}, size)
  for (let block = 1; block < blocks; block++) {
    expect(say(transfer.acknowledge(block, block))).toBe(`${block + 1}-${block + 1}`)
  }
  expect(say(transfer.acknowledge(blocks, blocks))).toBe('delivered')
})

test('options wait for ACK 0 before the first block', () => {
  const { transfer, first } = begin({ blksize: '1024' }, 3000)
  expect(first).toBe('OACK')
  expect(say(transfer.acknowledge(1, 1))).toBe('')
  expect(say(transfer.acknowledge(0, 2))).toBe('1-1')
  expect(say(transfer.acknowledge(0, 3))).toBe('')
  expect(say(transfer.acknowledge(1, 4))).toBe('2-2')
})

test('windows go out whole, the last one shorter', () => {
  const { transfer } = begin({ windowsize: '4' }, 5000)
  expect(say(transfer.acknowledge(0, 1))).toBe('1-4')
  expect(say(transfer.acknowledge(4, 2))).toBe('5-8')
  expect(say(transfer.acknowledge(8, 3))).toBe('9-10')
  expect(say(transfer.acknowledge(10, 4))).toBe('delivered')
})

test('an acknowledgement inside the window sends what follows it at once', () => {
  const { transfer } = begin({ windowsize: '4' }, 50_000)
  transfer.acknowledge(0, 1)
  expect(say(transfer.acknowledge(2, 2))).toBe('3-6')
  expect(say(transfer.acknowledge(6, 3))).toBe('7-10')
})

test('a repetition of the last acknowledgement sends nothing: no Sorcerer’s Apprentice', () => {
  const { transfer } = begin({ windowsize: '4' }, 50_000)
  transfer.acknowledge(0, 1)
  expect(say(transfer.acknowledge(4, 2))).toBe('5-8')
  expect(say(transfer.acknowledge(4, 3))).toBe('')
  expect(say(transfer.acknowledge(4, 4))).toBe('')
})

test('where nothing was lost, the acknowledgement of the overlap sends only what is new', () => {
  const { transfer } = begin({ windowsize: '8' }, 50_000)
  transfer.acknowledge(0, 1)
  expect(say(transfer.acknowledge(3, 2))).toBe('4-11') // blocks 1-8 were on their way: 4-8 twice
  expect(say(transfer.acknowledge(8, 3))).toBe('12-16') // not 9-16: 9-11 are on their way
  expect(say(transfer.acknowledge(16, 4))).toBe('17-24')
})

test('a second loss in the blocks that were sent again is still answered at once', () => {
  const { transfer } = begin({ windowsize: '8' }, 50_000)
  transfer.acknowledge(0, 1)
  expect(say(transfer.acknowledge(3, 2))).toBe('4-11')
  expect(say(transfer.acknowledge(5, 3))).toBe('6-13')
})

test('when no window gets through whole, the timer decides', () => {
  const { transfer } = begin({ windowsize: '8' }, 50_000)
  transfer.acknowledge(0, 0)
  const answers: string[] = []
  for (let block = 1; block <= 10; block++) answers.push(say(transfer.acknowledge(block, 0)))
  expect(answers.slice(6)).toEqual(['8-15', '9-16', '17-17', '18-18'])
  expect(say(transfer.wake(30))).toBe('11-18')
  expect(say(transfer.acknowledge(11, 31))).toBe('12-19')
})

test.for([
  { name: 'an old block', block: 3 },
  { name: 'a block never sent', block: 9 },
  { name: 'the number half way round', block: 32_768 },
  { name: 'the number before the first', block: 65_535 },
])('an acknowledgement of $name does nothing', ({ block }) => {
  const { transfer } = begin({ windowsize: '4' }, 50_000)
  transfer.acknowledge(0, 1)
  transfer.acknowledge(4, 2)
  expect(say(transfer.acknowledge(block, 3))).toBe('')
  expect(transfer.acknowledged).toBe(4)
})

test('65535 is followed by 0, in lock-step and in the middle of a window', () => {
  const lockStep = begin({}, 512 * 65_540).transfer
  for (let block = 1; block <= 65_535; block++) lockStep.acknowledge(block, block)
  expect(say(lockStep.acknowledge(0, 70_000))).toBe('65537-65537')
  expect(say(lockStep.acknowledge(0, 70_001))).toBe('')
  expect(say(lockStep.acknowledge(1, 70_002))).toBe('65538-65538')
  const window = begin({ windowsize: '4' }, 512 * 65_540).transfer
  for (let block = 0; block <= 65_532; block += 4) window.acknowledge(block, block)
  expect(say(window.acknowledge(0, 70_000))).toBe('65537-65540')
  expect(say(window.acknowledge(2, 70_001))).toBe('65539-65541')
  expect(say(window.acknowledge(5, 70_002))).toBe('delivered')
})

test('the schedule of a client that never answers: over thirty seconds, then given up', () => {
  expect(silence(begin({}, 5000).transfer)).toEqual([
    [1000, '1-1'],
    [3000, '1-1'],
    [7000, '1-1'],
    [15_000, '1-1'],
    [25_000, '1-1'],
    [35_000, 'aborted: no answer to the first block'],
  ])
})

test('the OACK is repeated, too', () => {
  const log = silence(begin({ tsize: '0' }, 5000).transfer)
  expect(log[0]).toEqual([1000, 'OACK'])
  expect(log.at(-1)?.[1]).toBe('aborted: no answer to the options')
})

test('once a round trip was measured, a lost block costs 30 ms', () => {
  const { transfer } = begin({}, 5000)
  transfer.acknowledge(1, 2)
  expect(transfer.wakeAt).toBe(32)
  expect(say(transfer.wake(32))).toBe('2-2')
  expect(transfer.wakeAt).toBe(92)
  const log = silence(transfer)
  expect(log.at(-1)?.[1]).toBe('aborted: silence after block 1 of 10')
  expect(log.at(-1)?.[0]).toBeGreaterThan(30_000)
})

test('a slow link is learnt: its blocks are not sent twice for ever', () => {
  const { transfer } = begin({}, 512 * 50)
  let now = 0
  let repeated = 0
  for (let block = 1; block <= 30; block++) {
    const answer = now + (block < 5 ? 2 : 400) // the link becomes slow at block 5
    while ((transfer.wakeAt ?? Infinity) < answer) {
      transfer.wake(transfer.wakeAt ?? 0)
      repeated++
    }
    now = answer
    transfer.acknowledge(block, now)
  }
  expect(repeated).toBeLessThan(12)
})

test('a timeout that the client chose is kept, whatever was measured', () => {
  const { transfer } = begin({ timeout: '2' }, 5000)
  transfer.acknowledge(0, 1)
  expect(transfer.wakeAt).toBe(2001)
  transfer.acknowledge(1, 2)
  expect(transfer.wakeAt).toBe(2002)
})

test('a timeout of 255 s is repeated before the client is given up', () => {
  const { transfer } = begin({ timeout: '255' }, 5000)
  expect(silence(transfer).map(([at]) => at / 1000)).toEqual([255, 510, 765, 1020])
})

test('the last acknowledgement is lost: the last block again, then the end', () => {
  const { transfer } = begin({}, 600)
  transfer.acknowledge(1, 1)
  const log = silence(transfer)
  expect(log[0]?.[1]).toBe('2-2')
  expect(log.at(-1)?.[1]).toBe('aborted: the last block was never acknowledged')
})

test('waking too early does nothing', () => {
  const { transfer } = begin({}, 600)
  expect(say(transfer.wake(999))).toBe('')
  expect(transfer.wakeAt).toBe(1000)
})

test.for([
  { code: 8, message: 'User aborted the transfer' },
  { code: 0, message: 'User aborted' },
  { code: 0, message: '' },
])('an OACK answered with error $code "$message" is a probe', ({ code, message }) => {
  const { transfer } = begin({ tsize: '0' }, 600)
  expect(say(transfer.refuse(code, message))).toBe('probe')
})

test.for([
  { code: 3, message: 'disk full', says: 'aborted: the client sent error 3: disk full' },
  { code: 4, message: '', says: 'aborted: the client sent error 4' },
])('an OACK answered with error $code is not', ({ code, message, says }) => {
  const { transfer } = begin({ tsize: '0' }, 600)
  expect(say(transfer.refuse(code, message))).toBe(says)
})

test('an error in the middle ends the transfer, whatever its code', () => {
  const { transfer } = begin({ tsize: '0' }, 6000)
  transfer.acknowledge(0, 1)
  expect(say(transfer.refuse(0, 'User aborted'))).toBe(
    'aborted: the client sent error 0: User aborted',
  )
})

test('after the end nothing has an effect', () => {
  const { transfer } = begin({}, 100)
  expect(say(transfer.acknowledge(1, 1))).toBe('delivered')
  expect(say(transfer.acknowledge(1, 2))).toBe('')
  expect(say(transfer.refuse(0, ''))).toBe('')
  expect(say(transfer.wake(99_999))).toBe('')
})
