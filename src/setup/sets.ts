/** What is set up for what: each set holds the one before it. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PackageArchive } from './apt.ts'
import { ensureDebianInstaller } from './debian-installer.ts'
import { ensureRoms } from './lab-files.ts'
import { ensureLoaders } from './loaders.ts'
import { writeWhole } from './package-files.ts'
import { places } from './places.ts'
import { ensureStandIn } from './stand-in.ts'
import { ensureTinyvm } from './tinyvm/build.ts'
import { editions } from './tinyvm/editions.ts'
import { ensureTools } from './tools.ts'

/** `serve`: boot loaders and TinyVM. `lab`: virtual machines. `test`: real clients. */
export type SetupSet = 'serve' | 'lab' | 'test'

/**
 * Fetches and builds what is missing of a set. Rejects with SystemError saying what to do. TinyVM for
 * ARM64 is another 115 MB to fetch: only where it is wanted, and for the tests.
 */
export async function ensureSet(set: SetupSet, wanted: { arm64?: boolean } = {}): Promise<void> {
  await preparePrivateFolder()
  await using amd64 = new PackageArchive(places.private)
  await using arm64 = new PackageArchive(places.private, 'arm64')
  await ensureLoaders({ amd64, arm64 })
  const version = await projectVersion()
  await ensureTinyvm(amd64, editions.amd64, version)
  if (set === 'test' || wanted.arm64) await ensureTinyvm(arm64, editions.arm64, version)
  if (set === 'serve') return
  await ensureTools(set)
  await ensureRoms(amd64)
  if (set !== 'test') return
  await ensureStandIn(amd64)
  await ensureDebianInstaller()
}

async function preparePrivateFolder(): Promise<void> {
  if (!existsSync(join(places.private, '.gitignore'))) {
    await mkdir(places.private, { recursive: true })
    await writeWhole(join(places.private, '.gitignore'), '*\n')
  }
  for (const folder of [
    places.private,
    places.loaders,
    join(places.loaders, 'efi64'),
    places.roms,
    places.tinyvm,
    places.tinyvmArm64,
  ]) {
    await removeLeftovers(folder)
  }
}

/** What an interrupted set-up wrote aside; the names carry the process that made them. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of existsSync(folder) ? await readdir(folder) : []) {
    const owner = /\.(\d+)\.part$/.exec(name)?.[1]
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue
    await rm(join(folder, name), { recursive: true, force: true })
  }
}

async function projectVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file
  return (JSON.parse(text) as { version: string }).version
}
