/**
 * What a recognised image offers: its system's entries whose files are there, each with what its
 * kernel says of itself, and what the user must know.
 */
import {
  type ImageFacts,
  type PackedFiles,
  type System,
  type SystemBoot,
  wholeDisc,
} from '../../boot/system/system.ts'
import type { Installer } from '../../boot/kickstart/installers.ts'
import { esxi as esxiSystem } from '../../boot/system/esxi.ts'
import { installerOfRelease } from '../../boot/system/photon-installer.ts'
import { photon } from '../../boot/system/photon.ts'
import { systemOf } from '../../boot/system/systems.ts'
import { ProtocolError } from '../../core/errors.ts'
import type { ByteSource } from '../../wire/byte-source.ts'
import type { CpioItem } from '../../wire/linux/cpio-source.ts'
import { findFile, type FolderNode, listPaths } from '../../wire/disk/image-node.ts'
import { type LinuxKernel, readLinuxKernel } from '../../wire/linux/linux-kernel.ts'
import { type EsxiFiles, readEsxi } from './esxi-files.ts'
import { findPhotonInstaller } from './photon-initrd.ts'

export interface OfferedBoot extends SystemBoot {
  readonly about: LinuxKernel | undefined
}

export interface ImageOffers {
  readonly system: System
  readonly boots: readonly OfferedBoot[]
  /** What is in the initrds that are made, by their paths. */
  readonly packed: ReadonlyMap<string, readonly CpioItem[]>
  readonly notes: readonly string[]
  /** Of ESXi, which has no entries among `boots`. */
  readonly esxi?: EsxiFiles | undefined
  /** Of Photon; undefined where nothing tells. */
  readonly installer?: FoundInstaller | undefined
}

/** A kickstart is written for it. */
export interface FoundInstaller {
  readonly version: Installer
  /** What told: the initrd of the image, or what its release came with. */
  readonly by: 'initrd' | 'release'
}

/** Names looked at: those at the top come first, and packages lie deep. */
const mostPaths = 10_000

/** Undefined where nobody knows how such an image boots. */
export async function imageOffers(
  root: FolderNode,
  disc: ByteSource | undefined,
  known: Omit<ImageFacts, 'has' | 'discSize'>,
): Promise<ImageOffers | undefined> {
  const system = systemOf(known.id)
  if (system === undefined) return undefined
  const installer = await installerOf(root, known)
  const facts = { ...known, installer, discSize: disc?.size, has: await presence(root) }
  const { boots, notes } = await offersOf(system, root, facts)
  const packed = new Map<string, readonly CpioItem[]>()
  for (const { archive } of boots) {
    if (archive !== undefined) packed.set(archive.path, await itemsOf(archive, root, disc))
  }
  const own = system.id === esxiSystem.id ? await readEsxi(root) : undefined
  const all = [...notes, ...(own?.notes ?? [])]
  return { system, boots, packed, notes: all, esxi: own, installer: installerFact(facts) }
}

/** Only Photon's initrd is looked into. */
function installerOf(
  root: FolderNode,
  { id, version }: Pick<ImageFacts, 'id' | 'version'>,
): Promise<Installer | undefined> {
  if (id !== photon.id) return Promise.resolve(undefined)
  return findPhotonInstaller(root, installerOfRelease(version))
}

function installerFact({ id, installer, version }: ImageFacts): FoundInstaller | undefined {
  if (id !== photon.id) return undefined
  if (installer !== undefined) return { version: installer, by: 'initrd' }
  const usual = installerOfRelease(version)
  return usual === undefined ? undefined : { version: usual, by: 'release' }
}

async function itemsOf(
  { files }: PackedFiles,
  root: FolderNode,
  disc: ByteSource | undefined,
): Promise<readonly CpioItem[]> {
  const items = Object.entries(files).map(async ([path, from]): Promise<readonly CpioItem[]> => {
    const content = from === wholeDisc ? disc : await (await findFile(root, from))?.open()
    return content === undefined ? [] : [{ type: 'file', path, mode: 0o644, content }]
  })
  return (await Promise.all(items)).flat()
}

async function offersOf(
  system: System,
  root: FolderNode,
  facts: ImageFacts,
): Promise<Pick<ImageOffers, 'boots' | 'notes'>> {
  const boots: OfferedBoot[] = []
  const notes = [...(system.says?.(facts) ?? [])]
  for (const boot of system.boots(facts)) {
    const missing = await missingFiles(root, boot)
    if (missing.length > 0) notes.push(`there is no ${missing.join(', no ')} in it`)
    else boots.push({ ...boot, about: await kernelAt(root, boot.kernel) })
  }
  return { boots, notes: [...new Set(notes)] }
}

async function missingFiles(
  root: FolderNode,
  { kernel, initrd, archive, isWimboot }: SystemBoot,
): Promise<readonly string[]> {
  const packed = Object.values(archive?.files ?? {}).filter((path) => path !== wholeDisc)
  const own = initrd.filter((path) => path !== archive?.path)
  const paths = [...(isWimboot === true ? [] : [kernel]), ...own, ...packed]
  const found = await Promise.all(paths.map((path) => findFile(root, path)))
  return paths.filter((_path, index) => found[index] === undefined)
}

async function presence(root: FolderNode): Promise<(path: string) => boolean> {
  const paths = new Set<string>()
  for (const path of await listPaths(root, mostPaths)) {
    const names = path.toLowerCase().split('/')
    for (let count = names.length; count > 0; count--) paths.add(names.slice(0, count).join('/'))
  }
  return (path) => paths.has(path.toLowerCase())
}

async function kernelAt(root: FolderNode, path: string): Promise<LinuxKernel | undefined> {
  try {
    const file = await findFile(root, path)
    return file === undefined ? undefined : await readLinuxKernel(await file.open())
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}
