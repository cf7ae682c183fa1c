/**
 * Packages of one Debian release, fetched by the machine's apt with a configuration of our own:
 * own lists, cache and state, so the machine's apt is neither changed nor needed as root. apt checks
 * the archive's signature with Debian's keys and each package against the signed index. Packages
 * are unpacked into a folder, never installed.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError } from '../core/errors.ts'
import { archiveAddress } from './archive-address.ts'
import { hasProgram, run } from './commands.ts'
import { megabytes, step } from './progress.ts'

/** Which components are asked for; the last of these holds what the installer is made of. */
const components = {
  /** Where the images come from: Debian 13, whatever release the machine runs. */
  trixie: 'main',
  bookworm: 'main main/debian-installer',
} as const
type Release = keyof typeof components

const keyrings = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
]

/** Debian's names of the processors that we boot. */
export type Architecture = 'amd64' | 'arm64'

export interface UnpackedPackage {
  readonly name: string
  readonly version: string
  /** Folder with the package's files as they would lie under `/`. */
  readonly root: string
}

/** Opened at the first fetch; `await using` removes its folder with everything fetched. */
export class PackageArchive implements AsyncDisposable {
  readonly architecture: Architecture
  readonly #release: Release
  readonly #folder: string
  #opened: Promise<void> | undefined

  /** `parent`: a folder for temporary files, made if needed. */
  constructor(parent: string, architecture: Architecture = 'amd64', release: Release = 'trixie') {
    this.architecture = architecture
    this.#release = release
    this.#folder = join(parent, `apt-${release}-${architecture}.${process.pid}.part`)
  }

  static get available(): boolean {
    return hasProgram('apt-get') && hasProgram('dpkg-deb')
  }

  /** Fetches and unpacks packages by name, in the order asked. */
  async fetch(names: readonly string[]): Promise<UnpackedPackage[]> {
    const folder = await this.#open()
    const versions = await this.#versions(folder, names)
    return step(
      `packages of Debian ${this.#release} ${this.architecture}: ${names.join(', ')}`,
      async (line) => {
        await aptGet(folder, ['download', ...names])
        line.note(megabytes(await sizeOfPackages(folder)))
        const unpacked: UnpackedPackage[] = []
        for (const name of names) {
          const root = await unpack(folder, name)
          unpacked.push({ name, version: versions.get(name) ?? 'unknown', root })
        }
        return unpacked
      },
    )
  }

  /** Fetches packages as they are, under the archive's own names for the files. */
  async download(names: readonly string[], target: string): Promise<void> {
    const folder = await this.#open()
    await step(`${names.length} packages of Debian ${this.#release}, as they are`, async (line) => {
      await aptGet(folder, ['download', ...names])
      line.note(megabytes(await sizeOfPackages(folder)))
      for (const name of await packagesIn(folder))
        await rename(join(folder, name), join(target, name))
    })
  }

  /** The names of the packages that these depend on, without versions and alternatives. */
  async dependencies(...names: readonly string[]): Promise<string[]> {
    const folder = await this.#open()
    const text = await aptCache(folder, ['show', '--no-all-versions', ...names])
    return text
      .split(/\n\n+/)
      .flatMap((paragraph) => fieldOf(paragraph, 'Depends').split(','))
      .map((one) => one.trim().split(/[\s|:]/)[0] ?? '')
      .filter((name) => name !== '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #open(): Promise<string> {
    this.#opened ??= openArchive(this.#folder, this.architecture, this.#release)
    await this.#opened
    return this.#folder
  }

  async #versions(folder: string, names: readonly string[]): Promise<Map<string, string>> {
    const text = await aptCache(folder, ['show', '--no-all-versions', ...names])
    return new Map(
      text
        .split(/\n\n+/)
        .map((paragraph) => [fieldOf(paragraph, 'Package'), fieldOf(paragraph, 'Version')]),
    )
  }
}

