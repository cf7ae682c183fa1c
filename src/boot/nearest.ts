/** "Did you mean": the known path that is most like one that is missing. */

/**
 * The same file name in another folder is the commonest slip; else the smallest number of typing
 * errors, as long as most of the path is right. Undefined when nothing is close. Upper and lower
 * case count as the same.
 */
export function nearest(path: string, list: readonly string[]): string | undefined {
  const wanted = fold(path)
  const sameName = list.filter((candidate) => nameOf(fold(candidate)) === nameOf(wanted))
  let best: string | undefined
  let fewest = Math.floor(wanted.length / 3) + 1
  for (const candidate of sameName.length > 0 ? sameName : list) {
    const errors = distance(wanted, fold(candidate), fewest)
    if (errors < fewest) [best, fewest] = [candidate, errors]
  }
  return best ?? sameName[0]
}

function fold(path: string): string {
  return path
    .toLowerCase()
    .replaceAll(/[/\\]+/g, '/')
    .replace(/^\//, '')
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Levenshtein distance, or `limit` as soon as it cannot be smaller. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const added = (current[column - 1] ?? 0) + 1
      current.push(Math.min(replaced, added, (previous[column] ?? 0) + 1))
    }
    if (Math.min(...current) >= limit) return limit
    previous = current
  }
  return Math.min(previous[b.length] ?? limit, limit)
}
