/**
 * Kickstarts of 2015 to 2019, which say what to install by `type`: finds them and writes them as the
 * installers since read them. Fed to those as they stand they are refused, install nothing but a
 * kernel, or fail with the disk wiped.
 */
import { isObject } from './formats.ts'
import { type Installer, isBefore, isStrict } from './installers.ts'
import { installsByType } from './old-installers.ts'

export type Config = Readonly<Record<string, unknown>>

/** A kickstart, and what was changed in it. */
export interface Changed {
  readonly config: Config
  readonly notes: readonly string[]
}

/** One change; undefined where there is nothing to do. */
export type Step = (config: Config, installer: Installer) => Changed | undefined

export function applySteps(steps: readonly Step[], config: Config, installer: Installer): Changed {
  let changed: Changed = { config, notes: [] }
  for (const step of steps) {
    const next = step(changed.config, installer)
    if (next !== undefined) changed = { ...next, notes: [...changed.notes, ...next.notes] }
  }
  return changed
}

/** What `type` chose, as the lists of packages that the ISOs have since. */
const lists: ReadonlyMap<unknown, string> = new Map([
  ['micro', 'packages_minimal.json'],
  ['minimal', 'packages_minimal.json'],
  ['full', 'packages_developer.json'],
])

/** What a kickstart has that was written for an installer with lists. */
const laterKeys = ['packagelist_file', 'packagelist_files', 'packages', 'linux_flavor', 'ostree']

/** Whether it was written for an installer that installs by type, and this one does not. */
export function isFromOldEra(config: unknown, installer: Installer): boolean {
  return (
    isObject(config) &&
    !installsByType(installer) &&
    lists.has(config['type']) &&
    !laterKeys.some((key) => key in config)
  )
}

export function migrate(config: Config, installer: Installer): Changed {
  return applySteps(
    [typeToList, esxToFlavor, flavor, bootBoth, keyReason, oldSizes],
    config,
    installer,
  )
}

export function without(config: Config, ...keys: readonly string[]): Config {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !keys.includes(key)))
}

const typeToList: Step = (config) => {
  const { type } = config
  const list = lists.get(type)
  if (list === undefined) return undefined
  return {
    config: { ...without(config, 'type'), packagelist_file: list },
    notes: [`type: ${String(type)} is now packagelist_file: ${list}`],
  }
}

/** Refused from 2.4 on; the flavor says the same everywhere. */
export const esxToFlavor: Step = (config, installer) => {
  const { install_linux_esx: esx } = config
  if (typeof esx !== 'boolean' || !isStrict(installer)) return undefined
  const rest = without(config, 'install_linux_esx')
  return esx && !('linux_flavor' in config)
    ? {
        config: { ...rest, linux_flavor: 'linux-esx' },
        notes: ['install_linux_esx is now linux_flavor: linux-esx'],
      }
    : { config: rest, notes: ['install_linux_esx is left out'] }
}

const flavorKeys = ['linux_flavor', 'linux_flavor_x86_64', 'linux_flavor_aarch64', 'ostree']

/** Up to 2.3 without a default where the lists hold two kernels. */
export const flavor: Step = (config, installer) => {
  if (!isStrict(installer) || flavorKeys.some((key) => key in config)) return undefined
  return {
    config: { ...config, linux_flavor: 'linux' },
    notes: ['linux_flavor: linux is added: the lists hold several kernels'],
  }
}

/** The default changed in 2.9; written out it means the same everywhere. */
export const bootBoth: Step = (config, installer) => {
  if (!isStrict(installer) || 'bootmode' in config) return undefined
  const bootmode = config['arch'] === 'aarch64' ? 'efi' : 'dualboot'
  return {
    config: { ...config, bootmode },
    notes: [`bootmode: ${bootmode} is added: its default is not the same everywhere`],
  }
}

/** Text up to 2.7, an object since: the wrong one ends the install after the disk was wiped. */
export const keyReason: Step = (config, installer) => {
  const { public_key: key } = config
  if (isBefore(installer, '2.8')) {
    return isObject(key) && typeof key['key'] === 'string'
      ? { config: { ...config, public_key: key['key'] }, notes: ['public_key is now text'] }
      : undefined
  }
  if (typeof key !== 'string') return undefined
  return {
    config: { ...config, public_key: { key, reason: 'set in the kickstart' } },
    notes: ['public_key is now an object with key and reason'],
  }
}

const sizes = ['docker_partition_size', 'swap_partition_size']

const oldSizes: Step = (config) => {
  const found = sizes.filter((key) => key in config)
  if (found.length === 0) return undefined
  return {
    config: without(config, ...found),
    notes: found.map((key) => `${key} is left out: write it into partitions`),
  }
}
