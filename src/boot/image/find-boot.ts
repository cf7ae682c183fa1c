/**
 * Which kernel an image starts: looks for the configurations of boot loaders where they use to be,
 * and takes the default of the first one whose kernel is there. Where there is none, kernels at
 * well-known places.
 */
import { readExactly } from '../../wire/byte-source.ts'
import { type FileNode, type FolderNode, findFile } from '../../wire/disk/image-node.ts'
import { type BootChoice, type LoaderConfig, fromRoot } from './boot-choice.ts'
import { parseGrubConfig } from './grub-config.ts'
import { parseSyslinuxConfig } from './syslinux-config.ts'

export interface FoundBoot {
  /** Path of the configuration; undefined where the kernel was found by its place alone. */
  readonly config: string | undefined
  readonly choice: BootChoice
  readonly kernel: FileNode
  readonly initrd: readonly { readonly path: string; readonly file: FileNode }[]
  /** Titles of what else could be started. */
  readonly others: readonly string[]
}

const syslinuxFolders = [
  '',
  'boot',
  ...['extlinux', 'syslinux', 'isolinux'].flatMap((name) => [name, `boot/${name}`]),
  'tce/boot',
  ...['extlinux', 'syslinux', 'isolinux'].map((name) => `tce/boot/${name}`),
]
const syslinuxNames = ['extlinux.conf', 'syslinux.cfg', 'isolinux.cfg']
const grubPaths = [
  ...['grub', 'grub2', 'boot/grub', 'boot/grub2', 'EFI/BOOT'].map((path) => `${path}/grub.cfg`),
  ...['boot/grub', 'grub', 'tce/boot/grub'].map((path) => `${path}/menu.lst`),
]

const places: readonly (readonly [path: string, parse: Parse])[] = [
  ...syslinuxFolders.flatMap((folder) =>
    syslinuxNames.map((name) => [fromRoot(name, folder), parseSyslinuxConfig] as const),
  ),
  ['pxelinux.cfg/default', parseSyslinuxConfig],
  ...grubPaths.map((path) => [path, parseGrubConfig] as const),
]

type Parse = (text: string, folder: string) => LoaderConfig

/** Where a kernel and its initrd lie when no boot loader says so: Tiny Core's names. */
const wellKnown = ['tce/boot', 'boot', ''].flatMap((folder) => [
  ...['core.gz', 'rootfs.gz', 'tinycore.gz'].map((name) => choiceAt(folder, 'vmlinuz', name)),
  ...['corepure64.gz', 'rootfs64.gz'].map((name) => choiceAt(folder, 'vmlinuz64', name)),
])

function choiceAt(folder: string, kernel: string, initrd: string): BootChoice {
  const [path, image] = [fromRoot(kernel, folder), fromRoot(initrd, folder)]
  return { title: '', kernel: path, initrd: [image], args: '', isDefault: true }
}

/** Octets of a configuration, and files that one may include, at most. */
const longestConfig = 256 * 1024
const mostFiles = 16
/** Choices looked at: each is a search for its files. */
const mostChoices = 256

/** What `root` would start; undefined where nothing is found. */
export async function findBoot(root: FolderNode): Promise<FoundBoot | undefined> {
  for (const [path, parse] of places) {
    const choices = await choicesIn(root, path, parse)
    const found = await firstThere(root, choices)
    if (found === undefined) continue
    const others = choices.filter((choice) => choice !== found.choice).map(({ title }) => title)
    return { ...found, config: path, others }
  }
  const found = await firstThere(root, wellKnown)
  return found === undefined ? undefined : { ...found, config: undefined, others: [] }
}

/** Choices of a configuration and of those that it includes, each read once. */
async function choicesIn(root: FolderNode, first: string, parse: Parse): Promise<BootChoice[]> {
  const choices: BootChoice[] = []
  const seen = new Set<string>()
  for (const ahead = [first]; ahead.length > 0 && seen.size < mostFiles;) {
    const path = ahead.shift() ?? ''
    if (seen.has(path)) continue
    seen.add(path)
    const text = await textAt(root, path)
    if (text === undefined) continue
    const config = parse(text, path.replace(/[^/]*$/, ''))
    choices.push(...config.choices)
    ahead.push(...config.includes)
  }
  return choices.slice(0, mostChoices)
}

async function textAt(root: FolderNode, path: string): Promise<string | undefined> {
  const file = await findFile(root, path)
  if (file === undefined || file.size > longestConfig) return undefined
  return new TextDecoder().decode(await readExactly(await file.open(), 0, file.size, path))
}

/** The default, if all its files are there; else the first whose files are. */
async function firstThere(
  root: FolderNode,
  choices: readonly BootChoice[],
): Promise<Omit<FoundBoot, 'config' | 'others'> | undefined> {
  const ordered = [
    ...choices.filter(({ isDefault }) => isDefault),
    ...choices.filter(({ isDefault }) => !isDefault),
  ]
  for (const choice of ordered) {
    const kernel = await findFile(root, choice.kernel)
    if (kernel === undefined) continue
    const initrd = await Promise.all(
      choice.initrd.map(async (path) => ({ path, file: await findFile(root, path) })),
    )
    const there = initrd.flatMap(({ path, file }) => (file === undefined ? [] : [{ path, file }]))
    if (there.length === initrd.length) return { choice, kernel, initrd: there }
  }
  return undefined
}
