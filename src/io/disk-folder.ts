/**
 * A folder on disk in the form that image readers take, to look for what it boots. Opens each file
 * only while it reads from it: a folder may have many, and nobody closes them. Links count as what
 * they lead to, as long as that lies in the folder.
 */
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
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
      const visible = entries.filter((entry) => !entry.name.startsWith('.'))
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
  const { size } = found
  return { type: 'file', name, size, open: () => Promise.resolve(fileSource(path, size)) }
}

function fileSource(path: string, size: number): ByteSource {
  return {
    size,
    read: async (buffer, position) => {
      const file = await openPlainFile(path)
      try {
        return (await file?.read(buffer, position)) ?? 0
      } finally {
        await file?.close()
      }
    },
  }
}
