/**
 * Files out of Debian packages into one folder, as a table says, with a manifest that names for
 * each the package, its version and its licence. A file that is already there is never touched:
 * people may bring their own. Written aside, then renamed: a file that is there is whole.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SystemError } from '../core/errors.ts'
import { PackageArchive, type UnpackedPackage } from './apt.ts'
import { say } from './progress.ts'

/** What is taken from one package. */
export interface PackageRow {
  readonly package: string
  /** The version that was tested; another one is used, and said. */
  readonly tested: string
  /** Short name of the licence; the package's copyright file goes to `licences/`. */
  readonly licence: string
  /** Another package, whose copyright file in `licences/` covers these files: this one has none. */
  readonly copyright?: string
  /** Name here → path in the package. */
  readonly files: Readonly<Record<string, string>>
}

/** One file in `manifest.json`. */
interface ManifestFile {
  readonly file: string
  readonly package: string
  readonly version: string
  readonly tested: string
  readonly licence: string
  /** The file in this folder that has it whole. */
  readonly copyright: string
  readonly size: number
  readonly sha256: string
}

/** The names of a table that are not in the folder. */
function missingFiles(folder: string, rows: readonly PackageRow[]): string[] {
  return rows
    .flatMap((row) => Object.keys(row.files))
    .filter((name) => !existsSync(join(folder, name)))
}

/** Fetches what is missing, if anything is. */
export async function ensurePackageFiles(
  archive: Pick<PackageArchive, 'fetch'>,
  folder: string,
  rows: readonly PackageRow[],
): Promise<void> {
  const missing = new Set(missingFiles(folder, rows))
  if (missing.size === 0) return
  if (!PackageArchive.available) throw new SystemError(bringYourOwn(folder, rows, missing))
  const needed = neededRows(folder, rows, missing)
  const packages = await archive.fetch(needed.map((row) => row.package))
  const added: ManifestFile[] = []
  for (const [index, row] of needed.entries()) {
    const source = packages[index]
    if (source === undefined) continue
    sayDifference(source, row.tested)
    added.push(...(await takeFiles(folder, row, { source, missing })))
  }
  await writeManifest(folder, added)
}

/** Those with a missing file, and those whose copyright file one of them needs and is not here. */
function neededRows(
  folder: string,
  rows: readonly PackageRow[],
  missing: ReadonlySet<string>,
): PackageRow[] {
  const incomplete = rows.filter((row) => Object.keys(row.files).some((name) => missing.has(name)))
  const papers = new Set(
    incomplete
      .filter((row) => !existsSync(join(folder, copyrightOf(row))))
      .map((row) => row.copyright),
  )
  return rows.filter((row) => incomplete.includes(row) || papers.has(row.package))
}

function copyrightOf(row: PackageRow): string {
  return `licences/${row.copyright ?? row.package}`
}

/** Tells of a version other than the one that was tested. */
export function sayDifference(
  { name, version }: Pick<UnpackedPackage, 'name' | 'version'>,
  tested: string,
): void {
  if (version === tested) return
  say(`${name} ${version} is not the version that was tested (${tested}); used anyway`)
}

interface Taking {
  readonly source: UnpackedPackage
  readonly missing: ReadonlySet<string>
}

async function takeFiles(
  folder: string,
  row: PackageRow,
  { source, missing }: Taking,
): Promise<ManifestFile[]> {
  const copyright = copyrightOf(row)
  if (row.copyright === undefined) {
    const from = join(source.root, 'usr/share/doc', row.package, 'copyright')
    await copyWhole(from, join(folder, copyright))
  }
  const taken: ManifestFile[] = []
  for (const [name, path] of Object.entries(row.files)) {
    if (!missing.has(name)) continue
    const from = join(source.root, path)
    if (!existsSync(from)) {
      throw new SystemError(
        `${row.package} ${source.version} has no ${path}: it was tested with ${row.tested}`,
      )
    }
    const octets = await readFile(from)
    await copyWhole(from, join(folder, name))
    taken.push({
      file: name,
      package: row.package,
      version: source.version,
      tested: row.tested,
      licence: row.licence,
      copyright,
      size: octets.length,
      sha256: sha256(octets),
    })
  }
  return taken
}

async function copyWhole(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  const aside = `${to}.${process.pid}.part`
  await copyFile(from, aside)
  await rename(aside, to)
}

async function writeManifest(folder: string, added: readonly ManifestFile[]): Promise<void> {
  const path = join(folder, 'manifest.json')
  const names = new Set(added.map(({ file }) => file))
  const kept = (await readManifest(path)).filter(({ file }) => !names.has(file))
  const files = [...kept, ...added].sort((a, b) => (a.file < b.file ? -1 : 1))
  await writeWhole(path, `${JSON.stringify({ files }, undefined, 2)}\n`)
}

async function readManifest(path: string): Promise<ManifestFile[]> {
  if (!existsSync(path)) return []
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file
  return (JSON.parse(await readFile(path, 'utf8')) as { files: ManifestFile[] }).files
}

/** In hex. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Writes a file so that it is there whole or not at all. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const aside = `${path}.${process.pid}.part`
  await writeFile(aside, content)
  await rename(aside, path)
}

/** For a machine without apt: what to put where. */
function bringYourOwn(
  folder: string,
  rows: readonly PackageRow[],
  missing: ReadonlySet<string>,
): string {
  const lines = rows.flatMap((row) =>
    Object.entries(row.files)
      .filter(([name]) => missing.has(name))
      .map(
        ([name, path]) => `  ${name}  (${path} of Debian’s package ${row.package} ${row.tested})`,
      ),
  )
  return `this machine has no apt-get and dpkg-deb. Put these files into ${folder}/ yourself:\n${lines.join('\n')}`
}
