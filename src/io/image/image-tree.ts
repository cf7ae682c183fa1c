/**
 * Images as trees that are served: files inside them read in place, and the image held open until
 * the last of them is closed; folders without the disks that lie in them.
 */
import { ProtocolError } from '../../core/errors.ts'
import { discNames } from '../../boot/image/image-kinds.ts'
import { treePath } from '../../boot/tree-path.ts'
import type { ByteSource } from '../../wire/byte-source.ts'
import { type FolderNode, findFile, listPaths } from '../../wire/disk/image-node.ts'
import { diskTree } from '../files/disk-tree.ts'
import type { FileTree, OpenFile } from '../files/file-tree.ts'
import type { SharedFiles } from './shared-files.ts'

/** Paths listed at most. */
const listLimit = 10_000

/** These files and no others; `digest` tells two compositions of the same image apart. */
export function sourceTree(
  served: ReadonlyMap<string, ByteSource>,
  files: SharedFiles,
  digest: string,
): FileTree {
  const names = new Map([...served.keys()].map((name) => [name.toLowerCase(), name]))
  return {
    open: (path) => {
      const name = treePath(path)?.join('/') ?? ''
      const source = served.get(name) ?? served.get(names.get(name.toLowerCase()) ?? '')
      const isOpen = source !== undefined && files.hold()
      return Promise.resolve(
        isOpen ? openFile(source, files, `${files.etag}-${digest}`) : undefined,
      )
    },
    list: () => Promise.resolve([...served.keys()]),
  }
}

/** Every file of a file system. What is damaged is as if it were not there. */
export function volumeTree(root: FolderNode, files: SharedFiles): FileTree {
  return {
    open: async (path) => {
      const name = treePath(path)?.join('/')
      if (name === undefined || !files.hold()) return undefined
      let source: ByteSource | undefined
      try {
        source = await found(root, name)
      } finally {
        if (source === undefined) await files.release()
      }
      return source === undefined ? undefined : openFile(source, files, files.etag)
    },
    list: () => tolerant(listPaths(root, listLimit), []),
  }
}

/**
 * Endings of disks and of machines' memories, which nobody means to give away whole; also while
 * they are being copied (`a.ova.part`).
 */
const isDisk = /\.(ova|ovf|vmdk|vmem|vmsn|vmss|qcow2?|qed|vdi|vhdx?|hdd)([.~-].*)?$/i

/** A folder on disk, without the disks in it. */
export function folderTree(folder: string): FileTree {
  return without(diskTree(folder, discNames), (names) => isDisk.test(names.at(-1) ?? ''))
}

/** A tree in which paths, as the names in them, may be hidden. */
export function without(tree: FileTree, isHidden: (names: readonly string[]) => boolean): FileTree {
  const hides = (path: string): boolean => isHidden(treePath(path) ?? [])
  return {
    open: (path, client) => (hides(path) ? Promise.resolve(undefined) : tree.open(path, client)),
    list: async () => (await tree.list()).filter((path) => !hides(path)),
  }
}

async function found(root: FolderNode, path: string): Promise<ByteSource | undefined> {
  return tolerant(
    findFile(root, path).then((file) => file?.open()),
    undefined,
  )
}

async function tolerant<T>(work: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof ProtocolError) return otherwise
    throw error
  }
}

function openFile(source: ByteSource, files: SharedFiles, etag: string): OpenFile {
  let closed = false
  return {
    size: source.size,
    place: source.place,
    etag,
    modified: files.modified,
    read: (buffer, position) => source.read(buffer, position),
    close: async () => {
      if (closed) return
      closed = true
      await files.release()
    },
  }
}
