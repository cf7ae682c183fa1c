import { expect, test } from 'vitest'
import { crashRounds } from '../../support/crash-rounds.ts'

const rounds = 15

test(`kill -9 at ${rounds} moments of filling and evicting: nothing damaged is ever served`, async () => {
  const report = await crashRounds(rounds, 7)
  expect(report.problems).toEqual([])
  expect(report.warm, 'some rounds found what an earlier one had stored').toBeGreaterThan(0)
  expect(report.bodies).toBeGreaterThan(rounds)
}, 120_000)
