/**
 * What no installer reads, wherever in a kickstart it stands: from 2.4 on JSON goes through a YAML
 * reader, which has rules of its own.
 */
import { type Finding, type KeyPath, error } from './formats.ts'

/** A key may not be longer than this in YAML's short form. */
const longestKey = 1024

/** Half of a character outside of the first plane: nothing can write it to a file. */
const loneSurrogate = /\p{Surrogate}/u

export function checkSafeText(value: unknown, path: KeyPath = []): readonly Finding[] {
  if (typeof value === 'string') {
    return loneSurrogate.test(value) ? [error(path, 'has half of a surrogate pair')] : []
  }
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value
    return list.flatMap((one, index) => checkSafeText(one, [...path, index]))
  }
  return Object.entries(value).flatMap(([key, one]) => [
    ...(key.length > longestKey ? [error(path, 'has a key of more than 1024 characters')] : []),
    ...checkSafeText(one, [...path, key]),
  ])
}
