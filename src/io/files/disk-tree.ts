/**
 * A folder on disk as a tree of boot files. Serves plain files that lie in the folder and nothing
 * else: no way out by `..` or by a symbolic link, no devices, no pipes (opening one would wait for
 * its writer and stop the server), no names that begin with a dot. Reads the folder anew for each
 * request: files come and go while it is served, and it may not exist yet.
 */
import { constants, type BigIntStats } from 'node:fs'
import { open, readdir, realpath, type FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { treePath } from '../../boot/tree-path.ts'
import { codeOf } from '../../core/errors.ts'
import type { FileTree, OpenFile } from './file-tree.ts'

/** Paths listed at most: a folder of people's own may be a whole mirror. */
const listLimit = 10_000

/**
 * The name is taken as asked; where that misses, upper and lower case are not told apart, because
 * firmware and people who come from Windows servers do not either. `shown` are names that are served
 * though they begin with a dot.
 */
export function diskTree(root: string, shown: ReadonlySet<string> = new Set()): FileTree {
  const isHidden = (name: string): boolean => name.startsWith('.') && !shown.has(name)
  return {
    open: async (path) => {
      const names = treePath(path)
      if (names === undefined || names.length === 0 || names.some(isHidden)) return undefined
      try {
        return await openIn(root, names)
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    list: async () => {
      const paths: string[] = []
      // A folder's own files before what is below: one that is full does not hide its neighbours.
      for (let folders: readonly string[] = ['']; folders.length > 0;) {
        const below: string[] = []
        for (const folder of folders) {
          for (const inner of await collect({ root, folder, isHidden }, paths)) below.push(inner)
        }
        folders = below
      }
      return paths
    },
  }
}

async function openIn(root: string, names: readonly string[]): Promise<OpenFile | undefined> {
  const realRoot = await realpath(root)
  const found = await realPathOf(realRoot, names)
  return found?.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep) === true
    ? openPlainFile(found)
    : undefined
}

/** Where the names lead once every link is followed. */
async function realPathOf(root: string, names: readonly string[]): Promise<string | undefined> {
  try {
    return await realpath(join(root, ...names))
  } catch (error) {
    if (!isMissing(error)) throw error
    const spelled = await spelledOnDisk(root, names)
    return spelled === undefined ? undefined : realpath(spelled)
  }
}

/** The same names as the disk writes them, when they differ in upper and lower case only. */
async function spelledOnDisk(root: string, names: readonly string[]): Promise<string | undefined> {
  let folder = root
  for (const name of names) {
    const entries = await readdir(folder)
    const entry = entries.includes(name)
      ? name
      : entries.filter((candidate) => candidate.toLowerCase() === name.toLowerCase()).sort()[0]
    if (entry === undefined) return undefined
    folder = join(folder, entry)
  }
  return folder
}

export interface DiskFile extends OpenFile {
  /** Whether it is still as it was opened: somebody may have written into the same file. */
  isUnchanged(): Promise<boolean>
}

/**
 * A plain file; undefined for anything else. Opened without waiting and without following links,
 * then asked what it is: nothing to race.
 */
export async function openPlainFile(path: string): Promise<DiskFile | undefined> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  const handle = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
  try {
    const stats = await handle.stat({ bigint: true })
    if (stats.isFile()) return openFile(handle, stats, path)
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

function openFile(handle: FileHandle, stats: BigIntStats, path: string): DiskFile {
  const etag = etagOf(stats)
  return {
    size: Number(stats.size),
    etag,
    modified: stats.mtime,
    diskPath: path,
    descriptor: handle.fd,
    read: async (buffer, position) => {
      let filled = 0
      while (filled < buffer.length) {
        const rest = buffer.length - filled
        const { bytesRead } = await handle.read(buffer, filled, rest, position + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled
    },
    isUnchanged: async () => etagOf(await handle.stat({ bigint: true })) === etag,
    close: () => handle.close(),
  }
}

/** Changes with what a file holds, as far as its folder tells. */
export function etagOf({ size, mtimeNs, ino }: BigIntStats): string {
  return [size, mtimeNs, ino].map((part) => part.toString(16)).join('-')
}

interface Listed {
  readonly root: string
  readonly folder: string
  readonly isHidden: (name: string) => boolean
}

/** Adds the folder's files to `paths`; answers the folders in it, none once the list is full. */
async function collect({ root, folder, isHidden }: Listed, paths: string[]): Promise<string[]> {
  if (paths.length >= listLimit) return []
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])
  const folders: string[] = []
  for (const entry of entries) {
    if (isHidden(entry.name)) continue
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) folders.push(path)
    else if (paths.length < listLimit && (entry.isFile() || entry.isSymbolicLink()))
      paths.push(path)
  }
  return folders
}

/** No such file, or none that this process may read: for a client that is the same. */
const missing: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
  'EINVAL',
])

function isMissing(error: unknown): boolean {
  return missing.has(codeOf(error))
}
