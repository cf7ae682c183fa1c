/**
 * What all menus share, so that they look and behave the same: which entries a machine sees, in
 * which order, under which key and text, and whether it sees a menu at all. Renders nothing.
 */
import { type Mac, macWithDashes } from '../../core/address.ts'
import {
  type Arch,
  type BootEntry,
  type Catalog,
  type Entry,
  type GroupEntry,
  type EsxiEntry,
  type LinuxEntry,
  type Lock,
  allEntries,
  hasItsFiles,
  runsOn,
  startsOn,
} from './catalog.ts'
import type { Host } from '../host.ts'

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
  /** A name of `firmware.ts`, where it is known. */
  readonly firmware?: string | undefined
  /**
   * What `${name}` in kernel arguments stands for; among them `server`, our URL. `image`, `answers`
   * and `bootif` are added for each entry (`argumentsOf`).
   */
  readonly variables: Readonly<Record<string, string>>
  readonly mac?: Mac | undefined
  readonly host?: Host | undefined
}

/** What a renderer can do on this machine. */
export interface Ability {
  boots(entry: BootEntry): boolean
  /** Whether it can ask for such a password; an entry that it could not protect is not shown. */
  asks(lock: Lock): boolean
}

/** An entry that can be picked, or a menu below, which is never without lines. */
type Pick =
  | { readonly entry: BootEntry; readonly lines?: undefined }
  | { readonly entry: GroupEntry; readonly lines: readonly MenuLine[] }

export type MenuLine = Pick & {
  /** One lower-case letter or digit; empty when there are none left. */
  readonly key: string
  /** Printable ASCII, white space single: what a VGA text screen and a serial line both show. */
  readonly title: string
}

export type MenuView =
  /** The machine boots one entry at once. */
  | { readonly type: 'fixed'; readonly entry: BootEntry }
  | {
      readonly type: 'menu'
      readonly title: string
      /** Seconds; 0 waits for ever. */
      readonly timeout: number
      /** The default's name, after those of the groups that it is in. */
      readonly default: readonly string[]
      readonly lines: readonly MenuLine[]
    }

export function menuView(context: MenuContext, ability: Ability): MenuView {
  const fixed = fixedEntry(context)
  if (fixed !== undefined && ability.boots(fixed)) return { type: 'fixed', entry: fixed }
  const { catalog } = context
  const found = linesOf(catalog.entries, context, ability)
  const lines = found.length > 0 ? found : linesOf([diskEntry], context, ability)
  const choice = defaultPath(lines, catalog.default)
  return {
    type: 'menu',
    title: plainText(catalog.title) || 'Boot menu',
    // What asks for a password must not start without one.
    timeout: choice === undefined ? 0 : catalog.timeout,
    default: choice ?? [lines[0]?.entry.name ?? diskEntry.name],
    lines,
  }
}

/** A group whose password was right, as a menu of its own; undefined where it has no lines. */
export function groupLines(
  group: GroupEntry,
  context: MenuContext,
  ability: Ability,
): readonly MenuLine[] | undefined {
  const lines = linesOf(group.entries, context, ability)
  return lines.length > 0 ? lines : undefined
}

/** The entry or group of this name that this machine can use. */
export function findEntry(name: string, context: MenuContext): Entry | undefined {
  return allEntries(context.catalog.entries).find(
    (entry) => entry.name === name && isThere(entry, context),
  )
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

/** What the entry's kernel is told on this machine: its `install` arguments where it installs. */
export function argumentsOf(entry: LinuxEntry | EsxiEntry, context: MenuContext): string {
  const { host, mac, url, variables } = context
  const { install } = entry
  const answers = host?.boot === entry.name ? host.answers : undefined
  const isInstall = install !== undefined && answers !== undefined
  return kernelArguments(isInstall ? install : entry.args, {
    ...variables,
    image: imageUrl(entry.type === 'linux' ? entry.kernel : `${entry.image}/`, url),
    answers: isInstall ? url + answers : '',
    // PXELINUX's way to say which card booted; small letters, which some initrds insist on.
    bootif: mac === undefined ? '' : `BOOTIF=01-${macWithDashes(mac)}`,
  })
}

/** `boot/photon/isolinux/vmlinuz` is in `http://192.168.50.1/boot/photon`; empty outside of images. */
function imageUrl(path: string, url: string): string {
  const [, folder] = /^\/?(boot\/[^/]+)\//.exec(path) ?? []
  return folder === undefined ? '' : `${url}/${folder}`
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

const diskEntry: BootEntry = { type: 'disk', name: 'disk', title: 'Local disk' }
const autodeployEntry: BootEntry = {
  type: 'autodeploy',
  name: 'autodeploy',
  title: 'vSphere Auto Deploy',
}

/** It is for this machine's processor and firmware, and its files are there. */
function isThere(entry: Entry, { architecture, firmware, loaders }: MenuContext): boolean {
  const isFor = runsOn(entry, architecture) && startsOn(entry, firmware)
  return isFor && hasItsFiles(entry, loaders)
}

/** The machine is named in the configuration, so it is not asked for a password. */
function fixedEntry(context: MenuContext): BootEntry | undefined {
  const { host } = context
  if (host === undefined || host.boot === 'menu') return undefined
  const listed = findEntry(host.boot, context)
  if (listed?.type === 'group') return undefined
  return listed ?? [diskEntry, autodeployEntry].find((entry) => entry.name === host.boot)
}

function linesOf(
  entries: readonly Entry[],
  context: MenuContext,
  ability: Ability,
): readonly MenuLine[] {
  const shown = entries.flatMap((entry): Pick[] => {
    if (!isThere(entry, context)) return []
    if (entry.lock !== undefined && !ability.asks(entry.lock)) return []
    if (entry.type !== 'group') return ability.boots(entry) ? [{ entry }] : []
    const lines = linesOf(entry.entries, context, ability)
    return lines.length > 0 ? [{ entry, lines }] : []
  })
  return withKeys(shown)
}

/** What starts by itself must be harmless where the wanted entry is not there. */
function defaultPath(lines: readonly MenuLine[], wanted: string): readonly string[] | undefined {
  return (
    pathTo(lines, (entry) => entry.name === wanted) ??
    pathTo(lines, (entry) => entry.type === 'disk') ??
    pathTo(lines, () => true)
  )
}

/** Names down to the first entry that is wanted and that needs no password on the way. */
function pathTo(
  lines: readonly MenuLine[],
  wanted: (entry: BootEntry) => boolean,
): readonly string[] | undefined {
  for (const { entry, lines: inner } of lines) {
    if (entry.lock !== undefined) continue
    if (inner === undefined) {
      if (wanted(entry)) return [entry.name]
      continue
    }
    const path = pathTo(inner, wanted)
    if (path !== undefined) return [entry.name, ...path]
  }
  return undefined
}

const freeKeys = '123456789abcdefghijklmnopqrstuvwxyz0'

/** The user's keys first; the others are numbered. Past 36 entries there is no key left. */
function withKeys(picks: readonly Pick[]): readonly MenuLine[] {
  const taken = new Set<string>()
  const wanted = picks.map(({ entry: { key } }) => {
    const own = key?.toLowerCase()
    if (own === undefined || !/^[a-z0-9]$/.test(own) || taken.has(own)) return undefined
    taken.add(own)
    return own
  })
  const free = freeKeys.split('').filter((key) => !taken.has(key))
  return picks.map((pick, index) => ({
    ...pick,
    key: wanted[index] ?? free.shift() ?? '',
    title: plainText(pick.entry.title) || plainText(pick.entry.name),
  }))
}
