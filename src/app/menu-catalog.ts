/** The catalog: the user's own entries, then those that Bootlace brings. */
import { tinyvmEntries } from '../boot/menu/builtin.ts'
import type { Catalog, Entry } from '../boot/menu/catalog.ts'
import type { Config } from './config/config-schema.ts'
import { parseLock } from './config/lock-value.ts'
import type { EntryConfig } from './config/menu-schema.ts'

/**
 * The user's own entries come first, then images as they come and go; a hotkey of the user's is the
 * user's.
 */
export function catalogOf(
  { menu, mirrors }: Pick<Config, 'menu' | 'mirrors'>,
  images: () => readonly Entry[] = () => [],
): Catalog {
  const own = menu.entries.map(entryOf)
  const taken = new Set(own.map((entry) => entry.key?.toLowerCase()))
  const builtIn = builtInEntries('autodeploy' in mirrors).map((entry) =>
    taken.has(entry.key) ? { ...entry, key: undefined } : entry,
  )
  return {
    ...menu,
    get entries() {
      return [...own, ...images(), ...builtIn]
    },
  }
}

function entryOf(config: EntryConfig): Entry {
  const { name, title, key, arch, kernel, initrd, args, password, entries } = config
  const base = { name, title, key, arch, lock: parseLock(password) }
  if (entries !== undefined) return { ...base, type: 'group', entries: entries.map(entryOf) }
  const files = typeof initrd === 'string' ? [initrd] : initrd
  return { ...base, type: 'linux', kernel: kernel ?? '', initrd: files, args }
}

function builtInEntries(hasAutodeploy: boolean): readonly Entry[] {
  return [
    ...tinyvmEntries,
    ...(hasAutodeploy
      ? ([
          { type: 'autodeploy', name: 'autodeploy', title: 'vSphere Auto Deploy', key: 'a' },
        ] as const)
      : []),
    { type: 'memtest', name: 'memtest', title: 'Memory test', key: 'm' },
    { type: 'disk', name: 'disk', title: 'Local disk', key: 'd' },
    { type: 'shell', name: 'shell', title: 'iPXE command line', key: 's' },
  ]
}
