/**
 * Files inside an image as a tree that is served: read in place, and the image held open until the
 * last of them is closed.
 */
import { ProtocolError } from '../core/errors.ts'
import { treePath } from '../boot/tree-path.ts'
import type { ByteSource } from '../wire/byte-source.ts'
import { type FolderNode, findFile, listPaths } from '../wire/image-node.ts'
import type { FileTree, OpenFile } from './file-tree.ts'
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
      const source = await found(root, name)
      if (source !== undefined) return openFile(source, files, files.etag)
      await files.release()
      return undefined
    },
    list: () => tolerant(listPaths(root, listLimit), []),
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
    etag,
    modified: files.modified,
    read: (buffer, position) => source.read(buffer, position),
    close: async () => {
      if (!closed) await files.release()
      closed = true
    },
  }
}
