import { expect, test } from 'vitest'
import type { ServiceEvent } from '../../src/core/events.ts'
import { seldom } from '../../src/server/seldom.ts'

type Told = Omit<ServiceEvent, 'at'>
const refused: Told = { type: 'answers.refused', ip: '192.0.2.1', reason: 'not his' }

function setUp(interval?: number) {
  const told: Told[] = []
  const time = { now: 1_000_000 }
  const emit = seldom(
    (event) => void told.push(event),
    () => time.now,
    interval,
  )
  return { told, time, emit }
}

test('the same is told once in each minute, and what was left out is counted', () => {
  const { told, time, emit } = setUp()
  for (let times = 0; times < 5; times += 1) emit(refused)
  time.now += 59_999
  emit(refused)
  expect(told).toEqual([refused])
  time.now += 1
  emit(refused)
  time.now += 60_000
  emit(refused)
  expect(told.slice(1)).toEqual([{ ...refused, reason: 'not his (and 5 times before)' }, refused])
})

test('another address, reason or type is told by itself', () => {
  const { told, emit } = setUp()
  const others: readonly Told[] = [
    refused,
    { ...refused, ip: '192.0.2.2' },
    { ...refused, reason: 'not now' },
    { ...refused, type: 'install.withheld' },
  ]
  for (const each of [...others, ...others]) emit(each)
  expect(told).toEqual(others)
})

test('a clock that is set back does not silence anything for longer', () => {
  const { told, time, emit } = setUp()
  emit(refused)
  time.now -= 3_600_000
  emit(refused)
  expect(told).toHaveLength(2)
})

test('without end it is told once', () => {
  const { told, time, emit } = setUp(Infinity)
  emit(refused)
  time.now += 1e12
  emit(refused)
  expect(told).toEqual([refused])
})