/** A field of a package's paragraph in the index. */
function fieldOf(paragraph: string, key: string): string {
  return new RegExp(`^${key}: (.*)$`, 'm').exec(paragraph)?.[1] ?? ''
}

async function openArchive(
  folder: string,
  architecture: Architecture,
  release: Release,
): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  const address = await archiveOfMachine()
  await step(`index of Debian ${release} ${architecture} from ${address}`, async () => {
    await configure(folder, `${address} ${release} ${components[release]}`, architecture)
    await aptGet(folder, ['update'])
  })
}

/** The address of the Debian archive that this machine's apt uses. Rejects with SystemError. */
export async function archiveOfMachine(): Promise<string> {
  const address = archiveAddress(await sourcesFiles())
  if (address !== undefined) return address
  throw new SystemError(
    "this machine's apt sources name no Debian archive: add one with the component main " +
      'to /etc/apt/sources.list, of any release',
  )
}

async function sourcesFiles(): Promise<{ name: string; text: string }[]> {
  const parts = '/etc/apt/sources.list.d'
  const names = existsSync(parts) ? (await readdir(parts)).sort() : []
  const paths = ['/etc/apt/sources.list', ...names.map((name) => join(parts, name))]
  const present = paths.filter((path) => existsSync(path) && /\.(list|sources)$/.test(path))
  return Promise.all(present.map(async (name) => ({ name, text: await readFile(name, 'utf8') })))
}

async function configure(
  folder: string,
  source: string,
  architecture: Architecture,
): Promise<void> {
  const keyring = keyrings.find((path) => existsSync(path))
  if (keyring === undefined) {
    throw new SystemError(
      'Debian’s archive keys are not on this machine: run "apt-get install debian-archive-keyring"',
    )
  }
  await mkdir(join(folder, 'lists/partial'), { recursive: true })
  await mkdir(join(folder, 'archives/partial'), { recursive: true })
  await writeFile(join(folder, 'status'), '')
  await writeFile(join(folder, 'sources.list'), `deb [signed-by=${keyring}] ${source}\n`)
  await writeFile(join(folder, 'apt.conf'), configuration(folder, architecture))
}

/** Read after the machine's own configuration, so its proxy stays and its hooks go. */
function configuration(folder: string, architecture: Architecture): string {
  return `
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "${folder}";
Dir::State::lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}";
Dir::Cache::archives "${folder}/archives";
APT::Architecture "${architecture}";
#clear APT::Architectures;
APT::Architectures:: "${architecture}";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "20";
`
}

async function aptGet(folder: string, args: readonly string[]): Promise<void> {
  try {
    await run('apt-get', ['-q', '-c', join(folder, 'apt.conf'), ...args], { folder })
  } catch (error) {
    throw new SystemError(
      `cannot fetch Debian packages. ${error instanceof Error ? error.message : ''}\n` +
        'Check that this machine reaches the archive named in /etc/apt (a proxy: ' +
        'Acquire::http::Proxy in /etc/apt/apt.conf.d/), then run "npm run setup" again.',
      { cause: error },
    )
  }
}

function aptCache(folder: string, args: readonly string[]): Promise<string> {
  return run('apt-cache', ['-c', join(folder, 'apt.conf'), ...args])
}

async function sizeOfPackages(folder: string): Promise<number> {
  const names = await packagesIn(folder)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Names of package files. Those with the ending `.udeb` are parts of the installer. */
async function packagesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /\.u?deb$/.test(name))
}

/** The package file goes, so that the next fetch counts only its own. */
async function unpack(folder: string, name: string): Promise<string> {
  const file = (await readdir(folder)).find((other) => other.startsWith(`${name}_`))
  if (file === undefined) throw new SystemError(`apt-get did not download ${name}`)
  const root = join(folder, 'tree', name)
  await mkdir(root, { recursive: true })
  await run('dpkg-deb', ['-x', join(folder, file), root])
  await rm(join(folder, file))
  return root
}
