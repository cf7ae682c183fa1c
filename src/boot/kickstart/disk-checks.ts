/**
 * How the disks and the partitions of a kickstart must fit each other. What a partition must be by
 * itself is in partition-format.ts.
 */
import { type Finding, type KeyPath, error, isObject, warning } from './formats.ts'
import { type Installer, isBefore } from './installers.ts'
import { hasWholeDisk, isSet } from './partition-format.ts'

type Config = Readonly<Record<string, unknown>>

export function checkDisks(config: Config, installer: Installer): readonly Finding[] {
  const { disk, disks, partitions } = config
  const takesSeveral = !isBefore(installer, '2.4')
  const choice = takesSeveral ? 'disk (or disks)' : 'disk'
  const isMissing = disk === undefined && (disks === undefined || !takesSeveral)
  return [
    ...(isMissing ? [error(['disk'], `is missing: ${choice} says what is wiped`)] : []),
    ...(disk !== undefined && disks !== undefined
      ? [error(['disks'], 'cannot be with disk: only one of them')]
      : []),
    ...(isObject(disks) && takesSeveral ? checkSeveral(disks, installer) : []),
    ...(Array.isArray(partitions) ? checkPartitions(partitions, config, installer) : []),
  ]
}

function checkSeveral(disks: Config, installer: Installer): readonly Finding[] {
  return [
    ...('default' in disks
      ? []
      : [error(['disks', 'default'], 'is missing: one disk has the id default')]),
    ...Object.entries(disks).flatMap(([id, disk]) => checkOne(disk, ['disks', id], installer)),
  ]
}

function checkOne(disk: unknown, path: KeyPath, installer: Installer): readonly Finding[] {
  if (!isObject(disk) || 'device' in disk) return []
  if (!('filename' in disk)) {
    return [error(path, 'has neither device nor filename')]
  }
  const { sector_size: sector } = disk
  return [
    ...('size' in disk ? [] : [error([...path, 'size'], 'is missing: a file needs one')]),
    ...(isBefore(installer, '2.8') || [undefined, 512, 4096].some((one) => one === sector)
      ? []
      : [error([...path, 'sector_size'], 'must be 512 or 4096')]),
    warning(path, 'is a file: nothing on the machine itself is written'),
  ]
}

/** A partition that is an object, with its place. */
interface Part {
  readonly config: Config
  readonly path: KeyPath
  /** What the installer counts by: the disk's id, or up to 2.3 its path. */
  readonly disk: string
}

function checkPartitions(
  list: readonly unknown[],
  config: Config,
  installer: Installer,
): readonly Finding[] {
  const parts = list.flatMap((one, index): Part[] =>
    isObject(one)
      ? [{ config: one, path: ['partitions', index], disk: diskOf(one, config, installer) }]
      : [],
  )
  return [
    ...(parts.some((part) => part.config['mountpoint'] === '/')
      ? []
      : [error(['partitions'], 'has none with mountpoint /')]),
    ...checkMountpoints(parts, installer),
    ...checkGrowing(parts),
    ...(isBefore(installer, '2.2') ? [] : checkShares(parts)),
    ...(isBefore(installer, '2.4') ? [] : checkIds(parts, config)),
    ...(isBefore(installer, '2.8') ? [] : checkWholeDisks(parts, installer)),
  ]
}

function diskOf(part: Config, config: Config, installer: Installer): string {
  return isBefore(installer, '2.4')
    ? textOf(part['disk'] ?? config['disk'])
    : textOf(part['disk_id'] ?? 'default')
}

/** What is no text is told by its format. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** 3.0 mounts one over the other; all others refuse. */
function checkMountpoints(parts: readonly Part[], installer: Installer): readonly Finding[] {
  const seen = new Set<unknown>()
  const say = isBefore(installer, '1.0') ? warning : error
  return parts.flatMap(({ config, path }) => {
    const { mountpoint: folder } = config
    if (typeof folder !== 'string' || folder === '') return []
    const isSecond = seen.has(folder)
    seen.add(folder)
    return isSecond ? [say([...path, 'mountpoint'], `is ${folder} a second time`)] : []
  })
}

/** Only one partition of a disk can take what is left. */
function checkGrowing(parts: readonly Part[]): readonly Finding[] {
  const growing = parts.filter(({ config }) => config['size'] === 0)
  return growing.flatMap(({ disk, path }, index) =>
    growing.findIndex((other) => other.disk === disk) === index
      ? []
      : [error([...path, 'size'], `is 0 a second time: one partition of disk ${disk} can grow`)],
  )
}

/** A partition that is kept twice counts twice, and the boot partitions need room, too. */
function checkShares(parts: readonly Part[]): readonly Finding[] {
  return [...Map.groupBy(parts, ({ disk }) => disk)].flatMap(([disk, own]) => {
    const total = own.reduce((sum, { config }) => sum + shareOf(config), 0)
    const hasMore = own.some(
      ({ config }) => Number(config['size']) > 0 || config['mountpoint'] === '/',
    )
    if (total < 100 || (total === 100 && !hasMore)) return []
    const says = `takes ${total} percent of disk ${disk}, and there are 100 for all that is on it`
    return [error(['partitions'], says)]
  })
}

function shareOf({ sizepercent: share, ab }: Config): number {
  if (typeof share !== 'number') return 0
  return isSet(ab) ? share * 2 : share
}

function checkIds(parts: readonly Part[], config: Config): readonly Finding[] {
  const { disks } = config
  const ids = isObject(disks) ? Object.keys(disks) : ['default']
  return parts.flatMap(({ config: part, disk, path }) => [
    ...('disk' in part && disks !== undefined
      ? [error([...path, 'disk'], 'cannot be with disks: name the disk by disk_id')]
      : []),
    ...('disk_id' in part && !ids.includes(disk)
      ? [error([...path, 'disk_id'], `names no disk; there are ${ids.join(', ')}`)]
      : []),
  ])
}

/** In the order of the file, as the installers go through it. */
function checkWholeDisks(parts: readonly Part[], installer: Installer): readonly Finding[] {
  const used = new Map<string, { isWhole: boolean; group: unknown }>()
  return parts.flatMap((part): readonly Finding[] => {
    const isWhole = hasWholeDisk(part.config, installer)
    const before = used.get(part.disk)
    const group = groupOf(part.config)
    const clash =
      before !== undefined && (isWhole || before.isWhole) ? clashOf(before.group, group) : undefined
    used.set(part.disk, {
      isWhole: isWhole || before?.isWhole === true,
      group: isWhole && group !== undefined ? group : before?.group,
    })
    return [
      ...(clash === undefined ? [] : [error(part.path, `${clash} on disk ${part.disk}`)]),
      ...(isWhole ? checkWholeDisk(part) : []),
    ]
  })
}

function clashOf(before: unknown, own: unknown): string | undefined {
  if (own === undefined || before === undefined) return 'is beside all_disk, which takes everything'
  return own === before ? undefined : 'is beside all_disk in another volume group'
}

function checkWholeDisk({ config, path, disk }: Part): readonly Finding[] {
  const at = [...path, 'all_disk']
  return [
    ...(disk === 'default'
      ? [error(at, 'cannot be for the default disk: that holds the system in partitions')]
      : []),
    ...(isSet(config['ab']) ? [error(at, 'cannot be with ab, which needs partitions')] : []),
  ]
}

function groupOf(part: Config): unknown {
  const { lvm } = part
  return isObject(lvm) ? lvm['vg_name'] : undefined
}
