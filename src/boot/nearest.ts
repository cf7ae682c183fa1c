/**
 * "Did you mean": the known path that is most like one that is missing. Anybody may ask for what is
 * missing, as often as they like, so the work for each is small.
 */

/** A slip of the fingers has no more typing errors than this; another name has. */
const mostErrors = 6

/**
 * The same file name in another folder is the commonest slip; else the smallest number of typing
 * errors, as long as most of the path is right. Undefined when nothing is close. Upper and lower
 * case count as the same.
 */
export function nearest(path: string, list: readonly string[]): string | undefined {
  const wanted = fold(path)
  const known = folded(list)
  const sameName = known.filter(({ name }) => name === nameOf(wanted))
  let best: string | undefined
  let fewest = Math.min(Math.floor(wanted.length / 3), mostErrors) + 1
  for (const { text, path: candidate } of sameName.length > 0 ? sameName : known) {
    const errors = distance(wanted, text, fewest)
    if (errors < fewest) [best, fewest] = [candidate, errors]
  }
  return best ?? sameName[0]?.path
}

interface Known {
  readonly path: string
  readonly text: string
  readonly name: string
}

/** A list is asked many times before it is read anew. */
const foldedLists = new WeakMap<readonly string[], readonly Known[]>()

function folded(list: readonly string[]): readonly Known[] {
  const known = foldedLists.get(list)
  if (known !== undefined) return known
  const made = list.map((path) => {
    const text = fold(path)
    return { path, text, name: nameOf(text) }
  })
  foldedLists.set(list, made)
  return made
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

/**
 * Levenshtein distance, or `limit` as soon as it cannot be smaller. Only the cells near the diagonal
 * can stay below the limit; the others are never computed.
 */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const [from, to] = [Math.max(1, row - limit), Math.min(b.length, row + limit)]
    const current: number[] = []
    current[from - 1] = from === 1 ? row : limit
    let least = limit
    for (let column = from; column <= to; column++) {
      const replaced = (previous[column - 1] ?? limit) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const added = (current[column - 1] ?? limit) + 1
      const errors = Math.min(replaced, added, (previous[column] ?? limit) + 1)
      current[column] = errors
      if (errors < least) least = errors
    }
    if (least >= limit) return limit
    previous = current
  }
  return Math.min(previous[b.length] ?? limit, limit)
}
