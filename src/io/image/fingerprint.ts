/**
 * Whether an image is still as it was: by size, time and inode, without reading it. Of a folder the
 * first thousand names count, those at the top before those below; of a disk in parts (OVF, VMDK) the
 * files beside it whose names begin alike.
 */
import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { join, parse } from 'node:path'

export interface Fingerprint {
  /** Another one means that something changed. */
  readonly text: string
  /** When the last change was, epoch ms. */
  readonly changed: number
  readonly isFolder: boolean
}

/** Names in a folder that are looked at: each costs a question to the disk. */
const mostNames = 1000

/** Undefined where nothing is, or nothing that this process may see. */
export async function fingerprintOf(path: string): Promise<Fingerprint | undefined> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) return await folderFingerprint(path, found)
    const parts = [found, ...(await partsOf(path))]
    const changed = Math.max(...parts.map(({ mtimeMs }) => mtimeMs))
    return { text: parts.map(wordsOf).join(' '), changed, isFolder: false }
  } catch {
    return undefined
  }
}

/** `m-disk1.vmdk` and `m.mf` belong to `m.ovf`, `m-flat.vmdk` to `m.vmdk`. */
async function partsOf(path: string): Promise<readonly Stats[]> {
  const { dir, base, name: stem, ext } = parse(path)
  if (!/^\.(ovf|vmdk)$/i.test(ext)) return []
  const names = (await readdir(dir)).filter((name) => name.startsWith(stem) && name !== base)
  const found = names
    .slice(0, mostNames)
    .map((name) => stat(join(dir, name)).catch(() => undefined))
  return (await Promise.all(found)).flatMap((stats) => stats ?? [])
}

async function folderFingerprint(root: string, own: Stats): Promise<Fingerprint> {
  const hash = createHash('sha256').update(wordsOf(own))
  let { mtimeMs: changed } = own
  let left = mostNames
  for (const folders = [root]; folders.length > 0 && left > 0;) {
    const folder = folders.shift() ?? root
    const names = (await readdir(folder).catch(() => [])).slice(0, left)
    left -= names.length
    const paths = names.map((name) => join(folder, name))
    const found = await Promise.all(paths.map((path) => lstat(path).catch(() => undefined)))
    for (const [index, path] of paths.entries()) {
      const stats = found[index]
      if (stats === undefined) continue
      hash.update(JSON.stringify([path, wordsOf(stats)]))
      changed = Math.max(changed, stats.mtimeMs)
      if (stats.isDirectory()) folders.push(path)
    }
  }
  return { text: hash.digest('hex'), changed, isFolder: true }
}

function wordsOf({ size, mtimeMs, ino, dev }: Stats): string {
  return [size, mtimeMs, ino, dev].join('-')
}
