/**
 * Tiny Core Linux on a disk: which extensions it loads at boot, which backup it restores, and which
 * of its boot codes mean the disk that a machine without one does not have.
 *
 * Source: tinycorelinux/Core-scripts, v13.0: etc/init.d/tc-config, usr/bin/tce-setup, tce-load,
 * filetool.sh.
 */
import { readExactly } from '../../wire/byte-source.ts'
import { type FileNode, type FolderNode, findFile, findNode } from '../../wire/disk/image-node.ts'

export interface TinyCoreParts {
  /** Files by their path below a `tce` folder: `optional/nginx.tcz`, `optional/nginx.tcz.dep`. */
  readonly files: ReadonlyMap<string, FileNode>
  /** Names of the extensions that are loaded at boot, in their order. */
  readonly onboot: readonly string[]
  /** The archive of files that the user keeps. */
  readonly backup: FileNode | undefined
  /** What could not be done, one sentence each. */
  readonly notes: readonly string[]
}

/** Whether the initrd is one of Tiny Core's, by its name. */
export function isTinyCore(initrd: readonly string[]): boolean {
  return initrd.some((path) => /(^|\/)(core|corepure64|rootfs|rootfs64|tinycore)\.gz$/.test(path))
}

/** Boot codes with a value that mean a disk of the machine. */
const diskCodes: ReadonlySet<string> = new Set(
  [
    'tce',
    'pretce',
    'lst',
    'restore',
    'mydata',
    'waitusb',
    'home',
    'opt',
    'tcvd',
    'swapfile',
  ].concat(['resume', 'iso', 'root', 'BOOT_IMAGE']),
)
/** Boot codes without one that do, or that ask somebody at the keyboard. */
const diskFlags: ReadonlySet<string> = new Set(['cde', 'restore', 'protect', 'safebackup'])

/**
 * So that nothing is looked for on the disks of the machine that boots: no extensions, no backup, no
 * swap. Those of the image come with the overlay, which `base` does not skip.
 */
const withoutDisk = ['base', 'norestore', 'noswap']

export interface CleanedArguments {
  readonly args: string
  readonly dropped: readonly string[]
}

/** The boot codes for a machine that starts from the network. */
export function netbootArguments(args: string): CleanedArguments {
  const words = args.split(' ').filter((word) => word !== '')
  const kept = words.filter((word) => !meansDisk(word) && !withoutDisk.includes(word))
  return { args: [...kept, ...withoutDisk].join(' '), dropped: words.filter(meansDisk) }
}

function meansDisk(word: string): boolean {
  const [name = ''] = word.split('=')
  return word.includes('=') ? diskCodes.has(name) : diskFlags.has(word)
}

/** What the image's own boot codes load (`cde` from a disc) and restore, from its volumes: that of the kernel first. */
export async function readTinyCore(
  roots: readonly FolderNode[],
  args: string,
  kernelRelease: string | undefined,
): Promise<TinyCoreParts> {
  const codes = args.split(' ')
  const folder = folderIn(valueOf(codes, 'tce'), codes.includes('cde') ? 'cde' : 'tce')
  const tce = await firstFolder(roots, folder)
  const collector = new Collector(tce, kernelRelease)
  if (tce !== undefined && !codes.includes('base')) {
    await collector.collect(valueOf(codes, 'lst') ?? 'onboot.lst')
  }
  const backup = codes.includes('norestore') ? undefined : await findBackup(roots, codes, folder)
  return { ...collector.parts(), backup }
}

/** `UUID="…"/my/dir` and `sda1/my/dir` name a folder on that disk; without one it is the usual. */
function folderIn(value: string | undefined, usual: string): string {
  const slash = value?.indexOf('/') ?? -1
  return value === undefined || slash < 0 ? usual : value.slice(slash + 1)
}

function valueOf(codes: readonly string[], name: string): string | undefined {
  return codes.findLast((code) => code.startsWith(`${name}=`))?.slice(name.length + 1)
}

