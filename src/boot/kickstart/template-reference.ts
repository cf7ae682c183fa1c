/**
 * References to a host's values in answers: `${name}`, `${vars.role}`, `${x:-other}` with a default,
 * `${x?}` for what may be left out, `${x|quote}` in quotes for a shell, and `$${` for a `${` of the
 * text's own.
 */
import { nearest } from '../nearest.ts'

export type Scalar = string | number | boolean

/** By their full names: `name`, `vars.role`. */
export type Variables = ReadonlyMap<string, Scalar>

/** Every reference of a text, with what stands between its braces; of `$${` nothing. */
export const references = /\$\$\{|\$\{([^}]*)\}/g

/** `NAME`, `NAME?`, `NAME:-DEFAULT`, each with or without `|quote`. */
const reference = /^([A-Za-z_][\w.-]*)(\?|:-([^|}]*))?(\|quote)?$/

export type Resolved =
  | { readonly type: 'value'; readonly value: Scalar }
  /** It may be left out, and is not known; `says` what is wrong where it may not. */
  | { readonly type: 'absent'; readonly says: string }
  | { readonly type: 'wrong'; readonly says: string }

export function resolveReference(inner: string, variables: Variables): Resolved {
  const [, name, more, other] = reference.exec(inner) ?? []
  if (name === undefined) {
    const says = `has \${${inner}}, which is no variable; write $\${ for a shell's own \${`
    return { type: 'wrong', says }
  }
  const value = variables.get(name)
  if (value !== undefined) return { type: 'value', value }
  if (other !== undefined) return { type: 'value', value: scalarOf(other) }
  return { type: more === '?' ? 'absent' : 'wrong', says: unknownName(name, variables) }
}

export function wantsQuotes(inner: string): boolean {
  return inner.endsWith('|quote')
}

/** One word of a shell, whatever is in it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** Whether a shell, and whoever splits lines into words, leaves it as it is. */
export function isHarmless(text: string): boolean {
  return /^[\w@%+=:,./-]*$/.test(text)
}

function unknownName(name: string, variables: Variables): string {
  if (name.startsWith('vars.')) {
    return `needs ${name}: set it in vars of the host (or by --var ${name.slice(5)}=VALUE)`
  }
  const names = [...variables.keys()]
  const close = nearest(name, names)
  const hint = close === undefined ? `there are ${names.join(', ')}` : `is it ${close}?`
  return `has \${${name}}, which is no variable (${hint}); write $\${ for a shell's own \${`
}

/** A default is written as text; alone it is what it looks like. */
function scalarOf(text: string): Scalar {
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  return text === 'true' || text === 'false' ? text === 'true' : text
}
