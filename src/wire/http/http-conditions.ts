/**
 * Conditional requests: does the client already have the file, or does it insist on a version that
 * is gone? RFC 9110 §13. Validators here are strong ETags and file times in whole seconds.
 */
import { type HeaderFields, fieldText } from './header-fields.ts'
import { parseHttpDate } from './http-date.ts'

export interface Validators {
  /** Without quotes; undefined when the file has none. */
  readonly etag?: string | undefined
  /** A weak tag: it never proves that octets are the same. */
  readonly isWeak?: boolean | undefined
  readonly modified?: Date | undefined
}

/** What an answer says of itself in its header; `otherwise` fills in what it leaves out. */
export function validatorsIn(
  headers: HeaderFields,
  otherwise: Pick<Validators, 'etag' | 'modified'>,
  now: number,
): Validators {
  const [, weak, etag = otherwise.etag] =
    /^(W\/)?"([^"]*)"$/.exec(fieldText(headers, 'etag') ?? '') ?? []
  const said = fieldText(headers, 'last-modified')
  const time = parseHttpDate(said, now)
  const own = time === undefined ? undefined : new Date(time)
  return {
    etag,
    isWeak: weak !== undefined,
    modified: said === undefined ? otherwise.modified : own,
  }
}

/** The order of §13.2.2. `failed`: 412; `unchanged`: 304. Only for GET and HEAD. */
export function checkConditions(
  headers: HeaderFields,
  validators: Validators,
): 'proceed' | 'failed' | 'unchanged' {
  const ifMatch = fieldText(headers, 'if-match')
  const ifNoneMatch = fieldText(headers, 'if-none-match')
  const since = dateOf(fieldText(headers, 'if-modified-since'))
  const until = dateOf(fieldText(headers, 'if-unmodified-since'))
  const modified = secondsOf(validators.modified)
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, validators, 'strong')) return 'failed'
  } else if (until !== undefined && modified !== undefined && modified > until) return 'failed'
  if (ifNoneMatch !== undefined) {
    return lists(ifNoneMatch, validators, 'weak') ? 'unchanged' : 'proceed'
  }
  return since !== undefined && modified !== undefined && modified <= since
    ? 'unchanged'
    : 'proceed'
}

/**
 * May the Range header be followed (§13.1.5)? A date only counts when it is exactly ours and at
 * least a second old by `now`, so that two versions within one second cannot be mixed (§8.8.2.2).
 */
export function rangeIsCurrent(
  headers: HeaderFields,
  validators: Validators,
  now: number,
): boolean {
  const value = fieldText(headers, 'if-range')
  if (value === undefined) return true
  if (/^(W\/)?"/.test(value)) return lists(value, validators, 'strong')
  const modified = secondsOf(validators.modified)
  return modified !== undefined && dateOf(value) === modified && now / 1000 - modified >= 1
}

/** A list of entity tags holds ours, or is `*`. Strong comparison refuses `W/` (§8.8.3.2). */
function lists(list: string, validators: Validators, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true
  const tags: readonly string[] = list.match(/(W\/)?"[^"]*"/g) ?? []
  const ours = `"${validators.etag}"`
  if (comparison === 'weak') return tags.some((tag) => tag.replace(/^W\//, '') === ours)
  return validators.isWeak !== true && tags.includes(ours)
}

/** Seconds since the epoch; undefined when it is no date: such a header is ignored. */
function dateOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000)
}

function secondsOf(date: Date | undefined): number | undefined {
  return date === undefined ? undefined : Math.floor(date.getTime() / 1000)
}
