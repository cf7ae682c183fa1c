/**
 * Revalidation: the conditions to ask with, and what a 304, or the answer to a HEAD, changes in
 * what is stored.
 *
 * Source: RFC 9111 §3.2 (updating fields), §4.3.1 (asking), §4.3.4 (freshening by 304), §4.3.5
 * (by HEAD).
 */
import { type HeaderFields, fieldText } from '../../wire/http/header-fields.ts'
import { keptFields } from './storing.ts'

/** Undefined when the stored answer has nothing to ask by. */
export function conditionsFor(stored: HeaderFields): Record<string, string> | undefined {
  const etag = fieldText(stored, 'etag')
  const modified = fieldText(stored, 'last-modified')
  if (etag === undefined && modified === undefined) return undefined
  return {
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(modified === undefined ? {} : { 'if-modified-since': modified }),
  }
}

/** Whether a 304 is about what we have: it may name another version (§4.3.4). */
export function isAbout(answer: HeaderFields, stored: HeaderFields): boolean {
  const etag = fieldText(answer, 'etag')
  if (etag !== undefined) return opaque(etag) === opaque(fieldText(stored, 'etag') ?? '')
  const modified = fieldText(answer, 'last-modified')
  return modified === undefined || modified === fieldText(stored, 'last-modified')
}

/** Says something of the body that the stored one may contradict: never taken over. */
const bound = new Set(['content-encoding', 'content-length', 'content-range', 'vary'])

/** The stored fields with those of the new answer in their place. An old `Age` is of the past. */
export function freshened(
  stored: Readonly<Record<string, string>>,
  answer: HeaderFields,
): Record<string, string> {
  const { age: _, ...rest } = stored
  const news = Object.entries(keptFields(answer)).filter(([name]) => !bound.has(name))
  return { ...rest, ...Object.fromEntries(news) }
}

/** Whether a 200 to HEAD describes the body that is stored (§4.3.5). */
export function describes(
  answer: HeaderFields,
  stored: { readonly headers: HeaderFields; readonly size: number },
): boolean {
  const length = fieldText(answer, 'content-length')
  return isAbout(answer, stored.headers) && (length === undefined || Number(length) === stored.size)
}

function opaque(etag: string): string {
  return etag.replace(/^W\//, '')
}
