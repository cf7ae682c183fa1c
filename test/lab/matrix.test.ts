import { expect, test } from 'vitest'
import { boardOf } from '../../src/lab/boards.ts'
import type { LabResult } from '../../src/lab/boot-run.ts'
import type { LabOptions } from '../../src/lab/lab.ts'
import {
  type Cell,
  allCells,
  dimensions,
  gapOf,
  gaps,
  labOf,
  possibleCells,
} from '../../src/lab/matrix.ts'
import { walkMatrix } from '../../src/lab/matrix-run.ts'
import { listText, matrixMarkdown, resultsText } from '../../src/lab/matrix-text.ts'
import { SystemError } from '../../src/core/errors.ts'

test('every combination is in the matrix, once', () => {
  const sizes = Object.values(dimensions).map((values) => values.length)
  expect(allCells).toHaveLength(sizes.reduce((product, size) => product * size))
  expect(new Set(allCells.map((cell) => Object.values(cell).join())).size).toBe(allCells.length)
})

test('every value boots somewhere', () => {
  for (const [name, values] of Object.entries(dimensions)) {
    const seen = new Set(possibleCells.map((cell) => Reflect.get(cell, name)))
    expect(seen).toEqual(new Set(values))
  }
})

test.for(gaps)('the reason "$reason" is some cell’s', (gap) => {
  expect(allCells.some((cell) => gapOf(cell) === gap)).toBe(true)
})

test('there is a board for every cell', () => {
  for (const cell of allCells) expect(() => boardOf(labOf(cell))).not.toThrow()
})

test('the list names what boots, and why the rest does not', () => {
  const text = listText(allCells.filter(({ start }) => start === 'ia32'))
  expect(text).toMatch(/^ia32 +grub +full, proxy, auto, auto rival +virtio-net-pci$/m)
  expect(text).toContain('the firmware has no driver for the card')
})

test('each number in the documentation’s tables has its reason', () => {
  const page = matrixMarkdown()
  for (const index of gaps.keys()) expect(page).toMatch(new RegExp(`^${index + 1}\\. `, 'm'))
  expect(page).toMatch(/^\| uefi \| yes \|/m)
})

const some = possibleCells.slice(0, 5)

function walk(boot: (options: LabOptions) => Promise<LabResult>, jobs = 1, signal?: AbortSignal) {
  return walkMatrix(some, { jobs, timeout: 1000, signal, boot, onResult: () => undefined })
}

function result(change: Partial<LabResult> = {}): LabResult {
  return { ok: true, seconds: 9, steps: [], serial: '', processorSeconds: 8, ...change }
}

test('a walk goes on after a failure, of a machine or of its lab, and tells both', async () => {
  const outcomes = [
    () => Promise.resolve(result({ ok: false, reason: 'no kernel\nlast step' })),
    () => Promise.reject(new SystemError('no namespace')),
  ]
  const results = await walk(() => outcomes.shift()?.() ?? Promise.resolve(result()))
  expect(results.map(({ ok }) => ok)).toEqual([false, false, true, true, true])
  const text = resultsText(results)
  expect(text).toContain('3 of 5 booted, 2 failed')
  expect(text).toContain('no kernel')
  expect(text).not.toContain('last step')
  expect(text).toContain('no namespace')
})

test('as many machines run at a time as were asked for, and results keep their order', async () => {
  let running = 0
  let most = 0
  const waiting: (() => void)[] = []
  const walked = walk(async () => {
    most = Math.max(most, (running += 1))
    await new Promise<void>((go) => void waiting.unshift(go))
    running -= 1
    return result()
  }, 2)
  for (let turn = 0; turn < 40; turn += 1) {
    await Promise.resolve()
    waiting.shift()?.()
  }
  const cells: Cell[] = (await walked).map(({ cell }) => cell)
  expect(most).toBe(2)
  expect(cells).toEqual(some)
})

test('an interrupted walk ends at once', async () => {
  const controller = new AbortController()
  let boots = 0
  const walked = walk(
    () => {
      boots += 1
      controller.abort(new SystemError('interrupted'))
      return Promise.reject(new SystemError('interrupted'))
    },
    1,
    controller.signal,
  )
  await expect(walked).rejects.toThrow('interrupted')
  expect(boots).toBe(1)
})
