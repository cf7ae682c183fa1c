/**
 * Whether an installer will take a kickstart and do what it says: everything that is wrong with it
 * at once. Stricter than the installers' own check, which lets pass what fails after the disk was
 * wiped; never more lenient.
 *
 * `Installer._check_install_config` of each version, and what the code behind it does with values
 * that this lets pass.
 */
import { nearest } from '../nearest.ts'
import { checkDisks } from './disk-checks.ts'
import {
  type Field,
  type Finding,
  type KeyPath,
  type Place,
  error,
  ignored,
  inside,
  isObject,
  shown,
  warning,
} from './formats.ts'
import { type Installer, isBefore, isStrict, knownText, knows } from './installers.ts'
import { fieldOf, flavors, keysOf } from './kickstart-keys.ts'
import { checkOldInstaller } from './old-installers.ts'
import { checkSafeText } from './safe-text.ts'

type Config = Readonly<Record<string, unknown>>

/**
 * Every problem; empty or warnings alone mean that this installer takes it. `whenIgnored` is how bad a
 * key is that it silently passes over.
 */
export function checkKickstart(
  value: unknown,
  installer: Installer,
  whenIgnored: Finding['severity'] = 'warning',
): readonly Finding[] {
  if (!isObject(value)) return [error([], `found ${shown(value)}, allowed: an object of keys`)]
  const rules = isStrict(installer) ? strictRules : [checkOldInstaller]
  return [
    ...checkKeys(value, {
      path: [],
      installer,
      isDynamic: isDynamic(value, installer),
      ignored: whenIgnored,
    }),
    ...rules.flatMap((rule) => rule(value, installer)),
    ...checkSafeText(value),
  ]
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error')
}

type Rule = (config: Config, installer: Installer) => readonly Finding[]

const strictRules: readonly Rule[] = [
  checkDisks,
  checkFlavor,
  checkBoot,
  checkPassword,
  checkPackages,
  checkScripts,
  checkDocker,
  checkDynamic,
]

/** Whether scripts fill in values before they are checked. */
function isDynamic(config: Config, installer: Installer): boolean {
  return !isBefore(installer, '2.1') && ('preinstall' in config || 'preinstallscripts' in config)
}

function checkKeys(config: Config, place: Place): readonly Finding[] {
  const { installer } = place
  const hasPlugins = 'plugins' in config && !isBefore(installer, '2.9')
  return Object.entries(config).flatMap(([name, value]): readonly Finding[] => {
    const field = fieldOf(name)
    const at = inside(place, name)
    if (field !== undefined && knows(installer, field.known ?? {})) return field.format(value, at)
    if (field === undefined && hasPlugins) {
      return [warning([name], 'is unknown to the installer itself: a plugin must know it')]
    }
    const says = unknownKey(name, field, installer)
    return [isStrict(installer) ? error([name], says) : ignored(at, says)]
  })
}

function unknownKey(name: string, field: Field | undefined, installer: Installer): string {
  const fate = isStrict(installer) ? 'refuses' : 'ignores'
  if (field?.known !== undefined) {
    return `is a key that ${installer} ${fate}; known ${knownText(field.known)}`
  }
  const names = keysOf(installer)
  const close = nearest(name, names)
  const hint = close === undefined ? `it knows ${names.toSorted().join(', ')}` : `is it ${close}?`
  return `is a key that ${installer} ${fate}: ${hint}`
}

/** Up to 2.3 the flavor must follow from the packages, and the lists of the ISOs hold two. */
function checkFlavor(config: Config, installer: Installer): readonly Finding[] {
  const isGiven = 'linux_flavor' in config || 'ostree' in config
  const isEsx = Boolean(config['install_linux_esx'])
  if (isGiven || isEsx || !isBefore(installer, '2.4')) return []
  const named = flavors.filter((flavor) => packagesOf(config).includes(flavor))
  if (named.length === 1 && !('packagelist_file' in config)) return []
  return [
    error(
      ['linux_flavor'],
      `is missing: ${installer} cannot tell which kernel is meant; allowed: ${flavors.join(', ')}`,
    ),
  ]
}

function packagesOf(config: Config): readonly unknown[] {
  return [config['packages'], config['additional_packages']].flatMap((list): unknown[] =>
    Array.isArray(list) ? list : [],
  )
}

