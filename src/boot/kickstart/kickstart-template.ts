/**
 * Fills a host's values into a kickstart's source: `${name}`, `${address}`, `${vars.role}`. It works
 * on the values, not on the text of the file, so nothing needs escaping for JSON or YAML; in
 * scripts a value must be harmless to a shell or quoted (`${vars.motd|quote}`).
 *
 * `${x:-other}` has a default, `${x?}` alone leaves its key out where there is no x, and `$${` stands
 * for a `${` of the shell's own.
 */
import { nearest } from '../nearest.ts'
import { type Finding, type KeyPath, error, isObject } from './formats.ts'

export type Scalar = string | number | boolean

/** By their full names: `name`, `vars.role`. */
export type Variables = ReadonlyMap<string, Scalar>

export interface Filled {
  readonly value: unknown
  readonly findings: readonly Finding[]
}

/** Keys whose lines a shell reads. */
const scriptKeys = ['preinstall', 'prepkgsinstall', 'postinstall']

/** What a shell leaves alone. */
const harmless = /^[\w@%+=:,./-]*$/

/** Unknown names are errors; where they stand the text is left as it is. */
export function fillIn(value: unknown, variables: Variables): Filled {
  const findings: Finding[] = []
  const filled = fill(value, { path: [], variables, findings })
  return { value: filled === absent ? undefined : filled, findings }
}

interface Context {
  readonly path: KeyPath
  readonly variables: Variables
  readonly findings: Finding[]
}

const absent = Symbol('left out')

function fill(value: unknown, context: Context): unknown {
  if (typeof value === 'string') return fillText(value, context)
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value
    return list.map((one, index) => fill(one, at(context, index))).filter((one) => one !== absent)
  }
  if (!isObject(value)) return value
  const pairs = Object.entries(value).map(([key, one]) => {
    const inner = at(context, key)
    return [String(fillText(key, inner)), fill(one, inner)] as const
  })
  return Object.fromEntries(pairs.filter(([, one]) => one !== absent))
}

function at(context: Context, key: string | number): Context {
  return { ...context, path: [...context.path, key] }
}

/** `NAME`, `NAME?`, `NAME:-DEFAULT`, each with or without `|quote`. */
const reference = /^([A-Za-z_][\w.-]*)(\?|:-([^|}]*))?(\|quote)?$/
const references = /\$\$\{|\$\{([^}]*)\}/g

function fillText(text: string, context: Context): unknown {
  const whole = /^\$\{([^}]*)\}$/.exec(text)?.[1]
  if (whole !== undefined && !isScript(context.path)) return fillWhole(text, whole, context)
  return text.replaceAll(references, (found, inner?: string) => {
    if (inner === undefined) return '${'
    const value = lookUp(inner, context)
    return value === undefined || value === absent ? found : asText(value, inner, context)
  })
}

/** A value that is one variable and nothing else keeps its kind: a number stays one. */
function fillWhole(text: string, inner: string, context: Context): unknown {
  const value = lookUp(inner, context)
  return value === undefined ? text : value
}

function lookUp(inner: string, context: Context): Scalar | typeof absent | undefined {
  const [, name, more, other] = reference.exec(inner) ?? []
  if (name === undefined) {
    context.findings.push(
      error(
        context.path,
        `has \${${inner}}, which is no variable; write $\${ for a shell's own \${`,
      ),
    )
    return undefined
  }
  const value = context.variables.get(name)
  if (value !== undefined) return value
  if (other !== undefined) return scalarOf(other)
  if (more === '?' && !isScript(context.path)) return absent
  context.findings.push(error(context.path, unknownName(name, context.variables)))
  return undefined
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

function asText(value: Scalar, inner: string, context: Context): string {
  const text = String(value)
  if (inner.endsWith('|quote')) return `'${text.replaceAll("'", "'\\''")}'`
  if (!isScript(context.path) || harmless.test(text)) return text
  context.findings.push(
    error(
      context.path,
      `gives a shell \${${inner}} with characters that it reads itself; write \${${inner}|quote} there, outside of quotes`,
    ),
  )
  return text
}

function isScript(path: KeyPath): boolean {
  return scriptKeys.some((key) => key === path[0])
}