async function firstFolder(
  roots: readonly FolderNode[],
  path: string,
): Promise<FolderNode | undefined> {
  for (const root of roots) {
    const node = await findNode(root, path)
    if (node?.type === 'folder') return node
  }
  return undefined
}

async function findBackup(
  roots: readonly FolderNode[],
  codes: readonly string[],
  tceFolder: string,
): Promise<FileNode | undefined> {
  const name = `${valueOf(codes, 'mydata') ?? 'mydata'}.tgz`
  const restore = valueOf(codes, 'restore')
  const folder = restore === undefined ? tceFolder : folderIn(restore, '')
  for (const root of roots) {
    const file = await findFile(root, `${folder}/${name}`)
    if (file !== undefined) return file
  }
  return undefined
}

/** Extensions at most: Tiny Core loads each by a loop device of its own. */
const mostExtensions = 1000
/** Octets of a list at most. */
const longestList = 256 * 1024

/** Follows the list and the `.dep` files beside the extensions. */
class Collector {
  readonly #tce: FolderNode | undefined
  readonly #release: string | undefined
  readonly #files = new Map<string, FileNode>()
  readonly #seen = new Set<string>()
  readonly #notes: string[] = []
  #onboot: readonly string[] = []

  constructor(tce: FolderNode | undefined, release: string | undefined) {
    this.#tce = tce
    this.#release = release
  }

  async collect(list: string): Promise<void> {
    this.#onboot = await this.#names(list)
    for (const name of this.#onboot) await this.#extension(name)
    // Flags that some extensions are to be copied, and archives that are unpacked before any.
    for (const name of ['copy2fs.flg', 'copy2fs.lst']) await this.#take(name)
    for (const node of (await this.#tce?.list()) ?? []) {
      if (node.type === 'file' && node.name.endsWith('.gz')) this.#files.set(node.name, node)
    }
  }

  parts(): Omit<TinyCoreParts, 'backup'> {
    return { files: this.#files, onboot: this.#onboot, notes: this.#notes }
  }

  async #extension(name: string): Promise<void> {
    if (this.#seen.has(name) || this.#seen.size > mostExtensions) return
    this.#seen.add(name)
    if (this.#seen.size > mostExtensions) {
      this.#notes.push(`more than ${mostExtensions} extensions: the others are left out`)
      return
    }
    const path = `optional/${await this.#onDisk(name)}`
    if (!(await this.#take(path))) {
      this.#notes.push(`extension ${name} is listed, but not in the image`)
      return
    }
    await this.#take(`${path}.dep`)
    for (const needed of await this.#names(`${path}.dep`)) await this.#extension(needed)
  }

  /** `-KERNEL` stands for the running kernel's version. */
  async #onDisk(name: string): Promise<string> {
    if (!name.includes('-KERNEL')) return name
    if (this.#release !== undefined) return name.replace('-KERNEL', `-${this.#release}`)
    const [before = '', after = ''] = name.split('-KERNEL')
    const optional = this.#tce === undefined ? undefined : await findNode(this.#tce, 'optional')
    const files = optional?.type === 'folder' ? await optional.list() : []
    const fits = files.find(
      (file) => file.name.startsWith(`${before}-`) && file.name.endsWith(after),
    )
    return fits?.name ?? name
  }

  async #take(path: string): Promise<boolean> {
    const file = await this.#find(path)
    if (file !== undefined) this.#files.set(path, file)
    return file !== undefined
  }

  /** A list's names, without comments; nothing where there is no list. */
  async #names(path: string): Promise<readonly string[]> {
    const file = await this.#find(path)
    if (file === undefined || file.size > longestList) return []
    const text = new TextDecoder().decode(await readExactly(await file.open(), 0, file.size, path))
    return text.split(/\r?\n/).flatMap((line) => {
      const name = line.replace(/#.*$/, '').trim().split(/\s/)[0] ?? ''
      if (!/^[\w.+~-]+$/.test(name)) return []
      return name.endsWith('.tcz') ? name : `${name}.tcz`
    })
  }

  #find(path: string): Promise<FileNode | undefined> {
    return this.#tce === undefined ? Promise.resolve(undefined) : findFile(this.#tce, path)
  }
}
