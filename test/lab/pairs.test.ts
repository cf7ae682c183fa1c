import { array, assert, constantFrom, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { possibleCells } from '../../src/lab/matrix.ts'
import { choosePairs, pairsOf } from '../../src/lab/pairs.ts'

const value = constantFrom('x', 'y', 'z')
const rowsOfAnySize = array(record({ a: value, b: value, c: value, d: value }))

test('every pair of values that a row shows is shown by a chosen row', () => {
  assert(
    property(rowsOfAnySize, (rows) => {
      const shown = new Set(choosePairs(rows).flatMap(pairsOf))
      expect(shown).toEqual(new Set(rows.flatMap(pairsOf)))
    }),
  )
})

test('only rows that are there are chosen, each once', () => {
  assert(
    property(rowsOfAnySize, (rows) => {
      const chosen = choosePairs(rows)
      expect(new Set(chosen).size).toBe(chosen.length)
      expect(chosen.every((row) => rows.includes(row))).toBe(true)
    }),
  )
})

test('of a whole product few rows are enough', () => {
  const values = ['1', '2', '3']
  const product = values.flatMap((a) => values.flatMap((b) => values.map((c) => ({ a, b, c }))))
  expect(product).toHaveLength(27)
  expect(choosePairs(product).length).toBeLessThanOrEqual(11) // 9 at the very least
})

test('the same rows give the same choice', () => {
  expect(choosePairs(possibleCells)).toEqual(choosePairs([...possibleCells]))
})
