/**
 * What a Tiny Core image has beside its kernel and initrd, as a second initrd: extensions where
 * `tce-setup` looks for built-in ones, and the files of its backup where they belong.
 *
 * A later archive's folder takes the place of an earlier one's mode and owner, so a folder is only
 * written where the first initrd has none, or where its mode is known.
 */
import { ProtocolError } from '../../core/errors.ts'
import { type ByteSource, memorySource } from '../../wire/byte-source.ts'
import type { CpioItem } from '../../wire/linux/cpio-source.ts'
import type { TarMember } from '../../wire/disk/tar.ts'
import type { TinyCoreParts } from './tiny-core.ts'

/** Files that the user keeps, unpacked. */
export interface Backup {
  readonly members: readonly TarMember[]
  content(member: TarMember): ByteSource
}

/** Characters of a path that Linux takes, and entries, folders that have to be made among them. */
const longestPath = 4096
const mostItems = 100_000

const staff = { user: 0, group: 50 } as const
const builtin = 'tmp/builtin'

const builtinFolders: readonly CpioItem[] = [
  { type: 'directory', path: 'tmp', mode: 0o1777 },
  { type: 'directory', path: builtin, mode: 0o775, owner: staff },
  { type: 'directory', path: `${builtin}/optional`, mode: 0o775, owner: staff },
]

/**
 * `folders` are those of the first initrd. Empty where the image has neither extensions nor a
 * backup.
 */
export async function overlayItems(
  parts: TinyCoreParts,
  backup: Backup | undefined,
  folders: ReadonlySet<string>,
): Promise<readonly CpioItem[]> {
  const items: CpioItem[] = []
  if (parts.files.size > 0) {
    items.push(...builtinFolders)
    const list = new TextEncoder().encode(parts.onboot.map((name) => `${name}\n`).join(''))
    items.push(fileItem('onboot.lst', memorySource(list)))
    for (const [path, file] of parts.files) items.push(fileItem(path, await file.open()))
  }
  if (backup !== undefined) items.push(...backupItems(backup, folders))
  return items
}

function fileItem(path: string, content: ByteSource): CpioItem {
  return { type: 'file', path: `${builtin}/${path}`, mode: 0o664, owner: staff, content }
}

function backupItems(backup: Backup, folders: ReadonlySet<string>): CpioItem[] {
  const items: CpioItem[] = []
  const made = new Set(folders)
  const files = new Map<string, TarMember>()
  for (const member of backup.members) {
    const { path, type, mode, owner } = member
    if (type === 'other' || path === '' || path.split('/').includes('..')) continue
    checkRoom(path, items.length)
    for (const folder of missingParents(path, made)) {
      made.add(folder)
      items.push({ type: 'directory', path: folder, mode: 0o755 })
    }
    const source = type === 'hardlink' ? files.get(plainTarget(member)) : member
    if (type === 'folder') {
      made.add(path)
      items.push({ type: 'directory', path, mode, owner })
    } else if (type === 'link') {
      items.push({ type: 'link', path, mode: 0o777, owner, target: member.target })
    } else if (source?.type === 'file') {
      files.set(path, source)
      const content = backup.content(source)
      items.push({ type: 'file', path, mode: source.mode, owner: source.owner, content })
    }
  }
  return items
}

function checkRoom(path: string, items: number): void {
  if (path.length <= longestPath && items <= mostItems) return
  throw new ProtocolError(path.slice(0, 80), 'the backup has too many folders, or too deep ones')
}

function plainTarget({ target }: TarMember): string {
  return target.replace(/^(\.?\/)+/, '')
}

/** Folders above `path` that nobody has made, the highest first: above one that is there all are. */
function missingParents(path: string, made: ReadonlySet<string>): string[] {
  const parents: string[] = []
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end)
    if (made.has(parent)) break
    parents.unshift(parent)
  }
  return parents
}
