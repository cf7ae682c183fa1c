/**
 * Fills a host's values into a kickstart's source: `${name}`, `${address}`, `${vars.role}`. It works
 * on the values, not on the text of the file, so nothing needs escaping for JSON or YAML; in
 * scripts a value must be harmless to a shell or quoted (`${vars.motd|quote}`).
 *
 * `${x:-other}` has a default, `${x?}` alone leaves its key out where there is no x, and `$${` stands
 * for a `${` of the shell's own.
 */
import { type Finding, type KeyPath, error, isObject } from './formats.ts'
import {
  type Scalar,
  type Variables,
  isHarmless,
  references,
  resolveReference,
  shellQuoted,
  wantsQuotes,
} from './template-reference.ts'

export interface Filled {
  readonly value: unknown
  readonly findings: readonly Finding[]
}

/** Whether a shell reads the text at this path. */
export type IsScript = (path: KeyPath, text: string) => boolean

/** Keys of Photon's kickstart whose lines a shell reads. */
const scriptKeys: readonly (string | number | undefined)[] = [
  'preinstall',
  'prepkgsinstall',
  'postinstall',
]
const isPhotonScript: IsScript = ([key]) => scriptKeys.includes(key)

/** Unknown names are errors; where they stand the text is left as it is. */
export function fillIn(
  value: unknown,
  variables: Variables,
  isScript: IsScript = isPhotonScript,
): Filled {
  const findings: Finding[] = []
  const filled = fill(value, { path: [], variables, findings, isScript })
  return { value: filled === absent ? undefined : filled, findings }
}

interface Context {
  readonly path: KeyPath
  readonly variables: Variables
  readonly findings: Finding[]
  readonly isScript: IsScript
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

function fillText(text: string, context: Context): unknown {
  const whole = /^\$\{([^}]*)\}$/.exec(text)?.[1]
  if (whole !== undefined && !context.isScript(context.path, text)) {
    return fillWhole(text, whole, context)
  }
  return text.replaceAll(references, (found, inner?: string) => {
    if (inner === undefined) return '${'
    const value = lookUp(inner, context, text)
    return value === undefined || value === absent ? found : asText(value, inner, context, text)
  })
}

/** A value that is one variable and nothing else keeps its kind: a number stays one. */
function fillWhole(text: string, inner: string, context: Context): unknown {
  const value = lookUp(inner, context, text)
  return value === undefined ? text : value
}

function lookUp(
  inner: string,
  { path, variables, findings, isScript }: Context,
  text: string,
): Scalar | typeof absent | undefined {
  const found = resolveReference(inner, variables)
  if (found.type === 'value') return found.value
  if (found.type === 'absent' && !isScript(path, text)) return absent
  findings.push(error(path, found.says))
  return undefined
}

function asText(value: Scalar, inner: string, context: Context, whole: string): string {
  const text = String(value)
  if (wantsQuotes(inner)) return shellQuoted(text)
  if (!context.isScript(context.path, whole) || isHarmless(text)) return text
  context.findings.push(
    error(
      context.path,
      `gives a shell \${${inner}} with characters that it reads itself; write \${${inner}|quote} there, outside of quotes`,
    ),
  )
  return text
}
