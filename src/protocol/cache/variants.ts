/**
 * Several answers for one URL, told apart by request fields that the origin names in `Vary`. Each
 * is an object of its own; its key holds the values that selected it.
 *
 * Source: RFC 9111 §4.1. Values are compared after changes that cannot alter their meaning: lines
 * joined, spaces around commas gone, languages and codings in lower case.
 */
import {
  type HeaderFields,
  fieldText,
  fieldTokens,
  hasField,
} from '../../wire/http/header-fields.ts'

/** Request fields by lower-case name and their compared values; '' stands for an absent field. */
export type Selecting = Readonly<Record<string, string>>

const caseless = new Set(['accept-language', 'accept-encoding', 'accept-charset'])

/** An answer for one person only, or for nobody else at all; and keys are not for secrets. */
const unshared = ['*', 'cookie', 'authorization']

/** What of a request selects this answer; undefined when no other request can be known to. */
export function selectingOf(answer: HeaderFields, request: HeaderFields): Selecting | undefined {
  const names = namesOf(answer)
  if (unshared.some((name) => names.includes(name))) return undefined
  return Object.fromEntries(names.map((name) => [name, normalised(request, name)]))
}

/** What is encoded was chosen by what the client takes, whether its origin says so or not. */
function namesOf(answer: HeaderFields): readonly string[] {
  const isEncoded = hasField(answer, 'content-encoding')
  const names = new Set([...fieldTokens(answer, 'vary'), ...(isEncoded ? ['accept-encoding'] : [])])
  return [...names].sort()
}

export function selects(selecting: Selecting, request: HeaderFields): boolean {
  return Object.entries(selecting).every(([name, value]) => normalised(request, name) === value)
}

/** Never part of a primary key: a target has no line ends. */
const variantMark = '\n'

/** The key of one variant; that of the URL itself where nothing varies. */
export function variantKey(primary: string, selecting: Selecting): string {
  const values = Object.entries(selecting)
  return values.length === 0 ? primary : `${primary}${variantMark}${JSON.stringify(values)}`
}

export function primaryKey(key: string): string {
  return key.split(variantMark, 1)[0] ?? key
}

function normalised(request: HeaderFields, name: string): string {
  const value = (fieldText(request, name) ?? '').trim().replaceAll(/\s*,\s*/g, ',')
  return caseless.has(name) ? value.toLowerCase() : value
}
