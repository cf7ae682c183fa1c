/**
 * A folder on disk in the form that image readers take, to look for what it boots. Opens each file
 * only while it reads from it: a folder may have many, and nobody closes them. Links count as what
 * they lead to, as long as that lies in the folder.
 */
import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { ProtocolError } from '../core/errors.ts'
import { discNames } from '../boot/image-kinds.ts'
import type { ByteSource } from '../wire/byte-source.ts'
import type { FolderNode, ImageNode } from '../wire/image-node.ts'
import { openPlainFile } from './disk-tree.ts'

/** `root` is a path without links. */
export function diskFolder(root: string, path = root, name = ''): FolderNode {
  return {
    type: 'folder',
    name,
    list: async () => {
      const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
      const visible = entries.filter(
        ({ name: each }) => !each.startsWith('.') || discNames.has(each),
      )
      const nodes = await Promise.all(visible.map((entry) => nodeOf(root, path, entry)))
      return nodes.flatMap((node) => node ?? [])
    },
  }
}

async function nodeOf(root: string, folder: string, entry: Dirent): Promise<ImageNode | undefined> {
  const { name } = entry
  const path = await realpath(join(folder, name)).catch(() => undefined)
  if (path === undefined || !path.startsWith(root + sep)) return undefined
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) return diskFolder(root, path, name)
  if (found?.isFile() !== true) return undefined
  return {
    type: 'file',
    name,
    size: found.size,
    open: () => Promise.resolve(fileSource(path, found)),
  }
}

function fileSource(path: string, { size, mtimeMs }: Stats): ByteSource {
  return {
    size,
    read: async (buffer, position) => {
      const file = await openPlainFile(path)
      try {
        const got = (await file?.read(buffer, position)) ?? 0
        if (file?.size === size && file.modified?.getTime() === Math.floor(mtimeMs)) return got
        throw new ProtocolError(basename(path), 'was written to while it was read')
      } finally {
        await file?.close()
      }
    },
  }
}
