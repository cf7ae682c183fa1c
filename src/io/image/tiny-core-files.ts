/** Packed files of a Tiny Core image, unpacked in memory within limits: its backup and its initrd. */
import { messageOf } from '../../core/errors.ts'
import type { Backup } from '../../boot/image/tiny-core-overlay.ts'
import { memorySource, part, readExactly } from '../../wire/byte-source.ts'
import { readCpioFolders } from '../../wire/linux/cpio.ts'
import type { FileNode } from '../../wire/disk/image-node.ts'
import { readTar } from '../../wire/disk/tar.ts'
import { unzip } from './inflate.ts'

/** Octets, packed and unpacked: the machine that boots has them in memory, too. */
const limits = { packed: 64 * 1024 * 1024, unpacked: 256 * 1024 * 1024 } as const

/** The user's files, or a note why they do not come along. */
export async function readBackup(
  file: FileNode,
): Promise<{ backup?: Backup; notes: readonly string[] }> {
  try {
    const archive = memorySource(await unpacked(file))
    const members = await readTar(archive)
    const content: Backup['content'] = ({ position, size, path }) =>
      part(archive, position, size, path)
    return { backup: { members, content }, notes: [] }
  } catch (error) {
    return { notes: [`${file.name} is left out: ${messageOf(error)}`] }
  }
}

/** Folders of the initrds; none, with a note, where one cannot be read. */
export async function initrdFolders(
  files: readonly FileNode[],
): Promise<{ folders: ReadonlySet<string>; notes: readonly string[] }> {
  const folders = new Set<string>()
  const notes: string[] = []
  for (const file of files) {
    try {
      for (const folder of readCpioFolders(await unpacked(file))) folders.add(folder)
    } catch (error) {
      notes.push(`the folders of ${file.name} are not known: ${messageOf(error)}`)
    }
  }
  return { folders, notes }
}

async function unpacked(file: FileNode): Promise<Uint8Array> {
  if (file.size > limits.packed) throw new Error(`${file.size} octets are too many`)
  const packed = await readExactly(await file.open(), 0, file.size, file.name)
  return unzip(packed, limits.unpacked)
}
