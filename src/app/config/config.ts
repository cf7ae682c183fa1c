/**
 * Reads a configuration: file, environment and flags become one frozen `Config`, or an `InputError`
 * with every problem at once. Reads the file and the names in `images/`; opens nothing else.
 */
import { readFileSync } from 'node:fs'
import { type Document, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { InputError, messageOf, unreadable } from '../../core/errors.ts'
import { checkTogether } from './config-checks.ts'
import {
  type ConfigText,
  type KeyPath,
  type Override,
  type Problem,
  explain,
  problemsOf,
} from './config-problems.ts'
import { droppedImages } from '../command/image-names.ts'
import { type Config, configSchema, sections } from './config-schema.ts'

/** Where values come from: flags win over variables, variables over the file. */
export interface ConfigSources {
  /** Path of the YAML file; without one that which `BOOTLACE_CONFIG` names, else the defaults hold. */
  readonly file?: string | undefined
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly flags?: readonly Override[]
}

/** Undefined where nobody names one. */
export function configFile({ file, environment = {} }: ConfigSources): string | undefined {
  return file ?? (environment['BOOTLACE_CONFIG'] || undefined)
}

/** Throws InputError. */
export function loadConfig(sources: ConfigSources): Config {
  const environment = sources.environment ?? {}
  const file = configFile(sources)
  const text = file === undefined ? '' : readText(file)
  const { overrides, problems } = environmentOverrides(environment)
  if (problems.length > 0) throw new InputError(problems)
  const said = [...overrides, ...(sources.flags ?? [])]
  const alone = file === undefined && !said.some(({ path }) => path[0] === 'dhcp')
  const overriding = [...autoDeployOverrides(environment['AUTO_DEPLOY'], alone), ...said]
  const images = droppedImages().map(({ name }) => name)
  return parseConfig(text, file ?? 'the configuration', overriding, images)
}

/**
 * `file` is only a name for messages; `images` are those that are there without being named in the
 * configuration. Throws InputError.
 */
export function parseConfig(
  text: string,
  file: string,
  overrides: readonly Override[] = [],
  images: readonly string[] = [],
): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    throw new InputError(
      document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0])
        return `${file}:${line}:${col}: not YAML: ${message}`
      }),
    )
  }
  const raw = withOverrides(valueOf(document, file) ?? {}, overrides)
  const configText: ConfigText = { file, document, lines, overrides, raw }
  const { config, problems } = validate(raw, images)
  if (problems.length === 0) return Object.freeze(config)
  throw new InputError(problems.map((problem) => explain(problem, configText)))
}

/** Names that point nowhere, or to so much that it could not be held, show only now. */
function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new InputError([`${file}: not YAML: ${messageOf(error)}`])
  }
}

/** A variable's text as YAML reads it; what is no YAML is just text. */
function valueOfVariable(text: string): unknown {
  const document = parseDocument(text)
  try {
    return document.errors.length > 0 ? text : document.toJS()
  } catch {
    return text
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new InputError([`${file}: cannot be read: ${unreadable(error)}`])
  }
}

/** The whole, and then each section by itself, so that checks between the good ones still run. */
function validate(
  raw: unknown,
  images: readonly string[],
): { config: Config; problems: Problem[] } {
  const whole = configSchema.safeParse(raw)
  if (whole.success) return { config: whole.data, problems: checkTogether(whole.data, images) }
  const good: Partial<Config> = {}
  for (const [name, schema] of Object.entries(sections)) {
    const value: unknown = typeof raw === 'object' && raw !== null ? Reflect.get(raw, name) : null
    const section = z.safeParse(schema, value)
    if (section.success) Object.assign(good, { [name]: section.data })
  }
  const problems = [...problemsOf(whole.error, configSchema), ...checkTogether(good, images)]
  return { config: configSchema.parse({}), problems }
}

function withOverrides(raw: unknown, overrides: readonly Override[]): unknown {
  let result = raw
  for (const { path, value } of overrides) result = withValue(result, path, value)
  return result
}

/** What is no section stays as it is: the schema says so, instead of it being lost. */
function withValue(raw: unknown, path: KeyPath, value: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  const section = raw ?? {}
  if (typeof section !== 'object' || Array.isArray(section)) return raw
  const object: Record<string, unknown> = { ...section }
  object[String(key)] = withValue(object[String(key)], rest, value)
  return object
}

/** Variables that are Bootlace's but not settings. */
const otherVariables = new Set(['BOOTLACE_CONFIG'])

/** `BOOTLACE_<SECTION>_<KEY>` for any single value. */
function environmentOverrides(environment: Readonly<Record<string, string | undefined>>): {
  overrides: Override[]
  problems: string[]
} {
  const overrides: Override[] = []
  const problems: string[] = []
  for (const [source, text] of Object.entries(environment)) {
    if (text === undefined || !source.startsWith('BOOTLACE_') || otherVariables.has(source)) {
      continue
    }
    const path = pathOfVariable(source)
    if (path === undefined) problems.push(`${source}: there is no such setting`)
    else overrides.push({ path, value: valueOfVariable(text), source })
  }
  return { overrides, problems }
}

function pathOfVariable(variable: string): KeyPath | undefined {
  const wanted = variable.slice('BOOTLACE_'.length).toLowerCase()
  return settingPaths().find((path) => path.join('_').toLowerCase() === wanted)
}

/** Sections that are single values, and the keys of sections that are objects. */
function settingPaths(): KeyPath[] {
  return Object.entries(sections).flatMap(([name, schema]) => {
    const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : undefined
    return inner instanceof z.ZodObject
      ? Object.keys(inner.shape).map((key) => [name, key])
      : [[name]]
  })
}

/**
 * `AUTO_DEPLOY=vcsa:6501` names the mirror's origin. With no file beside it Bootlace is that mirror
 * and nothing else, as the nginx container is that people run today.
 */
function autoDeployOverrides(origin: string | undefined, alone: boolean): Override[] {
  if (!origin) return []
  const source = 'AUTO_DEPLOY'
  const url = /^https?:\/\//.test(origin) ? origin : `https://${origin}`
  const mirror = { path: ['mirrors', 'autodeploy', 'origin'], value: url, source }
  if (!alone) return [mirror]
  return [
    mirror,
    { path: ['dhcp', 'mode'], value: 'off', source },
    { path: ['tftp', 'enabled'], value: false, source },
  ]
}
