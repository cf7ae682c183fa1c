/**
 * Puts TinyVM into `images/tinyvm/`: kernel, initrd, licences, and a manifest that says from what it
 * was made. Built again when our own files or the version changed; otherwise nothing is done.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PackageArchive } from '../apt.ts'
import { writeWhole } from '../package-files.ts'
import { places } from '../places.ts'
import { megabytes, step } from '../progress.ts'
import { composeImage } from './image.ts'
import { ensureParts } from './parts.ts'

interface Manifest {
  readonly version: string
  /** Digest of all that the image is made of and that is ours. */
  readonly recipe: string
  readonly kernel: string
  readonly packages: readonly { readonly package: string; readonly version: string }[]
  readonly modules: readonly string[]
  readonly files: readonly {
    readonly file: string
    readonly size: number
    readonly sha256: string
  }[]
}

/** Builds the image unless it is there and made from what is there now. */
export async function ensureTinyvm(archive: PackageArchive, version: string): Promise<void> {
  const recipe = await recipeOf(version)
  if (await isBuilt(recipe)) return
  const parts = await ensureParts(archive)
  await step(`TinyVM ${version} with Linux ${parts.release}`, async (line) => {
    const source = {
      parts,
      partsFolder: places.tinyvmParts,
      rootFolder: places.tinyvmRoot,
      version,
    }
    const initrd = await composeImage(source)
    const vmlinuz = await readFile(join(places.tinyvmParts, 'vmlinuz'))
    const files = [
      { file: 'vmlinuz', octets: vmlinuz },
      { file: 'initrd', octets: initrd },
    ]
    for (const { file, octets } of files) await writeWhole(join(places.tinyvm, file), octets)
    await cp(join(places.tinyvmParts, 'licences'), join(places.tinyvm, 'licences'), {
      recursive: true,
    })
    await writeManifest({
      version,
      recipe,
      kernel: parts.release,
      packages: parts.packages,
      modules: parts.modules.map(({ info }) => info.name),
      files: files.map(({ file, octets }) => ({
        file,
        size: octets.length,
        sha256: sha256(octets),
      })),
    })
    line.note(`kernel ${megabytes(vmlinuz.length)}`)
    line.note(`initrd ${megabytes(initrd.length)}`)
  })
}

async function isBuilt(recipe: string): Promise<boolean> {
  const path = join(places.tinyvm, 'manifest.json')
  const files = ['vmlinuz', 'initrd'].map((name) => join(places.tinyvm, name))
  if (!files.every((file) => existsSync(file))) return false
  // Without a manifest somebody put an image of their own there.
  if (!existsSync(path)) return true
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file
  return (JSON.parse(await readFile(path, 'utf8')) as Manifest).recipe === recipe
}

async function writeManifest(manifest: Manifest): Promise<void> {
  const path = join(places.tinyvm, 'manifest.json')
  await writeWhole(path, `${JSON.stringify(manifest, undefined, 2)}\n`)
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

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