function checkBoot(config: Config, installer: Installer): readonly Finding[] {
  const { arch, bootmode } = config
  if (arch === 'aarch64' && bootmode !== 'efi') {
    const says = 'must be efi for aarch64, and written out: there is no BIOS'
    return [error(['bootmode'], says)]
  }
  return bootmode === undefined && !isBefore(installer, '2.9')
    ? [warning(['bootmode'], 'is missing: the disk boots with UEFI alone (efi); dualboot for both')]
    : []
}

/** What it is is in the table of keys; here what goes with it. */
function checkPassword(config: Config): readonly Finding[] {
  const { password, shadow_password: shadow, public_key: key } = config
  const path: KeyPath = ['password']
  if (password === undefined) {
    return shadow === undefined && key === undefined
      ? [warning(path, 'is missing, and public_key, too: nobody can log in')]
      : []
  }
  if (!isObject(password)) return []
  const { crypted, text } = password
  const missing =
    shadow === undefined ? ['crypted', 'text'].filter((one) => !(one in password)) : []
  return [
    ...missing.map((one) => error([...path, one], 'is missing')),
    ...(typeof text === 'string' ? checkPasswordText(text, crypted, key !== undefined) : []),
  ]
}

const hash = /^(?:\$[0-9a-z]+\$[^\s]+|[./A-Za-z0-9]{13}|_[./A-Za-z0-9]{19})$/

function checkPasswordText(text: string, crypted: unknown, hasKey: boolean): readonly Finding[] {
  const path = ['password', 'text']
  if (crypted === false) {
    return [
      warning(path, 'is a password that stands in the file; hash-password makes a hash of it'),
    ]
  }
  if (crypted !== true || text.startsWith('$') || hash.test(text)) return []
  if (text === '' || /^[*!]/.test(text)) {
    const says = 'is locked, and there is no public_key: nobody can log in'
    return hasKey ? [] : [warning(path, says)]
  }
  return [warning(path, 'is no hash, so no password fits; crypted is true')]
}

function checkPackages(config: Config): readonly Finding[] {
  const lists = [
    'packagelist_file',
    'packagelist_files',
    'packages',
    'packages_x86_64',
    'packages_aarch64',
    'ostree',
  ]
  if (lists.some((key) => key in config)) return []
  return [
    warning(
      ['packagelist_file'],
      'is missing, and packages, too: little more than a kernel is installed',
    ),
  ]
}

const scripts = ['preinstall', 'prepkgsinstall', 'postinstall']

function checkScripts(config: Config): readonly Finding[] {
  return scripts.flatMap((key) => {
    const list = config[key]
    if (!Array.isArray(list) || list.length === 0) return []
    const first: unknown = list[0]
    const isScript = typeof first !== 'string' || first.startsWith('#!')
    return isScript ? [] : [warning([key, 0], 'is not #!/bin/sh: which shell runs it is left open')]
  })
}

const neededForImage: ReadonlyMap<unknown, string> = new Map([
  ['pull', 'name'],
  ['load', 'filename'],
])

function checkDocker({ docker }: Config, installer: Installer): readonly Finding[] {
  const images = isObject(docker) ? docker['images'] : undefined
  if (!Array.isArray(images) || isBefore(installer, '2.7')) return []
  return images.flatMap((image: unknown, index) => {
    const method = isObject(image) ? image['method'] : undefined
    const key = neededForImage.get(method)
    return !isObject(image) || key === undefined || key in image
      ? []
      : [error(['docker', 'images', index, key], `is missing: ${String(method)} needs it`)]
  })
}

/** 2.1 takes every value that begins with a dollar for a variable, and stops where none is set. */
function checkDynamic(config: Config, installer: Installer): readonly Finding[] {
  if (installer !== '2.1') return []
  const { password, shadow_password: shadow } = config
  const values: readonly (readonly [KeyPath, unknown])[] = [
    [['shadow_password'], shadow],
    [['password', 'text'], isObject(password) ? password['text'] : undefined],
  ]
  return values
    .filter(([, value]) => typeof value === 'string' && /^\$\d/.test(value))
    .map(([path]) =>
      warning(
        path,
        'begins with $, which 2.1 takes for a variable and stops: let preinstall export it as ' +
          "HASH='$6$…' and write $HASH here",
      ),
    )
}
