/**
 * Pairwise choice: of many rows the few that together show every pair of values that any row shows.
 * Most faults need one value, or two that meet; a product of all values only repeats those pairs.
 *
 * Greedy and without chance: the row with the most pairs not seen yet, the first of those that tie.
 */

export function choosePairs<Row extends Readonly<Record<string, string>>>(
  rows: readonly Row[],
): readonly Row[] {
  const open = new Set(rows.flatMap(pairsOf))
  const chosen: Row[] = []
  while (open.size > 0) {
    const best = richest(rows, open)
    chosen.push(best)
    for (const pair of pairsOf(best)) open.delete(pair)
  }
  return chosen
}

/** Two values of a row, with the names of their columns. */
export function pairsOf(row: Readonly<Record<string, string>>): readonly string[] {
  const values = Object.entries(row).map(([name, value]) => `${name}=${value}`)
  return values.flatMap((one, index) => values.slice(index + 1).map((other) => `${one} ${other}`))
}

function richest<Row extends Readonly<Record<string, string>>>(
  rows: readonly Row[],
  open: ReadonlySet<string>,
): Row {
  const worth = (row: Row): number => pairsOf(row).filter((pair) => open.has(pair)).length
  return rows.reduce((best, row) => (worth(row) > worth(best) ? row : best))
}
