/**
 * Opens an image, whatever it is, as far as its file systems: an OVA, an OVF with its disks beside
 * it, a VMDK, a raw disk, an ISO, or a folder. Says what it is; knows nothing of booting.
 */
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { InputError, ProtocolError, unreadable } from '../../core/errors.ts'
import { visible } from '../../core/visible.ts'
import { type ByteSource, readExactly } from '../../wire/byte-source.ts'
import { latin1 } from '../../wire/bytes.ts'
import type { FolderNode } from '../../wire/disk/image-node.ts'
import { hasUdf } from '../../wire/disk/udf.ts'
import { type DiskVolume, readVolumes } from '../../wire/disk/volumes.ts'
import { diskFolder } from '../files/disk-folder.ts'
import { type OpenBeside, openDisk } from './disk-format.ts'
import type { Ovf } from './ovf.ts'
import { type OvfPackage, type PackageFiles, openOvfPackage, ovaFiles } from './ovf-package.ts'
import { SharedFiles } from './shared-files.ts'

export interface Disc extends DiskVolume {
  /** All its octets. */
  readonly whole: ByteSource
}

export interface ImageContents {
  /** `OVA with VMDK (streamOptimized)`, `raw disk`, `folder`. */
  readonly format: string
  /** The virtual machine that it was exported from. */
  readonly machine: (Ovf & { readonly checked: boolean }) | undefined
  readonly volumes: readonly DiskVolume[]
  /** The roots to look for boot files in. */
  readonly roots: readonly FolderNode[]
  /** The folder on disk, where it is one. */
  readonly folder: string | undefined
  /** A disc: made to be given away whole. */
  readonly disc: Disc | undefined
  /** A UDF is on it, which is not read. */
  readonly isUdf: boolean
  readonly files: SharedFiles
  readonly notes: readonly string[]
}

/** Throws InputError saying what is wrong with the image, and where; then nothing stays open. */
export async function openContents(path: string, signal?: AbortSignal): Promise<ImageContents> {
  const files = new SharedFiles(signal)
  try {
    return await open(path, files)
  } catch (error) {
    await files.release()
    throw refusalOf(path, error)
  }
}

/** What is wrong with the image, told of its path; any other error as it is. */
export function refusalOf(path: string, error: unknown): unknown {
  if (!(error instanceof ProtocolError)) return error
  return new InputError([`${path}: ${visible(error.message)}`])
}

async function open(path: string, files: SharedFiles): Promise<ImageContents> {
  const real = await realPathOf(path)
  if ((await stat(real)).isDirectory()) return openFolder(real, files)
  const beside: OpenBeside = (name) => files.open(join(dirname(real), basename(name)))
  if (extname(real).toLowerCase() === '.ovf') return openOvf(real, files)
  const file = await files.open(real)
  if (file === undefined) throw new InputError([`${path}: is no plain file`])
  if (file.size === 0) throw new InputError([`${path}: is empty`])
  if (await isTar(file)) return openPackage('OVA', await ovaFiles(file), files)
  const disk = await openDisk(file, beside)
  const { volumes, problems } = await readVolumes(disk.source)
  const [first] = volumes
  const isDisc = first?.publisher !== undefined
  const format = isDisc ? first.format : disk.format
  const isUdf = (isDisc || volumes.length === 0) && (await hasUdf(disk.source))
  const found = { ...contents({ format, volumes, notes: problems, files }), isUdf }
  return isDisc ? { ...found, disc: { ...first, whole: disk.source } } : found
}

async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    throw new InputError([`${path}: cannot be read: ${unreadable(error)}`])
  }
}

async function openFolder(folder: string, files: SharedFiles): Promise<ImageContents> {
  const ovf = (await readdir(folder)).find((name) => name.toLowerCase().endsWith('.ovf'))
  if (ovf !== undefined) return openOvf(join(folder, ovf), files)
  const root = diskFolder(folder)
  return { ...contents({ format: 'folder', volumes: [], notes: [], files }), roots: [root], folder }
}

/** The descriptor's neighbours are its package: no more of them than a package has. */
async function openOvf(path: string, files: SharedFiles): Promise<ImageContents> {
  const folder = dirname(path)
  const stem = basename(path).slice(0, -'.ovf'.length)
  const names = (await readdir(folder)).filter((name) => {
    const own = name === basename(path) || name.toLowerCase() === `${stem.toLowerCase()}.mf`
    return own || /\.(vmdk|img|iso|nvram)$/i.test(name)
  })
  const member: OpenBeside = async (name) =>
    names.includes(name) ? files.open(join(folder, name)) : undefined
  return openPackage('OVF', { names, open: member }, files)
}

async function openPackage(
  kind: 'OVA' | 'OVF',
  members: PackageFiles,
  files: SharedFiles,
): Promise<ImageContents> {
  const { ovf, checked, disks } = await openOvfPackage(members)
  const volumes: DiskVolume[] = []
  const notes: string[] = checked ? [] : ['it has no manifest: its files could not be checked']
  let format = ''
  for (const { name, source } of disks) {
    const disk = await openDisk(source, members.open)
    format ||= disk.format
    const found = await readVolumes(disk.source)
    volumes.push(...found.volumes)
    notes.push(...found.problems.map((problem) => `${name}: ${problem}`))
  }
  return {
    ...contents({ format: `${kind} with ${format}`, volumes, notes, files }),
    machine: { ...ovf, checked } satisfies Ovf & Pick<OvfPackage, 'checked'>,
  }
}

function contents(
  found: Pick<ImageContents, 'format' | 'volumes' | 'notes' | 'files'>,
): ImageContents {
  const roots = found.volumes.map(({ root }) => root)
  return { ...found, machine: undefined, folder: undefined, disc: undefined, isUdf: false, roots }
}

async function isTar(file: ByteSource): Promise<boolean> {
  if (file.size < 512) return false
  return latin1(await readExactly(file, 257, 5, 'tar')) === 'ustar'
}
