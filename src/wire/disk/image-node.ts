/**
 * Files and folders inside an image, whatever its format: ext4, FAT, ISO 9660, tar or a folder on
 * disk. Readers of formats give nodes; what looks for boot files walks them here.
 */
import { ProtocolError } from '../../core/errors.ts'
import type { ByteSource } from '../byte-source.ts'

export type ImageNode = FileNode | FolderNode | LinkNode

export interface FileNode {
  readonly type: 'file'
  readonly name: string
  readonly size: number
  open(): Promise<ByteSource>
}

export interface FolderNode {
  readonly type: 'folder'
  readonly name: string
  /** Without `.` and `..`; devices, pipes and sockets are left out. */
  list(): Promise<readonly ImageNode[]>
}

export interface LinkNode {
  readonly type: 'link'
  readonly name: string
  target(): Promise<string>
}

/** A file system. */
export interface Volume {
  /** `ext4`, `FAT16`, `ISO 9660 with Rock Ridge`. */
  readonly format: string
  /** Its name; empty where it has none. */
  readonly label: string
  readonly root: FolderNode
  /** Who made it: only discs say. */
  readonly publisher?: string | undefined
}

/** Whether a folder can have it, and a path lead there. */
export function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
}

/** Links followed in one path at most, as Linux does. */
const mostLinks = 40

/**
 * The file or folder at `path`, links followed inside the image. Where a name is not there as
 * written, upper and lower case are not told apart. Undefined where there is none.
 */
export async function findNode(
  root: FolderNode,
  path: string,
): Promise<FileNode | FolderNode | undefined> {
  const ahead = namesOf(path)
  const folders: FolderNode[] = []
  let node: ImageNode = root
  let links = 0
  for (;;) {
    if (node.type === 'link') {
      if (++links > mostLinks) throw new ProtocolError(path, 'too many symbolic links')
      const target = await node.target()
      if (target.startsWith('/')) folders.length = 0
      ahead.unshift(...namesOf(target))
      node = folders.pop() ?? root
      continue
    }
    const name = ahead.shift()
    if (name === undefined) return node
    if (name === '..') node = folders.pop() ?? root
    else if (node.type === 'file') return undefined
    else {
      const next = named(await node.list(), name)
      if (next === undefined) return undefined
      folders.push(node)
      node = next
    }
  }
}

/** The file at `path`, as `findNode` finds it. */
export async function findFile(root: FolderNode, path: string): Promise<FileNode | undefined> {
  const node = await findNode(root, path)
  return node?.type === 'file' ? node : undefined
}

/** Folders inside folders at most, where all paths are listed. */
const deepest = 32

/**
 * Paths of all files, as far as `limit` names lead: a folder's own before what is below. Links are
 * not followed, so that no ring holds it up.
 */
export async function listPaths(root: FolderNode, limit: number): Promise<readonly string[]> {
  const paths: string[] = []
  let looked = 0
  let level = [{ folder: root, base: '' }]
  for (let depth = 0; depth < deepest && level.length > 0; depth++) {
    const below: typeof level = []
    for (const { folder, base } of level) {
      for (const node of await folder.list()) {
        if (++looked > limit) return paths
        if (node.type === 'file') paths.push(base + node.name)
        if (node.type === 'folder') below.push({ folder: node, base: `${base}${node.name}/` })
      }
    }
    level = below
  }
  return paths
}

function namesOf(path: string): string[] {
  return path.split(/[/\\]/).filter((name) => name !== '' && name !== '.')
}

function named(nodes: readonly ImageNode[], name: string): ImageNode | undefined {
  const exact = nodes.find((node) => node.name === name)
  return exact ?? nodes.find((node) => node.name.toLowerCase() === name.toLowerCase())
}
