import { expect, test } from 'vitest'
import { steady } from '../../src/core/clock.ts'

test('a clock that is set back stands still for a moment and goes on', () => {
  const times = [1000, 1010, 400, 405, 405, 2000, 1, 3]
  const clock = steady(() => times.shift() ?? 0)
  expect([clock(), clock(), clock(), clock(), clock(), clock(), clock()]).toEqual([
    1010, 1010, 1015, 1015, 2610, 2610, 2612,
  ])
})
