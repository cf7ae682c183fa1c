/**
 * Which installer a Photon image carries. The release tells it roughly, since later ISOs of a
 * release carry newer ones; the keys that the installer itself knows tell it well. The version in
 * its Python package does not: built outside of git, all from 2.3 to 2.9 call themselves 2.2.
 *
 * vmware/photon (`installer/` of the branches 1.0TP2 to 3.0), vmware/photon-os-installer
 * (`known_keys` and version.py of each tag).
 */
import {
  type Installer,
  installers,
  isBefore,
  isStrict,
  releases,
} from '../kickstart/installers.ts'
import { keysOf } from '../kickstart/kickstart-keys.ts'

/** What was seen in the initrd. */
export interface InstallerTraces {
  /** The text of `installer.py`; undefined where it was not found. */
  readonly source: string | undefined
  /** Names of the files beside it. */
  readonly names: ReadonlySet<string>
}

/** Before keys were checked: a file that only these and later installers have. Newest first. */
const milestones: readonly (readonly [file: string, installer: Installer])[] = [
  ['iso_config.py', 'photon3.0-ga'],
  ['linuxselector.py', 'photon2.0'],
  ['EULA.txt', 'photon1.0'],
  ['isoInstaller.py', 'tp2'],
]

/** Which installer this is; of several with the same keys that of the release, else the oldest. */
export function installerIn(
  { source, names }: InstallerTraces,
  release: Installer | undefined,
): Installer | undefined {
  const keys = source === undefined ? undefined : knownKeys(source)
  if (keys === undefined) return milestones.find(([file]) => names.has(file))?.[1]
  const nearest = nearestTo(keys)
  return nearest.find((one) => one === release) ?? nearest[0]
}

/** The words in the installer's list of keys; undefined where it has none. */
function knownKeys(source: string): ReadonlySet<string> | undefined {
  const list = /\bknown_keys\s*=\s*[[({]([^\])}]*)/.exec(source)?.[1]
  if (list === undefined) return undefined
  const words = Array.from(list.matchAll(/['"](\w+)['"]/g), ([, word = '']) => word)
  return words.length === 0 ? undefined : new Set(words.filter(isOwn))
}

/** From 2.8 on, variants by processor are not in the list. */
function isOwn(key: string): boolean {
  return !/_(x86_64|aarch64)$/.test(key)
}

/** The installers whose keys differ least: distributions patch theirs. Oldest first. */
function nearestTo(keys: ReadonlySet<string>): readonly Installer[] {
  const rated = installers.filter(isStrict).map((installer) => {
    const own = new Set(keysOf(installer).filter(isOwn))
    return { installer, difference: lacking(own, keys) + lacking(keys, own) }
  })
  const least = Math.min(...rated.map(({ difference }) => difference))
  return rated.flatMap(({ installer, difference }) => (difference === least ? [installer] : []))
}

/** How many of the one the other does not have. */
function lacking(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  return [...one].filter((key) => !other.has(key)).length
}

/**
 * By what the packages on the ISO are called: `photon-release-5.0-1.ph5`. The technical preview calls
 * itself 1.2. Undefined for a release that is not known.
 */
export function installerOfRelease(version: string | undefined): Installer | undefined {
  const word = version === '1.2' ? '1.0-tp2' : version
  return releases.find(({ name }) => name === word || name === `photon${word}`)?.installer
}

/** Whether it asks for `insecure_installation=1` before it takes a kickstart without TLS. */
export function wantsInsecure(installer: Installer): boolean {
  return isStrict(installer)
}

/** Whether it knows `repos=`, and calls `repo=` a thing of the past. */
export function knowsRepos(installer: Installer): boolean {
  return !isBefore(installer, '2.2')
}
