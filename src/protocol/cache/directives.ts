/**
 * `Cache-Control`, of requests and of answers. What cannot be read is taken as the sender's wish to
 * be careful: a lifetime that is no number is none, and of two the shorter counts.
 *
 * Source: RFC 9111 §5.2, §4.2.1 (conflicting and invalid freshness), §1.2.2 (delta-seconds).
 */
import { type HeaderFields, fieldText } from '../../wire/http/header-fields.ts'

/** Lower-case names; arguments without their quotes, '' where there is none. */
export type Directives = ReadonlyMap<string, string>

/** A token, and an argument as token or quoted string; no space around `=` (RFC 9111 §5.2). */
const directive = /([^\s,;="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,]*)))?[^,]*(?:,|$)/gs

export function cacheControl(headers: HeaderFields): Directives {
  const found = new Map<string, string>()
  for (const [, name = '', quoted, token] of (fieldText(headers, 'cache-control') ?? '').matchAll(
    directive,
  )) {
    const known = found.get(name.toLowerCase())
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? ''
    found.set(name.toLowerCase(), known === undefined ? value : shorter(known, value))
  }
  return found
}

/** RFC 9111 §1.2.2: more than this is this. */
const longest = 2 ** 31

/** The argument in seconds; 0 for one that is no number, undefined where the directive is absent. */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const value = directives.get(name)
  if (value === undefined) return undefined
  return /^\d+$/.test(value) ? Math.min(Number(value), longest) : 0
}

/** The field names that a directive is limited to, such as `no-cache="a, b"`; none: all of it. */
export function fieldNamesOf(directives: Directives, name: string): readonly string[] {
  const names = (directives.get(name) ?? '').split(',')
  return names.map((text) => text.trim().toLowerCase()).filter((text) => text !== '')
}

function shorter(one: string, other: string): string {
  return Number(other) < Number(one) || !/^\d+$/.test(other) ? other : one
}
