/** What the checks between settings have in common: how they find repeats and say what is wrong. */
import { type KeyPath, type Problem, formatPath } from './config-problems.ts'

export function says(path: KeyPath, text: string): Problem {
  return { path, allowed: '', says: text }
}

/** Positions whose value stood before, with the position where it did. */
export function repeats(values: readonly unknown[]): { index: number; first: number }[] {
  const places = new Map<unknown, number>()
  return values.flatMap((value, index) => {
    const first = places.get(value) ?? index
    places.set(value, first)
    return value === undefined || first === index ? [] : [{ index, first }]
  })
}

export function twice(path: KeyPath, other: KeyPath): Problem {
  return says(path, `is the same as ${formatPath(other)}`)
}

export function list(names: readonly string[]): string {
  return names.join(', ')
}
