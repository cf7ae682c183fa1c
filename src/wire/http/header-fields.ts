/**
 * Header fields by name: lines of one name are one list, names are in lower case.
 * Source: RFC 9110 §5.3 (combining lines), §5.6.1 (lists).
 */

/** Header fields by lower-case name. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>

export function hasField(headers: HeaderFields, name: string): boolean {
  return headers[name] !== undefined
}

/** All lines of a field as one. */
export function fieldText(headers: HeaderFields, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}

/** A list field as lower-case tokens, parameters cut off. */
export function fieldTokens(headers: HeaderFields, name: string): ReadonlySet<string> {
  const parts = (fieldText(headers, name) ?? '').split(',')
  const names = parts.map((part) => (part.split('=', 1)[0] ?? '').trim().toLowerCase())
  return new Set(names.filter((part) => part !== ''))
}
