/** How the entries of the menu must fit each other, and what else refers to them. */
import { arches } from '../../boot/menu/catalog.ts'
import { list, repeats, says, twice } from './check-words.ts'
import type { KeyPath, Problem } from './config-problems.ts'
import { lockAllowed, parseLock } from './lock-value.ts'
import type { EntryConfig, menuSchema } from './menu-schema.ts'

type MenuConfig = ReturnType<(typeof menuSchema)['parse']>

/** Entries that exist without being configured, and words that are choices without being entries. */
const builtInEntries = ['disk', 'tinyvm', 'memtest', 'shell']
const choices = ['menu', 'autodeploy']
/** Folders below `boot/` that Bootlace fills itself. */
const ownImages = ['tinyvm-arm64']

/** One entry, with where it stands. */
interface Place {
  readonly entry: EntryConfig
  readonly path: KeyPath
  /** It, or a group that it is in, asks for a password. */
  readonly isLocked: boolean
}

/** `images` are the names of those that there are. */
export function checkMenu(menu: MenuConfig, images: readonly string[]): Problem[] {
  const places = allPlaces(menu.entries, ['menu', 'entries'], false)
  return [
    ...places.flatMap(checkEntry),
    ...checkNames(places),
    ...checkKeys(menu.entries, ['menu', 'entries']),
    ...checkDefault(menu.default, places, images),
  ]
}

/** Names that a host's `boot:` may be. */
export function bootChoices(
  menu: MenuConfig | undefined,
  images: readonly string[],
): readonly string[] {
  const places = allPlaces(menu?.entries ?? [], [], false)
  const own = bootable(places).map(({ entry }) => entry.name)
  return [...choices, ...builtInEntries, ...own, ...images]
}

/** Images are entries, too: none may have the name of another entry. */
export function checkImages(menu: MenuConfig | undefined, images: readonly string[]): Problem[] {
  const taken = [...bootChoices(menu, []), ...ownImages]
  return images
    .filter((name) => taken.includes(name))
    .map((name) => says(['images', name], `there is an entry ${name} already; take another name`))
}

function allPlaces(entries: readonly EntryConfig[], path: KeyPath, isLocked: boolean): Place[] {
  return entries.flatMap((entry, index) => {
    const at = [...path, index]
    const own = { entry, path: at, isLocked: isLocked || entry.password !== undefined }
    return [own, ...allPlaces(entry.entries ?? [], [...at, 'entries'], own.isLocked)]
  })
}

function bootable(places: readonly Place[]): readonly Place[] {
  return places.filter(({ entry }) => entry.entries === undefined)
}

function checkEntry({ entry, path }: Place): Problem[] {
  const { name, kernel, entries, initrd, args, password } = entry
  const isGroup = entries !== undefined
  const hasMore = kernel !== undefined || initrd.length > 0 || args !== ''
  return [
    ...([...builtInEntries, ...choices].includes(name)
      ? [says([...path, 'name'], `${name} is built in; choose another name`)]
      : []),
    ...(!isGroup && kernel === undefined ? [says(path, 'has neither a kernel nor entries')] : []),
    ...(isGroup && hasMore ? [says(path, 'is a group: it boots nothing itself')] : []),
    ...(entries?.length === 0 ? [says([...path, 'entries'], 'is empty')] : []),
    ...(password !== undefined && parseLock(password) === undefined
      ? [says([...path, 'password'], lockAllowed)]
      : []),
  ]
}

/** Two entries may share a name where no processor runs both. */
function checkNames(places: readonly Place[]): Problem[] {
  return arches
    .flatMap((arch) => {
      const here = places.filter(({ entry }) => (entry.arch ?? ['x64', 'ia32']).includes(arch))
      return repeats(here.map(({ entry }) => entry.name)).flatMap(({ index, first }) => {
        const [own, other] = [here[index], here[first]]
        return own === undefined || other === undefined ? [] : [{ own, other }]
      })
    })
    .filter(({ own }, index, all) => all.findIndex((one) => one.own === own) === index)
    .map(({ own, other }) => twice([...own.path, 'name'], [...other.path, 'name']))
}

/** Each level has its own keys. */
function checkKeys(entries: readonly EntryConfig[], path: KeyPath): Problem[] {
  const keys = entries.map((entry) => entry.key?.toLowerCase())
  return [
    ...repeats(keys).map(({ index, first }) =>
      twice([...path, index, 'key'], [...path, first, 'key']),
    ),
    ...entries.flatMap(({ entries: inner = [] }, index) =>
      checkKeys(inner, [...path, index, 'entries']),
    ),
  ]
}

function checkDefault(
  choice: string,
  places: readonly Place[],
  images: readonly string[],
): Problem[] {
  const own = bootable(places).map(({ entry }) => entry.name)
  const known = [...builtInEntries, ...own, ...images]
  const at = ['menu', 'default']
  if (!known.includes(choice)) {
    return [says(at, `there is no entry ${choice}; there are ${list(known)}`)]
  }
  return places.some(({ entry, isLocked }) => entry.name === choice && isLocked)
    ? [says(at, `${choice} asks for a password, so it cannot start by itself`)]
    : []
}
