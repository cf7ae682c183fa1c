/** Figures as text: one Markdown table per part, columns aligned so that a terminal shows it, too. */

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The first column is words, the others are figures. */
export function renderTable({ head, rows }: Table): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => align(cells[column] ?? '', width, column)).join(' | ')} |`
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

function align(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width)
}

/** Three digits that mean something: `0.71`, `12.3`, `4120`. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 100) return value.toFixed(0)
  return value.toFixed(value >= 10 ? 1 : 2)
}

/** What stands in a column: a text of its row, or ours divided by its row. */
export type Column<T> =
  | { readonly show: (row: T) => string }
  | { readonly compare: (row: T) => number }

/** Rows about one thing: ours first, under its name, then the others, each beside ours. */
export function comparison<T>(
  name: string,
  figures: readonly T[],
  columns: readonly Column<T>[],
): string[][] {
  const [ours] = figures
  return figures.map((row) => [
    row === ours ? name : '',
    ...columns.map((column) => {
      if ('show' in column) return column.show(row)
      return row === ours || ours === undefined
        ? ''
        : ratio(column.compare(ours), column.compare(row))
    }),
  ])
}

/** `0.71x` of what the peer needs or does. */
function ratio(ours: number, theirs: number): string {
  return `${(ours / theirs).toFixed(2)}x`
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

/** The item with the greatest value; of an empty list, an error. */
export function best<T>(items: readonly T[], value: (item: T) => number): T {
  return items.reduce((a, b) => (value(b) > value(a) ? b : a))
}
