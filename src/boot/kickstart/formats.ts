/**
 * What a value of a kickstart may look like, as data: small formats put together into bigger ones.
 * A format answers with what is wrong; it knows nothing of how keys depend on each other.
 */
import { nearest } from '../nearest.ts'
import { type Installer, type Known, knownText, knows } from './installers.ts'

export type KeyPath = readonly (string | number)[]

/** Something to say about one key. An error is a reason not to install, a warning is none. */
export interface Finding {
  readonly path: KeyPath
  readonly severity: 'error' | 'warning'
  /** A sentence without its subject, which is the key: `found 5, allowed: …`. */
  readonly says: string
}

/** Where a value stands, and who will read it. */
export interface Place {
  readonly path: KeyPath
  readonly installer: Installer
  /** Whether a script that runs before the check may fill in `$NAME`. */
  readonly isDynamic: boolean
  /** What to make of a key that the installer ignores: whoever compiles a source meant something. */
  readonly ignored: Finding['severity']
}

export type Format = (value: unknown, place: Place) => readonly Finding[]

export interface Field {
  readonly format: Format
  readonly known?: Known
  readonly isRequired?: boolean
}

export function error(path: KeyPath, says: string): Finding {
  return { path, severity: 'error', says }
}

export function warning(path: KeyPath, says: string): Finding {
  return { path, severity: 'warning', says }
}

type Test = RegExp | ((text: string) => boolean)

/** Text; `allowed` completes "allowed: …". */
export function text(allowed: string, test: Test = /^[^\0]+$/): Format {
  return (value, place) => (isGoodText(value, place, test) ? [] : unfit(value, place, allowed))
}

function isGoodText(value: unknown, { isDynamic }: Place, test: Test): boolean {
  if (typeof value !== 'string') return false
  if (isDynamic && isVariable(value)) return true
  return typeof test === 'function' ? test(value) : test.test(value)
}

/** Text that nobody should read in an error message. */
export function secret(allowed: string, test: Test): Format {
  return (value, place) =>
    isGoodText(value, place, test) ? [] : [error(place.path, `is not right, allowed: ${allowed}`)]
}

export function oneOf(...words: readonly string[]): Format {
  return text(words.join(', '), (word) => words.includes(word))
}

const flagWords = 'true or false, without quotes'

/** For what the installers themselves insist on. */
export const strictFlag: Format = (value, place) =>
  typeof value === 'boolean' ? [] : unfit(value, place, flagWords)

/** To Python any text is true, `"false"` and `"no"`, too. */
export const flag: Format = (value, place) =>
  ['true', 'yes', 'on', 1, 0].some((word) => word === value)
    ? [warning(place.path, `found ${shown(value)}, meant: ${flagWords}`)]
    : strictFlag(value, place)

export function whole(min: number, max: number, allowed: string): Format {
  return (value, place) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? []
      : unfit(value, place, allowed)
}

export function listOf(item: Format, allowed: string): Format {
  return (value, place) => {
    if (!Array.isArray(value)) return unfit(value, place, `a list of ${allowed}`)
    const items: readonly unknown[] = value
    // Scripts fill in values of objects, also of those in lists, but not the items themselves.
    return items.flatMap((one, index) =>
      item(one, { ...inside(place, index), isDynamic: place.isDynamic && isObject(one) }),
    )
  }
}

export function mapOf(item: Format, allowed: string): Format {
  return (value, place) => {
    if (!isObject(value)) return unfit(value, place, allowed)
    return Object.entries(value).flatMap(([key, one]) => item(one, inside(place, key)))
  }
}

/** Keys that are not in the shape are ignored by the installers: most often a slip. */
export function record(shape: Readonly<Record<string, Field>>): Format {
  const names = Object.keys(shape)
  return (value, place) => {
    if (!isObject(value)) return unfit(value, place, `an object with ${names.join(', ')}`)
    const missing = names
      .filter((name) => shape[name]?.isRequired === true && !(name in value))
      .map((name) => error([...place.path, name], 'is missing'))
    return [
      ...missing,
      ...Object.entries(value).flatMap(([key, one]) => checkField(key, one, { shape, place })),
    ]
  }
}

function checkField(
  key: string,
  value: unknown,
  { shape, place }: { shape: Readonly<Record<string, Field>>; place: Place },
): readonly Finding[] {
  const at = inside(place, key)
  const field = Object.hasOwn(shape, key) ? shape[key] : undefined
  if (field === undefined) {
    const close = nearest(key, Object.keys(shape))
    const hint = close === undefined ? `there are ${Object.keys(shape).join(', ')}` : `${close}?`
    return [ignored(at, `is not read by any installer: ${hint}`)]
  }
  const { known = {} } = field
  if (knows(place.installer, known)) return field.format(value, at)
  return [ignored(at, `is ignored by ${place.installer}; known ${knownText(known)}`)]
}

export function ignored(place: Pick<Place, 'path' | 'ignored'>, says: string): Finding {
  return { path: place.path, severity: place.ignored, says }
}

/** The first format that takes values of this kind decides. */
export function either(
  first: Format,
  second: Format,
  isFirst: (value: unknown) => boolean,
): Format {
  return (value, place) => (isFirst(value) ? first(value, place) : second(value, place))
}

export function orNull(format: Format): Format {
  return (value, place) => (value === null ? [] : format(value, place))
}

/** For what the installers replace by a default of their own. */
export function preferably(format: Format): Format {
  return (value, place) =>
    format(value, place).map((finding) => ({ ...finding, severity: 'warning' }))
}

/** For what is read by nobody, or by something that this knows nothing of. */
export const anything: Format = () => []

export function inside(place: Place, key: string | number): Place {
  return { ...place, path: [...place.path, key] }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `$NAME`, which a preinstall script may have exported. */
function isVariable(value: string): boolean {
  return /^\$[A-Za-z_]\w*$/.test(value)
}

function unfit(value: unknown, { path }: Place, allowed: string): readonly Finding[] {
  return [error(path, `found ${shown(value)}, allowed: ${allowed}`)]
}

/** A value as it stands in the file, not too long. */
export function shown(value: unknown): string {
  const json = value === undefined ? 'nothing' : JSON.stringify(value)
  return json.length <= 60 ? json : `${json.slice(0, 57)}...`
}
