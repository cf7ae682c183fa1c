/**
 * Puts TinyVM into its edition's folder: kernel, initrd, licences, and a manifest that says from what
 * it was made. Built again when our own files or the version changed; otherwise nothing is done.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PackageArchive } from '../apt.ts'
import { sha256, writeWhole } from '../package-files.ts'
import { places } from '../places.ts'
import { megabytes, step } from '../progress.ts'
import type { Edition } from './editions.ts'
import { composeImage } from './image.ts'
import { type Parts, ensureParts } from './parts.ts'

interface Manifest {
  readonly version: string
  /** Digest of all that the image is made of and that is ours. */
  readonly recipe: string
  readonly kernel: string
  readonly packages: readonly { readonly package: string; readonly version: string }[]
  readonly modules: readonly string[]
  /** Paths in the image. */
  readonly programs: readonly string[]
  readonly files: readonly {
    readonly file: string
    readonly size: number
    readonly sha256: string
  }[]
}

/** Builds the image unless it is there and made from what is there now. */
export async function ensureTinyvm(
  archive: PackageArchive,
  edition: Edition,
  version: string,
): Promise<void> {
  const recipe = await recipeOf(version)
  const { image, parts: partsFolder } = edition
  if (await isBuilt(image, recipe)) return
  const parts = await ensureParts(archive, edition)
  await step(`TinyVM ${version} with Linux ${parts.release}`, async (line) => {
    const rootFolder = places.tinyvmRoot
    const { initrd, tools } = await composeImage({ parts, partsFolder, rootFolder, version })
    const vmlinuz = await readFile(join(partsFolder, 'vmlinuz'))
    const files = Object.entries({ vmlinuz, initrd, tools })
    for (const [name, octets] of files) {
      await writeWhole(join(image, name), octets)
      line.note(`${name} ${megabytes(octets.length)}`)
    }
    await rm(join(image, 'licences'), { recursive: true, force: true })
    await cp(join(partsFolder, 'licences'), join(image, 'licences'), { recursive: true })
    const manifest = manifestOf(parts, { version, recipe, files })
    await writeWhole(join(image, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  })
}

async function isBuilt(image: string, recipe: string): Promise<boolean> {
  const path = join(image, 'manifest.json')
  const files = ['vmlinuz', 'initrd', 'tools'].map((name) => join(image, name))
  if (!files.every((file) => existsSync(file))) return false
  // Without a manifest somebody put an image of their own there.
  if (!existsSync(path)) return true
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file
  return (JSON.parse(await readFile(path, 'utf8')) as Manifest).recipe === recipe
}

interface Made {
  readonly version: string
  readonly recipe: string
  readonly files: readonly (readonly [name: string, octets: Uint8Array])[]
}

function manifestOf(parts: Parts, { version, recipe, files }: Made): Manifest {
  return {
    version,
    recipe,
    kernel: parts.release,
    packages: parts.packages,
    modules: parts.modules.map(({ info }) => info.name),
    programs: parts.programs.map(({ path }) => path),
    files: files.map(([file, octets]) => ({ file, size: octets.length, sha256: sha256(octets) })),
  }
}

/** Our files in the image, the code that composes it, and the version. */
async function recipeOf(version: string): Promise<string> {
  const digest = createHash('sha256').update(version)
  for (const folder of [places.tinyvmRoot, import.meta.dirname]) {
    for (const name of (await readdir(folder, { recursive: true })).sort()) {
      const path = join(folder, name)
      if ((await stat(path)).isDirectory()) continue
      digest.update(`\0${name}\0`).update(await readFile(path))
    }
  }
  return digest.digest('hex')
}
