/**
 * What TinyVM takes from Debian: kernel, modules, busybox and the programs of the table, each with
 * its licence. Kept in a folder of their own, so that a changed script of ours is a new image without
 * another 110 MB of kernel package.
 */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, readlink, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SystemError } from '../../core/errors.ts'
import { PackageArchive, type UnpackedPackage } from '../apt.ts'
import { sayDifference, sha256, writeWhole } from '../package-files.ts'
import type { Edition } from './editions.ts'
import { type ModuleFile, collectModules } from './modules.ts'
import { type ProgramFile, collectPrograms, programs } from './programs.ts'

/** The parts' own list, `parts.json`. */
export interface Parts {
  /** Digest of the tables that say what is taken. */
  readonly wanted: string
  /** `uname -r`: `6.12.107+deb13-amd64`. */
  readonly release: string
  readonly packages: readonly { readonly package: string; readonly version: string }[]
  readonly modules: readonly ModuleFile[]
  /** Paths in the image: `usr/sbin/nginx`; the early ones belong into the initrd. */
  readonly programs: readonly Pick<ProgramFile, 'path' | 'early'>[]
}

/** The parts, fetched if they are not there or belong to other tables. */
export async function ensureParts(archive: PackageArchive, edition: Edition): Promise<Parts> {
  const present = await readParts(edition)
  if (present !== undefined) return present
  if (!PackageArchive.available) {
    throw new SystemError(
      'this machine has no apt-get and dpkg-deb: TinyVM cannot be built here. Build it on a Debian ' +
        `machine ("npm run setup") and copy its ${basename(edition.image)}/ to ${edition.image}/`,
    )
  }
  const aside = `${edition.parts}.${process.pid}.part`
  await rm(aside, { recursive: true, force: true })
  try {
    const parts = await takeParts(archive, edition, aside)
    await writeWhole(join(aside, 'parts.json'), `${JSON.stringify(parts, undefined, 1)}\n`)
    await rm(edition.parts, { recursive: true, force: true })
    await rename(aside, edition.parts)
    return parts
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function readParts(edition: Edition): Promise<Parts | undefined> {
  const path = join(edition.parts, 'parts.json')
  if (!existsSync(path)) return undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file
  const parts = JSON.parse(await readFile(path, 'utf8')) as Parts
  return parts.wanted === digestOf(edition) ? parts : undefined
}

function digestOf({ modules }: Edition): string {
  return sha256(JSON.stringify([modules, programs]))
}

async function takeParts(
  archive: PackageArchive,
  edition: Edition,
  folder: string,
): Promise<Parts> {
  const { kernel, busybox, release } = await takeKernel(archive, edition, folder)
  const { files, packages } = await collectPrograms(archive, programs)
  for (const { path, from } of files) await take(from, join(folder, 'programs', path))
  const modulesFolder = firstOf(kernel, [`usr/lib/modules/${release}`, `lib/modules/${release}`])
  const modules = await collectModules(modulesFolder, edition.modules)
  for (const { path } of modules) await take(join(modulesFolder, path), join(folder, path))
  const all = [kernel, busybox, ...packages]
  const known = new Map(all.map((source) => [source.name, source]))
  for (const source of all) {
    await take(await licenceOf(source, known, archive), join(folder, 'licences', source.name))
  }
  return {
    wanted: digestOf(edition),
    release,
    packages: all.map(({ name, version }) => ({ package: name, version })),
    modules,
    programs: files.map(({ path, early }) => ({ path, early })),
  }
}

interface Kernel {
  readonly kernel: UnpackedPackage
  readonly busybox: UnpackedPackage
  readonly release: string
}

async function takeKernel(
  archive: PackageArchive,
  edition: Edition,
  folder: string,
): Promise<Kernel> {
  const name = (await archive.dependencies(edition.kernel))[0] ?? edition.kernel
  const [kernel, busybox] = await archive.fetch([name, 'busybox-static'])
  if (kernel === undefined || busybox === undefined) throw new SystemError('a package is missing')
  sayDifference(kernel, edition.tested)
  const release = name.replace('linux-image-', '')
  const program = firstOf(busybox, ['usr/bin/busybox', 'bin/busybox'])
  await take(program, join(folder, 'busybox'))
  await take(join(kernel.root, 'boot', `vmlinuz-${release}`), join(folder, 'vmlinuz'))
  return { kernel, busybox, release }
}

function firstOf({ name, root }: UnpackedPackage, paths: readonly string[]): string {
  const path = paths.map((one) => join(root, one)).find((one) => existsSync(one))
  if (path === undefined) throw new SystemError(`${name} has none of ${paths.join(', ')}`)
  return path
}

/**
 * Some packages' folder of documents is a link to that of the package they were built with, which is
 * fetched for it once.
 */
async function licenceOf(
  { name, root }: UnpackedPackage,
  known: Map<string, UnpackedPackage>,
  archive: PackageArchive,
): Promise<string> {
  const folder = join(root, 'usr/share/doc', name)
  const link = await readlink(folder).catch(() => undefined)
  if (link === undefined) return join(folder, 'copyright')
  const other = basename(link)
  const source = known.get(other) ?? (await archive.fetch([other]))[0]
  if (source === undefined)
    throw new SystemError(`${name} has its licence in ${other}, a package that is missing`)
  known.set(other, source)
  return join(source.root, 'usr/share/doc', other, 'copyright')
}

async function take(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
}
