/**
 * An image as something that boots from the network: which kernel and initrds, with which arguments,
 * and the tree that serves them, straight out of the image. Nothing is unpacked to disk.
 */
import { createHash } from 'node:crypto'
import { InputError, ProtocolError } from '../core/errors.ts'
import { type FoundBoot, findBoot } from '../boot/find-boot.ts'
import { isTinyCore, netbootArguments, readTinyCore } from '../boot/tiny-core.ts'
import { overlayItems } from '../boot/tiny-core-overlay.ts'
import { treePath } from '../boot/tree-path.ts'
import type { ByteSource } from '../wire/byte-source.ts'
import { type CpioItem, cpioSource } from '../wire/cpio-source.ts'
import type { FolderNode } from '../wire/image-node.ts'
import { type LinuxKernel, readLinuxKernel } from '../wire/linux-kernel.ts'
import { diskTree } from './disk-tree.ts'
import { type FileTree, type OpenFile, overlay } from './file-tree.ts'
import { type ImageContents, openContents } from './image-contents.ts'
import type { SharedFiles } from './shared-files.ts'
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
  /** Undefined where nothing was found that could be started. */
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

/** Throws InputError saying what is wrong with the image, and where. */
export async function openNetbootImage(path: string): Promise<NetbootImage> {
  const contents = await openContents(path)
  try {
    return await build(contents)
  } catch (error) {
    await contents.files.release()
    if (error instanceof ProtocolError) throw new InputError([`${path}: ${error.message}`])
    throw error
  }
}

async function build(contents: ImageContents): Promise<NetbootImage> {
  const close = () => contents.files.release()
  const place = await findIn(contents.roots)
  if (place === undefined) {
    const tree = contents.folder === undefined ? overlay([]) : diskTree(contents.folder)
    const notes = [...contents.notes, 'no boot loader configuration with a Linux kernel was found']
    return { contents, boot: undefined, tree, notes, close }
  }
  const { boot, items, notes } = await composed(contents, place)
  return {
    contents,
    boot,
    tree: await treeOf(contents, boot, items),
    notes: [...contents.notes, ...notes],
    close,
  }
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

async function composed(contents: ImageContents, { root, found }: Place): Promise<Composed> {
  const about = await readLinuxKernel(await found.kernel.open())
  const { kernel, args } = found.choice
  const initrd = found.initrd.map(({ path }) => path)
  const base = { kernel, initrd, args, found, about, dropped: [], extensions: [], kept: 0 }
  if (!isTinyCore(initrd)) {
    const boot = { ...base, system: 'Linux' } as const
    return { boot, items: [], notes: diskNotes(args, contents) }
  }
  const roots = [root, ...contents.roots.filter((other) => other !== root)]
  const parts = await readTinyCore(roots, args, about?.release)
  const cleaned = netbootArguments(args)
  const saved = parts.backup === undefined ? undefined : await readBackup(parts.backup)
  const first = await initrdFolders(found.initrd.map(({ file }) => file))
  const items = await overlayItems(parts, saved?.backup, first.folders)
  const boot: ImageBoot = {
    ...base,
    system: 'Tiny Core Linux',
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
  { folder, files }: ImageContents,
  { found }: ImageBoot,
  items: readonly CpioItem[],
): Promise<FileTree> {
  const served = new Map<string, ByteSource>()
  if (folder === undefined) {
    served.set(found.choice.kernel, await found.kernel.open())
    for (const { path, file } of found.initrd) served.set(path, await file.open())
  }
  if (items.length > 0) served.set(overlayName, cpioSource(items, modified))
  const own = sourceTree(served, files, digestOf(items))
  return folder === undefined ? own : overlay([own, diskTree(folder)])
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

function sourceTree(
  served: ReadonlyMap<string, ByteSource>,
  files: SharedFiles,
  digest: string,
): FileTree {
  const names = new Map([...served.keys()].map((name) => [name.toLowerCase(), name]))
  return {
    open: (path) => {
      const name = treePath(path)?.join('/') ?? ''
      const source = served.get(name) ?? served.get(names.get(name.toLowerCase()) ?? '')
      if (source === undefined) return Promise.resolve(undefined)
      files.hold()
      return Promise.resolve(openFile(source, files, digest))
    },
    list: () => Promise.resolve([...served.keys()]),
  }
}

function openFile(source: ByteSource, files: SharedFiles, digest: string): OpenFile {
  let closed = false
  return {
    size: source.size,
    etag: `${files.etag}-${digest}`,
    modified: files.modified,
    read: (buffer, position) => source.read(buffer, position),
    close: async () => {
      if (!closed) await files.release()
      closed = true
    },
  }
}
