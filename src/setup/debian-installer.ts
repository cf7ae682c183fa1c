/**
 * Debian 12's network installer and the parts of itself that it fetches first, out of Debian's own
 * archive: the tests let machines install themselves with them. Kernel and parts are fetched
 * together, since the installer takes only modules of its own kernel.
 */
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError } from '../core/errors.ts'
import { memorySource } from '../wire/byte-source.ts'
import { readLinuxKernel } from '../wire/linux/linux-kernel.ts'
import { PackageArchive } from './apt.ts'
import { places } from './places.ts'

const installer = 'debian-installer-12-netboot-amd64'
/** Where the package has the folder `netboot` of Debian's archive. */
const netbootFolder = 'usr/lib/debian-installer/images/12/amd64/text'

/** What every installation fetches first and that needs nothing else: modules that its initrd lacks. */
const parts = ['ext4', 'isofs', 'loop', 'xfs']

export interface DebianInstaller {
  /** As `netboot.tar.gz` of Debian's archive has it, unpacked: a folder with an image. */
  readonly netboot: string
  /** Folder of `.udeb` files. */
  readonly parts: string
}

/** Paths of what set-up fetched; throws SystemError naming the command where it did not. */
export function debianInstaller(): DebianInstaller {
  if (existsSync(places.debianInstaller)) return pathsIn(places.debianInstaller)
  throw new SystemError(`${places.debianInstaller} is missing: run "npm run setup -- --test"`)
}

/** Fetched if it is not there. */
export async function ensureDebianInstaller(): Promise<void> {
  if (existsSync(places.debianInstaller)) return
  await using archive = new PackageArchive(places.private, 'amd64', 'bookworm')
  const aside = `${places.debianInstaller}.${process.pid}.part`
  const target = pathsIn(aside)
  try {
    await mkdir(target.parts, { recursive: true })
    const [netboot] = await archive.fetch([installer])
    if (netboot === undefined) throw new SystemError(`${installer} is missing`)
    await cp(join(netboot.root, netbootFolder), target.netboot, { recursive: true })
    const release = await releaseOf(join(target.netboot, 'debian-installer/amd64/linux'))
    await archive.download(
      parts.map((name) => `${name}-modules-${release}-di`),
      target.parts,
    )
    await rename(aside, places.debianInstaller)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

function pathsIn(folder: string): DebianInstaller {
  return { netboot: join(folder, 'netboot'), parts: join(folder, 'parts') }
}

/** `6.1.0-50-amd64`: the modules that fit have it in their name. */
async function releaseOf(kernel: string): Promise<string> {
  const { release } = (await readLinuxKernel(memorySource(await readFile(kernel)))) ?? {}
  if (release === undefined) throw new SystemError(`${kernel} does not say which kernel it is`)
  return release
}
