/**
 * Every key that a Photon kickstart can have: which installers know it and what it takes. To support
 * another one, add a row; the documentation's table is made from these.
 *
 * `known_keys` of each installer, and what the code behind it does with the value.
 */
import {
  type Field,
  type Format,
  anything,
  either,
  error,
  flag,
  isObject,
  listOf,
  mapOf,
  oneOf,
  orNull,
  preferably,
  record,
  secret,
  strictFlag,
  text,
  whole,
} from './formats.ts'
import { type Installer, type Known, knows } from './installers.ts'
import { network } from './network-format.ts'
import { partition } from './partition-format.ts'
import {
  device,
  environment,
  grubHash,
  hostname,
  packages,
  publicKey,
  repository,
} from './value-formats.ts'

export const flavors = ['linux', 'linux-esx', 'linux-aws', 'linux-secure', 'linux-rt'] as const

const checked: Known = { from: 'photon3.0' }
const listed: Known = { from: 'photon3.0-ga' }
const from = (installer: NonNullable<Known['from']>): Known => ({ from: installer })

const file = text('the name of a file')
const files = listOf(file, 'file names')
const lines = listOf(text('a line of text', /^[^\0]*$/), 'lines, the first of them #!/bin/sh')
const words = listOf(text('a word'), 'words')
const anyFlavor = oneOf(...flavors)
/** From 2.4 to 2.6 checked word by word: what a script fills in cannot be vouched for. */
const flavor: Format = (value, place) =>
  anyFlavor(value, {
    ...place,
    isDynamic: place.isDynamic && !knows(place.installer, { from: '2.4', until: '2.6' }),
  })
const diskSize = whole(1, 1e9, 'megabytes, a whole number')

const disk = record({
  device: { format: device },
  filename: { format: file },
  size: { format: diskSize },
  sector_size: { format: anything, known: from('2.8') },
})

const passwordParts = record({
  crypted: { format: flag },
  text: { format: secret('text without ":" and line breaks', /^[^:\n\r\0]*$/) },
  age: { format: whole(-1, 99_999, 'days, 0 for "change it at once" or -1 for never') },
})

/** Somebody may have written the password itself, which is not for a message. */
const password: Format = (value, place) =>
  isObject(value)
    ? passwordParts(value, place)
    : [error(place.path, 'must be an object with crypted and text')]

const ostree = record({
  default_repo: { format: flag },
  repo_url: { format: text('a URL') },
  repo_ref: { format: text('a branch such as photon/3.0/x86_64/minimal') },
  path: { format: file },
})

const playbook = record({
  playbook: { format: file, isRequired: true },
  verbosity: { format: whole(0, 6, 'a whole number from 0 to 6') },
  'extra-vars': { format: oneOrMore('NAME=VALUE or @FILE') },
  tags: { format: oneOrMore('a tag') },
  'skip-tags': { format: oneOrMore('a tag') },
  logfile: { format: orNull(file) },
})

const dockerImage = record({
  method: { format: oneOf('pull', 'load'), isRequired: true },
  name: { format: text('the name of an image') },
  filename: { format: file },
  tags: { format: words },
  'drop-tag': { format: flag },
})

const archive = record({
  filename: { format: file },
  root: { format: file },
  skip_mounts: { format: flag },
  exclude_paths: { format: files },
})

const security = record({
  selinux: { format: orNull(oneOf('enforcing', 'permissive', 'disabled')) },
  fips: { format: orNull(strictFlag) },
})

const filePair = mapOf(text('where it goes, from /', /^\/[^\0]*$/), 'one pair, SOURCE: DESTINATION')

