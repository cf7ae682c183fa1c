/** One entry of `partitions`: its keys, and what a single partition must be by itself. */
import {
  type Finding,
  type Format,
  type Place,
  either,
  error,
  flag,
  isObject,
  listOf,
  oneOf,
  orNull,
  record,
  text,
  warning,
  whole,
} from './formats.ts'
import { type Installer, isBefore } from './installers.ts'
import { device } from './value-formats.ts'

const word = text('a word', /^[^\s\0]+$/)
const labelText = text('a label')
const option = text('options, comma-separated')
const optionList = either(option, listOf(option, 'options'), (value) => typeof value === 'string')
/** Up to 2.3 they are split as text. */
const options: Format = (value, place) =>
  isBefore(place.installer, '2.4') ? option(value, place) : optionList(value, place)
const mountpoint = orNull(text('a folder from / on', /^(?:\/[^\0]*)?$/))
/** A mistake of the installers from 2.8 on makes true a number; none means it. */
const size = whole(0, 1e9, 'megabytes, a whole number; 0 for all that is left')
const percent = whole(1, 100, 'a whole number from 1 to 100')

const filesystems = ['ext4', 'ext3', 'ext2', 'xfs', 'btrfs', 'vfat', 'swap', 'bios'] as const
/** Filled while the image is made. */
const readOnlyFilesystems = ['squashfs', 'erofs'] as const

const subvolume: Format = (value, place) => subvolumeShape(value, place)
const subvolumes = listOf(subvolume, 'subvolumes')
const subvolumeShape = record({
  name: { format: text('a name'), isRequired: true },
  mountpoint: { format: mountpoint },
  label: { format: labelText },
  fs_options: { format: options },
  subvols: { format: (value, place) => subvolumes(value, place) },
})

const filesystem: Format = (value, place) => {
  if (value === null && !isBefore(place.installer, '2.8')) return []
  const more = place.installer === 'master' ? readOnlyFilesystems : []
  return oneOf(...filesystems, ...more)(value, place)
}

const shape = record({
  mountpoint: { format: mountpoint },
  size: { format: size },
  sizepercent: { format: percent, known: { from: '2.2' } },
  filesystem: { format: filesystem },
  disk: { format: device, known: { from: 'photon3.0' } },
  disk_id: { format: word, known: { from: '2.4' } },
  fs_options: { format: options, known: { from: 'photon3.0' } },
  mkfs_options: { format: options, known: { from: '2.1' } },
  lvm: {
    format: record({
      vg_name: { format: word, isRequired: true },
      lv_name: { format: word, isRequired: true },
    }),
    known: { from: 'photon3.0' },
  },
  btrfs: {
    format: record({ label: { format: labelText }, subvols: { format: subvolumes } }),
    known: { from: '2.1' },
  },
  ab: { format: flag, known: { from: '2.1' } },
  all_disk: { format: flag, known: { from: '2.8' } },
  mount_by: { format: oneOf('partuuid', 'uuid', 'partlabel', 'label'), known: { from: '2.8' } },
  label: { format: labelText, known: { from: '2.8' } },
  partlabel: { format: labelText, known: { from: '2.8' } },
  readonly: { format: flag, known: { from: '2.8' } },
  no_build_mount: { format: flag, known: { from: '2.8' } },
  type: { format: text('a code of sgdisk such as 8300', /^[0-9A-Fa-f]{4}$|^[0-9A-Fa-f-]{36}$/) },
})

export const partition: Format = (value, place) =>
  isObject(value)
    ? [...shape(value, place), ...checkPartition(value, place)]
    : [error(place.path, 'must be an object with mountpoint, size and filesystem')]

type Config = Readonly<Record<string, unknown>>

function checkPartition(one: Config, place: Place): readonly Finding[] {
  return [
    ...checkSize(one, place),
    ...checkFilesystem(one, place),
    ...checkMount(one, place),
    ...(isSet(one['ab']) && isSet(one['lvm']) && !isBefore(place.installer, '2.1')
      ? [error([...place.path, 'ab'], 'cannot be with lvm: a logical volume has no second copy')]
      : []),
  ]
}

function checkSize(one: Config, { path, installer }: Place): readonly Finding[] {
  const hasPercent = 'sizepercent' in one && !isBefore(installer, '2.2')
  if ('size' in one && hasPercent) {
    return [error([...path, 'sizepercent'], 'cannot be with size: only one of them')]
  }
  if ('size' in one || hasPercent || hasWholeDisk(one, installer)) return []
  const allowed = isBefore(installer, '2.2')
    ? `megabytes (sizepercent is known from 2.2 on, not to ${installer})`
    : 'size in megabytes or sizepercent'
  return [error([...path, 'size'], `is missing, allowed: ${allowed}`)]
}

export function hasWholeDisk(one: Config, installer: Installer): boolean {
  return isSet(one['all_disk']) && !isBefore(installer, '2.8')
}

function checkFilesystem(one: Config, { path, installer }: Place): readonly Finding[] {
  const at = [...path, 'filesystem']
  const { mountpoint: folder, filesystem: kind, lvm } = one
  if (folder === '/boot' && lvm !== undefined) {
    return [error([...path, 'lvm'], 'cannot hold /boot: the boot loader does not read LVM')]
  }
  if (folder === '/boot/efi' && kind !== 'vfat') {
    const says = 'must be vfat: the firmware reads nothing else'
    return [isBefore(installer, '2.2') && kind !== undefined ? warning(at, says) : error(at, says)]
  }
  return kind === undefined && isBefore(installer, '2.4')
    ? [error(at, `is missing: ${installer} has no default, from 2.4 on it is ext4`)]
    : []
}

/** What is mounted by nobody, or by a name that it does not have. */
function checkMount(one: Config, { path, installer }: Place): readonly Finding[] {
  const { mountpoint: folder, filesystem: kind, mount_by: by } = one
  const needsFolder = !['swap', 'bios', null].some((other) => other === kind)
  const hasFolder = typeof folder === 'string' && folder !== ''
  const isNamed = typeof by === 'string' && by.endsWith('label') && !isBefore(installer, '2.8')
  const label = isNamed ? by : undefined
  return [
    ...(needsFolder && !hasFolder && !hasWholeDisk(one, installer)
      ? [error([...path, 'mountpoint'], 'is missing: only swap goes without')]
      : []),
    ...(label === undefined || label in one
      ? []
      : [error([...path, label], 'is missing: mount_by asks for it')]),
  ]
}

/** As Python takes it in an `if`. */
export function isSet(value: unknown): boolean {
  if (isObject(value)) return Object.keys(value).length > 0
  return Boolean(value) && !(Array.isArray(value) && value.length === 0)
}
