/**
 * From what stands in a kickstart's file to the JSON that one installer gets, with everything that is
 * wrong with it. A source (it has the key `kickstart: photon`) is filled in and compiled; a kickstart
 * from before there were lists of packages is migrated; any other is taken as it stands.
 */
import { type Finding, error, isObject } from './formats.ts'
import { hidden, hideVariables } from './hidden-text.ts'
import type { Installer } from './installers.ts'
import { checkKickstart } from './kickstart-checks.ts'
import { isFromOldEra, migrate } from './kickstart-era.ts'
import { compile, isSource, marker, markerValue } from './kickstart-source.ts'
import { fillIn } from './kickstart-template.ts'
import type { Variables } from './template-reference.ts'

export interface RenderedKickstart {
  readonly kind: 'source' | 'migrated' | 'plain'
  readonly config: unknown
  readonly findings: readonly Finding[]
  /** What was changed on the way, in sentences. */
  readonly notes: readonly string[]
}

/** `value` is the parsed file. */
export function renderKickstart(
  value: unknown,
  variables: Variables,
  installer: Installer,
): RenderedKickstart {
  if (isSource(value)) return renderSource(value, variables, installer)
  if (!isObject(value) || !isFromOldEra(value, installer)) {
    return { kind: 'plain', config: value, findings: checkKickstart(value, installer), notes: [] }
  }
  const { config, notes } = migrate(value, installer)
  return { kind: 'migrated', config, findings: checkKickstart(config, installer), notes }
}

function renderSource(
  value: unknown,
  variables: Variables,
  installer: Installer,
): RenderedKickstart {
  const filled = fillIn(value, variables)
  const source = isObject(filled.value) ? filled.value : {}
  const { config, notes } = compile(source, installer)
  const wrongMarker =
    source[marker] === markerValue
      ? []
      : [error([marker], `must be ${markerValue}, the one kind of source there is`)]
  return {
    kind: 'source',
    config,
    findings: [...wrongMarker, ...filled.findings, ...checkKickstart(config, installer, 'error')],
    notes,
  }
}

/** What YAML readers refuse though JSON has it: DEL, C1 controls, a byte order mark. */
// oxlint-disable-next-line no-control-regex -- control characters are what is escaped
const unprintable = /[\u007F-\u0084\u0086-\u009F\uFEFF\uFFFE\uFFFF]/g

/** As every installer reads it: spaces, no tabs, UTF-8. Ends with a line break. */
export function kickstartJson(config: unknown): string {
  const json = JSON.stringify(config, undefined, 2)
  return `${json.replaceAll(unprintable, escaped)}\n`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** The same with hashes, passwords and secret variables hidden. */
export function hideSecrets(config: unknown, variables: Variables): unknown {
  return hide(config, { variables, isSecret: false })
}

interface Hiding {
  readonly variables: Variables
  readonly isSecret: boolean
}

/** Text below these is one. */
const secretKeys = new Set(['password', 'shadow_password', 'password_pbkdf2', 'environment'])

function hide(value: unknown, hiding: Hiding): unknown {
  if (typeof value === 'string') {
    return hiding.isSecret && value !== '*' ? hidden : hideVariables(value, hiding.variables)
  }
  if (Array.isArray(value)) return value.map((one: unknown) => hide(one, hiding))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      hide(one, { ...hiding, isSecret: hiding.isSecret || secretKeys.has(key) }),
    ]),
  )
}
