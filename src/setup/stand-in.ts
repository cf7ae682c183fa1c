/**
 * What the tests' stand-ins for other people's systems are made of: Debian's kernel, and the modules
 * that drive a network card and a disk and mount what is on it. TinyVM has no use for those.
 */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError } from '../core/errors.ts'
import type { PackageArchive } from './apt.ts'
import { places } from './places.ts'
import { collectModules } from './tinyvm/modules.ts'

const wanted =
  'loop squashfs virtio_net vmxnet3 virtio_blk crc32c_generic ext4 vfat nls_cp437 nls_ascii'.split(
    ' ',
  )
/** Says what a folder was made for: one for other modules is made anew. */
const listName = 'modules.txt'

export interface StandInParts {
  /** `uname -r`. */
  readonly release: string
  readonly kernel: string
  /** Paths of plain `.ko` files, each after those that it needs. */
  readonly modules: readonly string[]
}

/** Fetched if they are not there. */
export async function ensureStandIn(archive: PackageArchive): Promise<void> {
  if (await isMade()) return
  const aside = `${places.standIn}.${process.pid}.part`
  const name = (await archive.dependencies('linux-image-amd64'))[0] ?? 'linux-image-amd64'
  const [kernel] = await archive.fetch([name])
  if (kernel === undefined) throw new SystemError(`${name} is missing`)
  const release = name.replace('linux-image-', '')
  const folders = [`usr/lib/modules/${release}`, `lib/modules/${release}`]
  const base = folders.map((folder) => join(kernel.root, folder)).find((path) => existsSync(path))
  if (base === undefined) throw new SystemError(`${name} has no ${folders.join(', ')}`)
  try {
    await mkdir(aside, { recursive: true })
    await copyFile(
      join(kernel.root, 'boot', `vmlinuz-${release}`),
      join(aside, `vmlinuz-${release}`),
    )
    for (const [index, { path, info }] of (await collectModules(base, wanted)).entries()) {
      const target = join(aside, `${String(index).padStart(2, '0')}-${info.name}.ko`)
      // Unpacked beside it, where it was packed, to be read.
      await copyFile(join(base, path.replace(/\.xz$/, '')), target)
    }
    await writeFile(join(aside, listName), wanted.join('\n'))
    await rm(places.standIn, { recursive: true, force: true })
    await rename(aside, places.standIn)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function isMade(): Promise<boolean> {
  const list = await readFile(join(places.standIn, listName), 'utf8').catch(() => undefined)
  return list === wanted.join('\n')
}

/** Paths of what set-up fetched; throws SystemError naming the command where it did not. */
export async function standInParts(): Promise<StandInParts> {
  const names = existsSync(places.standIn) ? (await readdir(places.standIn)).sort() : []
  const kernel = names.find((name) => name.startsWith('vmlinuz-'))
  if (kernel === undefined) {
    throw new SystemError(`${places.standIn} is missing: run "npm run setup -- --test"`)
  }
  return {
    release: kernel.slice('vmlinuz-'.length),
    kernel: join(places.standIn, kernel),
    modules: names.filter((name) => name.endsWith('.ko')).map((name) => join(places.standIn, name)),
  }
}
