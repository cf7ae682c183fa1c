/**
 * The installers that Photon OS has had, oldest first, and which one a release carries. Their
 * kickstarts differ: each key says from which installer to which it is known.
 *
 * vmware/photon (branches release-1.0TP2, 1.0, 2.0, 3.0), vmware/photon-os-installer (tags v1.0 to
 * v2.9, master).
 */

/** The first four read a kickstart without checking it. */
export const installers = [
  'tp2',
  'photon1.0',
  'photon2.0',
  'photon3.0-ga',
  'photon3.0',
  '1.0',
  '2.0',
  '2.1',
  '2.2',
  '2.3',
  '2.4',
  '2.5',
  '2.6',
  '2.7',
  '2.8',
  '2.9',
  'master',
] as const
export type Installer = (typeof installers)[number]

/** What people call a release, and the installer on its ISO. */
export interface Release {
  readonly name: string
  readonly installer: Installer
  readonly says: string
}

export const releases: readonly Release[] = [
  { name: '1.0-tp2', installer: 'tp2', says: 'Photon OS 1.0, Technical Preview 2 (2015)' },
  { name: 'photon1.0', installer: 'photon1.0', says: 'Photon OS 1.0' },
  { name: 'photon2.0', installer: 'photon2.0', says: 'Photon OS 2.0' },
  { name: '3.0-ga', installer: 'photon3.0-ga', says: 'Photon OS 3.0 until August 2019' },
  { name: '3.0', installer: 'photon3.0', says: 'Photon OS 3.0, revision 2 and 3' },
  {
    name: '4.0',
    installer: '2.0',
    says: 'Photon OS 4.0 as released; patched 1.0 that reads as 2.0',
  },
  { name: '5.0-beta', installer: '2.0', says: 'Photon OS 5.0 beta' },
  { name: '5.0-rc', installer: '2.2', says: 'Photon OS 5.0 release candidate' },
  { name: '5.0', installer: '2.3', says: 'Photon OS 5.0 as released; later ISOs carry newer ones' },
  { name: '6.0', installer: '2.7', says: 'Photon OS 6.0' },
]

/** By its own name or by that of a release, `photon5.0` and `v2.3` too; undefined when unknown. */
export function findInstaller(name: string): Installer | undefined {
  const word = name.toLowerCase().replace(/^v(?=\d)/, '')
  const own = installers.find((installer) => installer === word)
  return (
    own ??
    releases.find((release) => [release.name, `photon${release.name}`].includes(word))?.installer
  )
}

/** Which installers know something; with nothing said, all of them. */
export interface Known {
  readonly from?: Installer
  readonly until?: Installer
  /** Ones beside that range. */
  readonly and?: readonly Installer[]
}

export function knows(installer: Installer, known: Known): boolean {
  return known.and?.includes(installer) === true || isWithin(installer, known)
}

function isWithin(installer: Installer, { from = 'tp2', until = 'master' }: Known): boolean {
  return !isBefore(installer, from) && !isBefore(until, installer)
}

export function isBefore(installer: Installer, other: Installer): boolean {
  return installers.indexOf(installer) < installers.indexOf(other)
}

/** Whether it checks a kickstart before it touches a disk, and refuses keys that it does not know. */
export function isStrict(installer: Installer): boolean {
  return !isBefore(installer, 'photon3.0')
}

/** `from 2.4 on`, `up to 2.3`, `only in 2.0`, `in photon3.0 and from 2.7 on`. */
export function knownText({ from, until, and = [] }: Known): string {
  const range = rangeText(from, until)
  if (and.length === 0) return range
  return `in ${and.join(', ')}${range === '' ? '' : ` and ${range}`}`
}

function rangeText(from?: Installer, until?: Installer): string {
  if (from !== undefined && from === until) return `only in ${from}`
  const parts = [
    from === undefined ? '' : `from ${from} on`,
    until === undefined ? '' : `up to ${until}`,
  ]
  return parts.filter((part) => part !== '').join(' ')
}
