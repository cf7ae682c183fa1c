/** The matrix for people: as a table on a terminal, and as a page of the documentation. */
import type { CellResult } from './matrix-run.ts'
import {
  type Cell,
  type Dimension,
  type Gap,
  allCells,
  dimensions,
  gapOf,
  gaps,
  isIn,
  possibleCells,
} from './matrix.ts'

const columns: readonly Dimension[] = ['start', 'loader', 'mode', 'card']

/** One line per start, loader and set of cards; below, what is not there and why. */
export function listText(cells: readonly Cell[]): string {
  const possible = cells.filter((cell) => gapOf(cell) === undefined)
  const lines = grouped(possible).map(({ start, loader, modes, cards }) =>
    [start, loader, modes.join(', '), cards.join(', ')].map(pad).join('').trimEnd(),
  )
  const missing = new Set(cells.flatMap((cell) => gapOf(cell) ?? []))
  return [
    ['start', 'loader', 'modes', 'cards'].map(pad).join('').trimEnd(),
    ...lines,
    '',
    `${possible.length} of ${cells.length} combinations boot. The others:`,
    ...[...missing].map((gap) => `  ${whereText(gap)}: ${gap.reason}`),
  ].join('\n')
}

const widths = [14, 11, 32, 0]

function pad(text: string, column: number): string {
  return text.padEnd(widths[column] ?? 0)
}

interface Group {
  readonly start: string
  readonly loader: string
  readonly modes: string[]
  readonly cards: readonly string[]
}

/** Modes with the same cards stand together. */
function grouped(cells: readonly Cell[]): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const { start, loader, mode } of cells) {
    const cards = cells
      .filter((cell) => cell.start === start && cell.loader === loader && cell.mode === mode)
      .map(({ card }) => card)
    const key = [start, loader, ...cards].join(' ')
    const group = groups.get(key) ?? { start, loader, modes: [], cards }
    if (!group.modes.includes(mode)) group.modes.push(mode)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** `start ia32, arm64 with card e1000, rtl8139` */
function whereText({ where }: Gap): string {
  return columns
    .flatMap((name) => (where[name] === undefined ? [] : `${name} ${where[name].join(', ')}`))
    .join(' with ')
}

/** One JSON object: the values, and `reason` where it cannot be. */
export function cellJson(cell: Cell): string {
  return JSON.stringify({ ...cell, reason: gapOf(cell)?.reason })
}

/** `ok      12.3 s  uefi · snponly · full · virtio-net-pci` */
export function resultText({ cell, ok, seconds, reason }: CellResult): string {
  const [why] = (ok ? '' : (reason ?? 'for no known reason')).split('\n')
  const line = `${ok ? 'ok    ' : 'FAILED'} ${seconds.toFixed(1).padStart(6)} s  ${nameOfCell(cell)}`
  return why === '' || why === undefined ? line : `${line}\n       ${why}`
}

export function resultsText(results: readonly CellResult[]): string {
  const failed = results.filter(({ ok }) => !ok)
  const booted = results.length - failed.length
  const head = `${booted} of ${results.length} booted, ${failed.length} failed`
  return [head, ...failed.map(resultText)].join('\n')
}

export function nameOfCell(cell: Cell): string {
  return columns.map((name) => cell[name]).join(' · ')
}

/** The tables of the documentation: each pair of dimensions in which something is missing. */
export function matrixMarkdown(): string {
  const counts = `${possibleCells.length} of ${allCells.length} combinations boot`
  const notes = gaps.map((gap, index) => `${index + 1}. ${whereText(gap)}: ${gap.reason}.`)
  return [
    `${counts}. A number is that of the reason below.`,
    grid('loader', 'start'),
    grid('card', 'start'),
    notes.join('\n'),
  ].join('\n\n')
}

function grid(across: Dimension, down: Dimension): string {
  const head = `| ${down} \\ ${across} | ${dimensions[across].join(' | ')} |`
  const rule = `|---|${'---|'.repeat(dimensions[across].length)}`
  const rows = dimensions[down].map((value) => {
    const cells = dimensions[across].map((other) =>
      verdict(allCells.filter((cell) => cell[down] === value && cell[across] === other)),
    )
    return `| ${value} | ${cells.join(' | ')} |`
  })
  return [head, rule, ...rows].join('\n')
}

/** The number of the reason that holds for all of them, or those that do together. */
function verdict(cells: readonly Cell[]): string {
  if (cells.some((cell) => gapOf(cell) === undefined)) return 'yes'
  const common = gaps.findIndex((gap) => cells.every((cell) => isIn(cell, gap)))
  if (common >= 0) return String(common + 1)
  const reasons = new Set(cells.flatMap((cell) => gapOf(cell) ?? []))
  return [...reasons].map((gap) => gaps.indexOf(gap) + 1).join(', ')
}
