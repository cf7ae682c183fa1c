/**
 * The programs that TinyVM takes from Debian, as a table, and all that they need to be loaded: each
 * file's own word (ELF) says which libraries, and packages are looked at until every one is found.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { SystemError } from '../../core/errors.ts'
import { elfNeeds } from '../../wire/linux/elf.ts'
import type { Architecture, PackageArchive, UnpackedPackage } from '../apt.ts'

export interface ProgramRow {
  readonly package: string
  /** Paths in the package, and in TinyVM; `TRIPLET` is the folder of the processor's libraries. */
  readonly files: readonly string[]
  /** Needed before the machine reports that it is up: part of the initrd, not of the tools. */
  readonly early?: boolean
}

const vmwarePlugins = 'usr/lib/TRIPLET/open-vm-tools/plugins'

export const programs: readonly ProgramRow[] = [
  { package: 'nginx', files: ['usr/sbin/nginx'], early: true },
  { package: 'nginx-common', files: ['etc/nginx/mime.types'], early: true },
  { package: 'openssl', files: ['usr/bin/openssl'] },
  { package: 'iperf3', files: ['usr/bin/iperf3'] },
  // Loaded by name when a thread is ended: iperf3 does that.
  { package: 'libgcc-s1', files: ['usr/lib/TRIPLET/libgcc_s.so.1'] },
  { package: 'dropbear-bin', files: ['usr/sbin/dropbear', 'usr/bin/dbclient'] },
  { package: 'openssh-sftp-server', files: ['usr/lib/openssh/sftp-server'] },
  { package: 'openssh-client', files: ['usr/bin/scp'] },
  { package: 'tcpdump', files: ['usr/bin/tcpdump'] },
  { package: 'curl', files: ['usr/bin/curl'] },
  {
    package: 'sudo',
    files: ['usr/bin/sudo', 'usr/libexec/sudo/sudoers.so', 'usr/libexec/sudo/libsudo_util.so.0'],
  },
  {
    package: 'open-vm-tools',
    files: [
      'usr/bin/vmtoolsd',
      `${vmwarePlugins}/vmsvc/libguestInfo.so`,
      `${vmwarePlugins}/vmsvc/libpowerOps.so`,
      `${vmwarePlugins}/vmsvc/libtimeSync.so`,
      `${vmwarePlugins}/common/libvix.so`,
    ],
  },
  { package: 'libpam-modules', files: ['usr/lib/TRIPLET/security/pam_permit.so'] },
]

/** Folder names below `usr/lib`, as Debian calls them. */
const triplets: Readonly<Record<Architecture, string>> = {
  amd64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
}

/** A file for TinyVM. */
export interface ProgramFile {
  /** In the image: `usr/sbin/nginx`. */
  readonly path: string
  /** Where it was unpacked. */
  readonly from: string
  readonly package: string
  /** Part of the initrd. */
  readonly early: boolean
}

/** Every program's files with all that they need. Rejects with SystemError naming what is missing. */
export async function collectPrograms(
  archive: Pick<PackageArchive, 'architecture' | 'fetch' | 'dependencies'>,
  rows: readonly ProgramRow[],
): Promise<{ files: readonly ProgramFile[]; packages: readonly UnpackedPackage[] }> {
  const triplet = triplets[archive.architecture]
  const packages = await archive.fetch(rows.map((row) => row.package))
  const listed = rows.flatMap(({ files, early = false }, index) =>
    files.map((file) => fileOf(packages[index], file.replace('TRIPLET', triplet), early)),
  )
  const closure = new LibraryClosure(archive, packages, `usr/lib/${triplet}`)
  const early = await closure.of(listed.filter((file) => file.early))
  const known = new Set(early.map(({ path }) => path))
  const all = await closure.of(listed)
  const libraries = all.map((file) => ({ ...file, early: known.has(file.path) }))
  const files = [...listed, ...libraries]
  const used = new Set(files.map((file) => file.package))
  return { files, packages: closure.packages.filter(({ name }) => used.has(name)) }
}

function fileOf(source: UnpackedPackage | undefined, path: string, early: boolean): ProgramFile {
  const from = join(source?.root ?? '', path)
  if (source === undefined || !existsSync(from)) {
    throw new SystemError(`${source?.name} ${source?.version} has no ${path}`)
  }
  return { path, from, package: source.name, early }
}

/** Libraries are found in the packages at hand, then in those that these depend on, and so on. */
class LibraryClosure {
  readonly packages: UnpackedPackage[]
  readonly #archive: Pick<PackageArchive, 'fetch' | 'dependencies'>
  readonly #folder: string
  readonly #asked = new Set<string>()

  constructor(
    archive: Pick<PackageArchive, 'fetch' | 'dependencies'>,
    packages: readonly UnpackedPackage[],
    folder: string,
  ) {
    this.#archive = archive
    this.packages = [...packages]
    this.#folder = folder
  }

  async of(files: readonly ProgramFile[]): Promise<ProgramFile[]> {
    const listed = new Set(files.map(({ path }) => basename(path)))
    const found = new Map<string, ProgramFile>()
    let open = files
    while (open.length > 0) {
      const paths = new Set((await Promise.all(open.map((file) => this.#needs(file)))).flat())
      const wanted = [...paths].filter((path) => !found.has(path) && !listed.has(basename(path)))
      open = await this.#find(wanted)
      for (const file of open) found.set(file.path, file)
    }
    return [...found.values()]
  }

  /** Paths in the image. */
  async #needs({ from }: ProgramFile): Promise<string[]> {
    const octets = await readFile(from)
    if (octets.subarray(1, 4).toString() !== 'ELF') return []
    const { libraries, interpreter } = elfNeeds(octets)
    return [
      ...libraries
        .filter((name) => !name.startsWith('ld-linux'))
        .map((name) => join(this.#folder, name)),
      ...(interpreter === undefined ? [] : [interpreter.slice(1)]),
    ]
  }

  async #find(paths: readonly string[]): Promise<ProgramFile[]> {
    const files = paths.map((path) => this.#inPackages(path))
    const missing = paths.filter((_, index) => files[index] === undefined)
    if (missing.length === 0) return files.filter((file) => file !== undefined)
    if (!(await this.#fetchMore())) {
      throw new SystemError(`no package has ${missing.map((path) => basename(path)).join(', ')}`)
    }
    return this.#find(paths)
  }

  #inPackages(path: string): ProgramFile | undefined {
    for (const { name, root } of this.packages) {
      const from = [path, `usr/${path}`]
        .map((one) => join(root, one))
        .find((one) => existsSync(one))
      if (from !== undefined) return { path, from, package: name, early: false }
    }
    return undefined
  }

  /** One step further from the programs; false when there is none. */
  async #fetchMore(): Promise<boolean> {
    const here = new Set(this.packages.map(({ name }) => name))
    const unasked = [...here].filter((name) => !this.#asked.has(name))
    for (const name of unasked) this.#asked.add(name)
    if (unasked.length === 0) return false
    const depends = new Set(await this.#archive.dependencies(...unasked))
    const next = [...depends].filter((name) => isLibrary(name) && !here.has(name))
    if (next.length > 0) this.packages.push(...(await this.#archive.fetch(next)))
    return next.length > 0
  }
}

/** By Debian's rules a library's package is called after it; zlib is older than the rules. */
function isLibrary(name: string): boolean {
  return name.startsWith('lib') || name === 'zlib1g'
}