export const kickstartKeys = {
  disk: { format: device },
  disks: { known: from('2.4'), format: mapOf(disk, 'an object of disks, one of them default') },
  partitions: { known: from('photon1.0'), format: listOf(partition, 'partitions') },
  partition_type: { known: checked, format: oneOf('gpt', 'msdos') },
  bootmode: { known: checked, format: oneOf('bios', 'efi', 'dualboot') },
  arch: { known: checked, format: oneOf('x86_64', 'aarch64') },
  hostname: { format: hostname },
  password: { format: password },
  shadow_password: { known: checked, format: secret('a hash', /^[^:\n\r\0]*$/) },
  public_key: { format: publicKey },
  packagelist_file: { known: listed, format: file },
  packagelist_files: { known: from('2.7'), format: files },
  packages: { known: checked, format: packages },
  additional_packages: { format: packages },
  packages_x86_64: { known: from('2.4'), format: packages },
  packages_aarch64: { known: from('2.4'), format: packages },
  linux_flavor: { known: checked, format: flavor },
  linux_flavor_x86_64: { known: from('2.4'), format: flavor },
  linux_flavor_aarch64: { known: from('2.4'), format: flavor },
  install_linux_esx: { known: { from: 'photon2.0', until: '2.3' }, format: flag },
  network: { known: checked, format: network },
  postinstall: { format: lines },
  postinstallscripts: { known: checked, format: files },
  preinstall: { known: from('2.1'), format: lines },
  preinstallscripts: { known: from('2.1'), format: files },
  prepkgsinstall: { known: from('2.8'), format: lines },
  prepkgsinstallscripts: { known: from('2.8'), format: files },
  firstboot: { known: from('2.8'), format: record({ scripts: { format: files } }) },
  services: {
    known: from('2.9'),
    format: mapOf(oneOf('enabled', 'disabled', 'masked'), 'services by name'),
  },
  additional_files: { known: checked, format: listOf(filePair, 'pairs SOURCE: DESTINATION') },
  additional_rpms_path: { known: checked, format: file },
  search_path: { known: checked, format: files },
  repos: { known: from('2.2'), format: mapOf(repository, 'repositories by id') },
  insecure_repo: { known: { from: '2.7', and: ['photon3.0'] }, format: flag },
  environment: { known: from('2.8'), format: environment },
  security: { known: from('2.8'), format: security },
  grub: {
    known: from('2.9'),
    format: record({
      password_pbkdf2: { format: orNull(grubHash) },
      user: { format: text('a name') },
    }),
  },
  docker: {
    known: from('2.7'),
    format: record({ images: { format: listOf(dockerImage, 'images') } }),
  },
  ansible: { known: from('2.6'), format: listOf(playbook, 'playbooks') },
  ostree: { known: { from: 'photon3.0', until: '2.8' }, format: ostree },
  build_mounts: { known: from('2.8'), format: mapOf(text('a path'), 'an object of paths') },
  archives: { known: from('2.9'), format: listOf(archive, 'archives') },
  plugins: { known: from('2.9'), format: words },
  dps: { known: from('2.8'), format: flag },
  setup_grub_script: { known: listed, format: file },
  user_grub_cfg_file: { known: from('2.7'), format: file },
  manifest_file: { known: from('2.7'), format: file },
  tdnf_cachedir: { known: from('2.7'), format: orNull(file) },
  no_clean: { known: from('2.7'), format: flag },
  no_unmount: { known: from('2.6'), format: flag },
  live: { known: checked, format: flag },
  eject_cdrom: { known: { from: 'photon2.0' }, format: flag },
  ui: { known: checked, format: flag },
  log_level: { known: checked, format: preferably(oneOf('error', 'warning', 'info', 'debug')) },
  photon_docker_image: { known: checked, format: text('the name of an image') },
  type: { format: text('a word') },
  autopartition: { known: checked, format: anything },
  docker_partition_size: { known: { until: 'tp2' }, format: anything },
  swap_partition_size: { known: { until: 'tp2' }, format: anything },
  insecure_installation: { known: { from: '2.0', until: '2.0' }, format: anything },
  photon_release_version: { known: { from: '2.0', until: '2.0' }, format: anything },
  release_version: { known: { from: 'photon3.0', until: 'photon3.0' }, format: anything },
} as const satisfies Readonly<Record<string, Field>>
export type KickstartKey = keyof typeof kickstartKeys

function oneOrMore(what: string): Format {
  return either(text(what), listOf(text(what), `${what}s`), (value) => !Array.isArray(value))
}

/** The row of a key; undefined for one that no installer knows. */
export function fieldOf(key: string): Field | undefined {
  return Object.entries(kickstartKeys).find(([name]) => name === key)?.[1]
}

/** The keys that this installer takes. */
export function keysOf(installer: Installer): readonly string[] {
  const rows: readonly (readonly [string, Field])[] = Object.entries(kickstartKeys)
  return rows.flatMap(([name, { known = {} }]) => (knows(installer, known) ? [name] : []))
}
