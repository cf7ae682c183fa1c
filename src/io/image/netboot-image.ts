/**
 * An image as something that boots from the network: which kernel and initrds, with which arguments,
 * and the tree that serves them, straight out of the image. Nothing is unpacked to disk.
 */
import { createHash } from 'node:crypto'
import { basename, extname } from 'node:path'
import { type FoundBoot, findBoot } from '../../boot/image/find-boot.ts'
import { type FoundKind, identifyImage } from '../../boot/image/identify-image.ts'
import { type ImageFacts, wholeDisc } from '../../boot/system/system.ts'
import { isTinyCore, netbootArguments, readTinyCore } from '../../boot/image/tiny-core.ts'
import { overlayItems } from '../../boot/image/tiny-core-overlay.ts'
import type { ByteSource } from '../../wire/byte-source.ts'
import { type CpioItem, cpioSource } from '../../wire/linux/cpio-source.ts'
import type { FolderNode } from '../../wire/disk/image-node.ts'
import { type LinuxKernel, readLinuxKernel } from '../../wire/linux/linux-kernel.ts'
import { type FileTree, overlay } from '../files/file-tree.ts'
import { type ImageContents, openContents, refusalOf } from './image-contents.ts'
import { type ImageOffers, imageOffers } from './image-offers.ts'
import { folderTree, sourceTree, volumeTree } from './image-tree.ts'
import { initrdFolders, readBackup } from './tiny-core-files.ts'

/** What a machine starts; paths are those of the image's own tree. */
export interface Netboot {
  readonly kernel: string
  readonly initrd: readonly string[]
  readonly args: string
}

export interface ImageBoot extends Netboot {
  readonly system: 'Linux' | 'Tiny Core Linux'
  readonly found: FoundBoot
  readonly about: LinuxKernel | undefined
  /** Arguments of the image that a machine without its disk cannot use. */
  readonly dropped: readonly string[]
  /** Extensions that are loaded at boot. */
  readonly extensions: readonly string[]
  /** How many files of the user's come along. */
  readonly kept: number
}

export interface NetbootImage {
  readonly contents: ImageContents
  /** What it was recognised as. */
  readonly kind: FoundKind | undefined
  /** The entries of a system that is known; then `boot` is undefined. */
  readonly offers: ImageOffers | undefined
  /** Undefined where nothing was found that could be started as it stands. */
  readonly boot: ImageBoot | undefined
  readonly tree: FileTree
  readonly notes: readonly string[]
  /** Lets go of the image; what is being sent is still sent. */
  close(): Promise<void>
}

/** Name of the initrd that is made of the image's other files. */
const overlayName = 'overlay.cpio'
/** Time stamp of everything in it: 2025-01-01, so that the same image gives the same octets. */
const modified = 1_735_689_600

/** A disc is worth to be served, whatever boots. */
export function isUsable({ boot, offers, contents }: NetbootImage): boolean {
  const hasEntries = (offers?.boots.length ?? 0) > 0 || offers?.esxi?.missing.length === 0
  return boot !== undefined || hasEntries || contents.disc !== undefined
}

export interface OpenOptions {
  /** What it is called in menus; by default its file's name without ending. */
  readonly name?: string | undefined
  /** Photon: URL of its packages, where they are not those of the image. */
  readonly repository?: string | undefined
  /** Ends the opening early. */
  readonly signal?: AbortSignal | undefined
}

/** Throws InputError saying what is wrong with the image, and where. */
export async function openNetbootImage(
  path: string,
  { name = basename(path, extname(path)), repository, signal }: OpenOptions = {},
): Promise<NetbootImage> {
  const contents = await openContents(path, signal)
  try {
    return await build(contents, { name, repository })
  } catch (error) {
    await contents.files.release()
    throw refusalOf(path, error)
  }
}

async function build(
  contents: ImageContents,
  given: Pick<ImageFacts, 'name' | 'repository'>,
): Promise<NetbootImage> {
  const close = () => contents.files.release()
  const place = await findIn(contents.roots)
  const recognised = await kindOf(contents)
  const kind = recognised?.kind
  const offers = await offersOf(contents, recognised, { ...given, own: place?.found.choice })
  const found = offers === undefined ? await composed(contents, place, kind) : undefined
  const { boot, items = [] } = isOffered(contents, found) ? (found ?? {}) : {}
  const lacking = offers?.notes ?? (boot === undefined ? [missingNote(contents)] : [])
  const notes = [...contents.notes, ...(found?.notes ?? []), ...lacking]
  return {
    contents,
    kind,
    offers,
    boot,
    tree: await treeOf(contents, { boot, items, offers }),
    notes,
    close,
  }
}

/** A disc is mostly an installer: it needs more than the arguments that it boots itself with. */
function isOffered({ disc }: ImageContents, found: Composed | undefined): boolean {
  return disc === undefined || found?.boot.system === 'Tiny Core Linux'
}

function missingNote({ disc, isUdf }: ImageContents): string {
  if (isUdf) {
    return 'most of this disc is UDF, which is not read: unpack it into a folder of images/ (7z x FILE -oimages/NAME)'
  }
  return disc === undefined
    ? 'no boot loader configuration with a Linux kernel was found'
    : 'its files are served; what boots of them is an entry of your own'
}

