/**
 * The installers that check nothing (TP2, Photon 1.0, 2.0, 3.0 as released): what they need, since
 * without it they end in a Python traceback, often with the disk already wiped.
 */
import { checkDisks } from './disk-checks.ts'
import { type Finding, error, isObject, shown } from './formats.ts'
import { type Installer, isBefore } from './installers.ts'

type Config = Readonly<Record<string, unknown>>

const types: Readonly<Record<string, readonly string[]>> = {
  tp2: ['micro', 'minimal', 'full', 'ostree_host', 'ostree_server'],
  'photon1.0': ['minimal', 'full', 'ostree_host', 'ostree_server'],
  'photon2.0': ['minimal', 'full', 'ostree_server'],
}

export function checkOldInstaller(config: Config, installer: Installer): readonly Finding[] {
  const known = types[installer]
  return [
    ...checkNeeded(
      config,
      ['password', known === undefined ? 'packagelist_file' : 'type'],
      installer,
    ),
    ...(installer === 'tp2' ? checkNeeded(config, ['hostname'], installer) : []),
    ...checkDisks(config, installer),
    ...checkType(config, known),
    ...checkPassword(config),
  ]
}

function checkNeeded(
  config: Config,
  keys: readonly string[],
  installer: Installer,
): readonly Finding[] {
  return keys
    .filter((key) => !(key in config))
    .map((key) => error([key], `is missing: ${installer} needs it`))
}

function checkType({ type }: Config, known: readonly string[] | undefined): readonly Finding[] {
  if (known === undefined || type === undefined) return []
  return known.some((word) => word === type)
    ? []
    : [error(['type'], `found ${shown(type)}, allowed: ${known.join(', ')}`)]
}

function checkPassword({ password }: Config): readonly Finding[] {
  if (!isObject(password)) return []
  return ['crypted', 'text']
    .filter((key) => !(key in password))
    .map((key) => error(['password', key], 'is missing'))
}

/** Those that install by `type` and know no list of packages. */
export function installsByType(installer: Installer): boolean {
  return isBefore(installer, 'photon3.0-ga')
}
