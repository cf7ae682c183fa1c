/**
 * A folder on disk in the form that image readers take, to look for what it boots. Opens each file
 * only while it reads from it: a folder may have many, and nobody closes them. Links count as what
 * they lead to, as long as that lies in the folder.
 */
import type { BigIntStats, Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { ProtocolError } from '../../core/errors.ts'
import { discNames } from '../../boot/image/image-kinds.ts'
import type { ByteSource } from '../../wire/byte-source.ts'
import { FolderLists } from '../../wire/disk/folder-lists.ts'
import type { FolderNode, ImageNode } from '../../wire/disk/image-node.ts'
import { etagOf, openPlainFile } from './disk-tree.ts'

/** `root` is a path without links. */
export function diskFolder(root: string): FolderNode {
  return folderAt({ root, lists: new FolderLists() }, root, '')
}

interface Tree {
  readonly root: string
  readonly lists: FolderLists
}

function folderAt(tree: Tree, path: string, name: string): FolderNode {
  return { type: 'folder', name, list: () => tree.lists.list(path, () => read(tree, path)) }
}

async function read(tree: Tree, path: string): Promise<readonly ImageNode[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  tree.lists.count(entries.length)
  const visible = entries.filter(({ name }) => !name.startsWith('.') || discNames.has(name))
  const nodes = await Promise.all(visible.map((entry) => nodeOf(tree, path, entry)))
  return nodes.flatMap((node) => node ?? [])
}

async function nodeOf(tree: Tree, folder: string, entry: Dirent): Promise<ImageNode | undefined> {
  const { name } = entry
  const path = await realpath(join(folder, name)).catch(() => undefined)
  if (path === undefined || !path.startsWith(tree.root + sep)) return undefined
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  if (found?.isDirectory() === true) return folderAt(tree, path, name)
  if (found?.isFile() !== true) return undefined
  const open = () => Promise.resolve(fileSource(path, found))
  return { type: 'file', name, size: Number(found.size), open }
}

function fileSource(path: string, found: BigIntStats): ByteSource {
  return {
    size: Number(found.size),
    read: async (buffer, position) => {
      const file = await openPlainFile(path)
      try {
        const got = (await file?.read(buffer, position)) ?? 0
        if (file?.etag === etagOf(found)) return got
        throw new ProtocolError(basename(path), 'was written to while it was read')
      } finally {
        await file?.close()
      }
    },
  }
}