interface Recognised {
  readonly kind: FoundKind
  readonly root: FolderNode
}

async function kindOf({ roots, disc, volumes }: ImageContents): Promise<Recognised | undefined> {
  const { label = '', publisher = '' } = disc ?? volumes[0] ?? {}
  for (const root of roots) {
    const kind = await identifyImage(root, { label, publisher })
    if (kind !== undefined) return { kind, root }
  }
  return undefined
}

/** Of a disc or a folder: all their files are served. */
function offersOf(
  { disc, folder }: ImageContents,
  recognised: Recognised | undefined,
  known: Pick<ImageFacts, 'name' | 'own' | 'repository'>,
): Promise<ImageOffers | undefined> {
  if (recognised === undefined || (disc ?? folder) === undefined) return Promise.resolve(undefined)
  const { kind, root } = recognised
  const isDisc = disc !== undefined
  const { id } = kind.kind
  return imageOffers(root, disc?.whole, {
    ...known,
    id,
    version: kind.version,
    label: disc?.label ?? '',
    isDisc,
  })
}

interface Place {
  readonly root: FolderNode
  readonly found: FoundBoot
}

async function findIn(roots: readonly FolderNode[]): Promise<Place | undefined> {
  for (const root of roots) {
    const found = await findBoot(root)
    if (found !== undefined) return { root, found }
  }
  return undefined
}

interface Composed {
  readonly boot: ImageBoot
  /** Of the overlay; none where there is nothing to add. */
  readonly items: readonly CpioItem[]
  readonly notes: readonly string[]
}

async function composed(
  contents: ImageContents,
  place: Place | undefined,
  kind: FoundKind | undefined,
): Promise<Composed | undefined> {
  if (place === undefined) return undefined
  const { found } = place
  const about = await readLinuxKernel(await found.kernel.open())
  const { kernel, args } = found.choice
  const initrd = found.initrd.map(({ path }) => path)
  const base = { kernel, initrd, args, found, about, dropped: [], extensions: [], kept: 0 }
  if (!isTinyCore(initrd) || kind?.kind.id === 'vic') {
    return { boot: { ...base, system: 'Linux' }, items: [], notes: diskNotes(args, contents) }
  }
  const roots = [place.root, ...contents.roots.filter((other) => other !== place.root)]
  return withTinyCore({ ...base, system: 'Tiny Core Linux' }, roots)
}

/** What the image has beside its kernel and initrd, as another initrd. */
async function withTinyCore(base: ImageBoot, roots: readonly FolderNode[]): Promise<Composed> {
  const { found, about, args, initrd } = base
  const parts = await readTinyCore(roots, args, about?.release)
  const cleaned = netbootArguments(args)
  const saved = parts.backup === undefined ? undefined : await readBackup(parts.backup)
  const first = await initrdFolders(found.initrd.map(({ file }) => file))
  const items = await overlayItems(parts, saved?.backup, first.folders)
  const boot: ImageBoot = {
    ...base,
    initrd: items.length > 0 ? [...initrd, overlayName] : initrd,
    args: cleaned.args,
    dropped: cleaned.dropped,
    extensions: [...parts.files.keys()].filter((path) => path.endsWith('.tcz')).map(baseName),
    kept: saved?.backup?.members.filter(({ type }) => type !== 'folder').length ?? 0,
  }
  return { boot, items, notes: [...parts.notes, ...(saved?.notes ?? []), ...first.notes] }
}

function baseName(path: string): string {
  return path.replace(/^.*\//, '')
}

function diskNotes(args: string, { folder }: ImageContents): string[] {
  const root = args.split(' ').find((word) => word.startsWith('root='))
  if (root === undefined || folder !== undefined) return []
  return [`${root} is on the image's disk, which a machine on the network does not have`]
}

/** Of a disk nothing is served but what boots: the rest of it is somebody's private files. */
async function treeOf(
  { folder, disc, files }: ImageContents,
  {
    boot,
    items,
    offers,
  }: Pick<NetbootImage, 'boot' | 'offers'> & { readonly items: readonly CpioItem[] },
): Promise<FileTree> {
  const served = new Map<string, ByteSource>()
  if (disc !== undefined) served.set(wholeDisc, disc.whole)
  for (const [path, packed] of offers?.packed ?? []) {
    served.set(path, cpioSource(packed, modified))
  }
  if (boot !== undefined && folder === undefined) {
    served.set(boot.found.choice.kernel, await boot.found.kernel.open())
    for (const { path, file } of boot.found.initrd) served.set(path, await file.open())
  }
  if (items.length > 0) served.set(overlayName, cpioSource(items, modified))
  const own = sourceTree(served, files, digestOf(items))
  if (folder !== undefined) return overlay([own, folderTree(folder)])
  return disc === undefined ? own : overlay([own, volumeTree(disc.root, files)])
}

/** The composition of the overlay, beside the octets that it takes from the image. */
function digestOf(items: readonly CpioItem[]): string {
  const hash = createHash('sha256')
  for (const item of items) {
    const { type, path, mode, owner } = item
    const content = item.type === 'file' ? item.content.size : item.type === 'link' && item.target
    hash.update(JSON.stringify([type, path, mode, owner, content]))
  }
  return hash.digest('hex').slice(0, 16)
}
