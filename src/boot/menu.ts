/**
 * What both menus share, so that they look and behave the same: which entries a machine sees, in
 * which order, under which key and text, and whether it sees a menu at all. Renders nothing.
 */
import type { Mac } from '../core/address.ts'
import { type Arch, type Catalog, type Entry, runsOn } from './catalog.ts'
import type { Host } from './host.ts'

/** What a menu needs to know of the service and of the machine that it is for. */
export interface MenuContext {
  readonly catalog: Catalog
  /** Our URL as the machine reaches us, without a slash at the end: `http://192.168.50.1`. */
  readonly url: string
  /** vCenter's script through our mirror; undefined where no Auto Deploy mirror is configured. */
  readonly trampUrl?: string | undefined
  /** Boot loaders and image files that are there: paths in the boot tree. */
  readonly loaders: ReadonlySet<string>
  readonly architecture: Arch
  /** What `${name}` in kernel arguments stands for; among them `server`, our URL. */
  readonly variables: Readonly<Record<string, string>>
  readonly mac?: Mac | undefined
  readonly host?: Host | undefined
}

export interface MenuLine {
  readonly entry: Entry
  /** One lower-case letter or digit. */
  readonly key: string
  /** Printable ASCII, white space single: what a VGA text screen and a serial line both show. */
  readonly title: string
}

export type MenuView =
  /** The machine boots one entry at once. */
  | { readonly type: 'fixed'; readonly entry: Entry }
  | {
      readonly type: 'menu'
      readonly title: string
      /** Seconds; 0 waits for ever. */
      readonly timeout: number
      readonly default: string
      readonly lines: readonly MenuLine[]
    }

/** `can` says which entries this renderer, on this machine, is able to boot. */
export function menuView(context: MenuContext, can: (entry: Entry) => boolean): MenuView {
  const fixed = fixedEntry(context)
  if (fixed !== undefined && can(fixed)) return { type: 'fixed', entry: fixed }
  const { catalog } = context
  const entries = catalog.entries.filter((entry) => isThere(entry, context) && can(entry))
  const shown = entries.length > 0 ? entries : [diskEntry]
  return {
    type: 'menu',
    title: plainText(catalog.title) || 'Boot menu',
    timeout: catalog.timeout,
    default: defaultOf(shown, catalog.default),
    lines: withKeys(shown),
  }
}

/** Text in one line of printable ASCII: accents fall off, anything else becomes `?`. */
export function plainText(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\u0020-\u007e]/gu, '?')
    .trim()
    .slice(0, longestTitle)
}

/** Kernel arguments on one line, with the variables that there are filled in. */
export function kernelArguments(args: string, variables: Readonly<Record<string, string>>): string {
  return args
    .replaceAll(/\$\{(\w+)\}/g, (asked, name: string) =>
      Object.hasOwn(variables, name) ? (variables[name] ?? '') : asked,
    )
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
}

/** What stands between two columns of the 80 that a text screen has. */
const longestTitle = 66

const diskEntry: Entry = { type: 'disk', name: 'disk', title: 'Local disk' }
const autodeployEntry: Entry = {
  type: 'autodeploy',
  name: 'autodeploy',
  title: 'vSphere Auto Deploy',
}

/** It is for this machine's processor and its files are there. */
function isThere(entry: Entry, { architecture, loaders }: MenuContext): boolean {
  return runsOn(entry, architecture) && (entry.needs ?? []).every((path) => loaders.has(path))
}

function fixedEntry(context: MenuContext): Entry | undefined {
  const { catalog, host } = context
  if (host === undefined || host.boot === 'menu') return undefined
  const listed = catalog.entries.find(
    (entry) => entry.name === host.boot && isThere(entry, context),
  )
  return listed ?? [diskEntry, autodeployEntry].find((entry) => entry.name === host.boot)
}

/** What starts by itself must be harmless where the wanted entry is not there. */
function defaultOf(entries: readonly Entry[], wanted: string): string {
  const found =
    entries.find((entry) => entry.name === wanted) ??
    entries.find((entry) => entry.type === 'disk') ??
    entries[0]
  return found?.name ?? diskEntry.name
}

const freeKeys = '123456789abcdefghijklmnopqrstuvwxyz0'

/** The user's keys first; the others are numbered. Past 36 entries there is no key left. */
function withKeys(entries: readonly Entry[]): readonly MenuLine[] {
  const taken = new Set<string>()
  const wanted = entries.map(({ key }) => {
    const own = key?.toLowerCase()
    if (own === undefined || !/^[a-z0-9]$/.test(own) || taken.has(own)) return undefined
    taken.add(own)
    return own
  })
  const free = freeKeys.split('').filter((key) => !taken.has(key))
  return entries.map((entry, index) => ({
    entry,
    key: wanted[index] ?? free.shift() ?? '',
    title: plainText(entry.title) || plainText(entry.name),
  }))
}
