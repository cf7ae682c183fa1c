/**
 * Which images there are, by name: those that the configuration names, and those that somebody put
 * into `images/`. Opens none of them.
 */
import { readdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allEntries } from '../../boot/menu/catalog.ts'
import type { FileTree } from '../../io/files/file-tree.ts'
import { folderTree, without } from '../../io/image/image-tree.ts'
import type { Config } from '../config/config-schema.ts'
import { catalogOf } from '../menu-catalog.ts'

export interface NamedImage {
  readonly name: string
  /** Path of a file or a folder. */
  readonly source: string
  /** Instead of what the image says of itself. */
  readonly title?: string | undefined
  readonly args?: string | undefined
  /** Photon: where its packages are, if not in the image. */
  readonly repository?: string | undefined
  /** Somebody named it; else it was found in `images/`. */
  readonly isConfigured: boolean
}

/** `images/` beside the program, where set-up puts TinyVM. */
const programFolder = fileURLToPath(new URL('../../../images', import.meta.url))

/**
 * Where images lie, people's own first: `images/` in the working directory, as `data` and
 * `cache` are (a container's volume), and that of the program; mostly they are the same.
 */
export function imagesFolders(): readonly string[] {
  return [...new Set([resolve('images'), programFolder])]
}

/** Endings of files that are images. */
export const imageEndings = ['.ova', '.vmdk', '.iso', '.img', '.raw'] as const

/** Folders that Bootlace fills itself. */
const ownFolders: ReadonlySet<string> = new Set(['tinyvm', 'tinyvm-arm64'])

/** Parts of a VMDK that another file names. */
const isExtent = /-(flat|[sf]\d{3})\.vmdk$/i

/** What lies in the folders. Of two with one name the second by alphabet has its ending, too. */
export function droppedImages(folders: readonly string[] = imagesFolders()): readonly NamedImage[] {
  const images = new Map<string, NamedImage>()
  for (const { folder, entry } of folders.flatMap(entriesOf)) {
    const stem = entry.isDirectory() ? folderName(entry.name) : fileName(entry.name)
    if (stem === undefined) continue
    const name = images.has(stem) ? plainName(entry.name) : stem
    if (images.has(name)) continue
    images.set(name, { name, source: join(folder, entry.name), isConfigured: false })
  }
  return [...images.values()]
}

/** All images; a name of the configuration is the configuration's. */
export function namedImages({ images }: Pick<Config, 'images'>): readonly NamedImage[] {
  const configured = Object.entries(images).map(([name, image]) => ({
    name,
    ...image,
    isConfigured: true,
  }))
  const taken = new Set(configured.map(({ name }) => name))
  return [...configured, ...droppedImages().filter(({ name }) => !taken.has(name))]
}

/** These may be anything: disks in `images/` itself, an initrd in a folder for one. */
const mayBeDisk = /\.(img|raw)$/i

/**
 * What lies in `images/` as it is served: images as their own files, and not as a disk that may hold
 * somebody's keys.
 */
export function imagesTree(folder: string): FileTree {
  return without(
    folderTree(folder),
    ([name = '', ...inner]) => inner.length === 0 && mayBeDisk.test(name),
  )
}

/** Names that entries of the menu have, and so no image. */
export function takenNames(config: Pick<Config, 'menu' | 'mirrors'>): ReadonlySet<string> {
  return new Set(allEntries(catalogOf(config).entries).map(({ name }) => name))
}

function entriesOf(folder: string) {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    const sorted = entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    return sorted.map((entry) => ({ folder, entry }))
  } catch {
    return [] // there is no such folder: then there are no images
  }
}

/** Whether a file of this name is an image. */
export function isImageFile(path: string): boolean {
  return fileName(basename(path)) !== undefined
}

function folderName(name: string): string | undefined {
  return name.startsWith('.') || ownFolders.has(name) ? undefined : plainName(name)
}

function fileName(name: string): string | undefined {
  const ending = imageEndings.find((one) => name.toLowerCase().endsWith(one))
  if (ending === undefined || name.startsWith('.') || isExtent.test(name)) return undefined
  return plainName(name.slice(0, -ending.length))
}

/** A word that menus and `boot:` take. */
function plainName(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'image'
}
