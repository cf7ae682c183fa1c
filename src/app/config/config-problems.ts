/**
 * Turns what is wrong with a configuration into sentences: file, line, key, what was found, what
 * is allowed. Knows nothing of any single key.
 */
import { type Document, type LineCounter, isNode } from 'yaml'
import { z } from 'zod'

export type KeyPath = readonly (string | number)[]

/** Something wrong at one key; `allowed` completes "allowed: …". */
export interface Problem {
  readonly path: KeyPath
  readonly allowed: string
  /** Set where not the value but its relation to others is wrong; replaces "found …, allowed …". */
  readonly says?: string
}

/** A value that did not come from the file: a flag or a variable. */
export interface Override {
  readonly path: KeyPath
  readonly value: unknown
  /** How the person wrote it: `--subnet`, `BOOTLACE_DHCP_MODE`. */
  readonly source: string
}

/** The file that the problems are in, to find lines and values again. */
export interface ConfigText {
  readonly file: string
  readonly document: Document
  readonly lines: LineCounter
  readonly overrides: readonly Override[]
  /** The whole configuration before validation, overrides included. */
  readonly raw: unknown
}

/** Every issue of a failed validation as a problem; unknown keys one by one. */
export function problemsOf(error: z.ZodError, schema: z.ZodType): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = issue.path.filter((key) => typeof key !== 'symbol')
    if (issue.code !== 'unrecognized_keys') return [{ path, allowed: issue.message }]
    const known = keysAt(schema, path).join(', ')
    return issue.keys.map((key) => ({
      path: [...path, key],
      allowed: '',
      says: `is not a key here; allowed: ${known}`,
    }))
  })
}

/** `bootlace.yaml:12:9: dhcp.subnets[0].pool: found "5", allowed: a range such as …` */
export function explain(problem: Problem, text: ConfigText): string {
  const value = valueAt(text.raw, problem.path)
  const found = value === undefined ? 'is missing' : `found ${shorten(asText(value))}`
  const says = problem.says ?? `${found}, allowed: ${problem.allowed}`
  return `${placeOf(problem.path, text)}: ${formatPath(problem.path)}: ${says}`
}

export function formatPath(path: KeyPath): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')
  return text.replace(/^\./, '') || 'the configuration'
}

function placeOf(path: KeyPath, text: ConfigText): string {
  const override = text.overrides.find(({ path: other }) =>
    other.every((key, index) => path[index] === key),
  )
  if (override !== undefined) return override.source
  for (let length = path.length; length >= 0; length -= 1) {
    const offset = offsetOf(text.document, path.slice(0, length))
    if (offset === undefined) continue
    const { line, col } = text.lines.linePos(offset)
    return `${text.file}:${line}:${col}`
  }
  return text.file
}

/** Where a key stands; undefined for the root, whose place says nothing. */
function offsetOf(document: Document, path: KeyPath): number | undefined {
  if (path.length === 0) return undefined
  const node = document.getIn(path, true)
  return isNode(node) ? node.range?.[0] : undefined
}

function valueAt(raw: unknown, path: KeyPath): unknown {
  let value: unknown = raw
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

/** A YAML alias may stand inside of what it names. */
function asText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return 'something that contains itself'
  }
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}

/** The keys that the schema knows at a path, read from its JSON Schema form. */
function keysAt(schema: z.ZodType, path: KeyPath): string[] {
  let node: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  for (const key of path) {
    const next = typeof key === 'number' ? valueAt(node, ['items']) : undefined
    node = next ?? valueAt(node, ['properties', key]) ?? valueAt(node, ['additionalProperties'])
  }
  const properties = valueAt(node, ['properties'])
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
}
