/**
 * What a recognised image offers: its system's entries whose files are there, each with what its
 * kernel says of itself, and what the user must know.
 */
import type { ImageFacts, System, SystemBoot } from '../../boot/system/system.ts'
import { systemOf } from '../../boot/system/systems.ts'
import { ProtocolError } from '../../core/errors.ts'
import { findFile, type FolderNode, listPaths } from '../../wire/disk/image-node.ts'
import { type LinuxKernel, readLinuxKernel } from '../../wire/linux/linux-kernel.ts'

export interface OfferedBoot extends SystemBoot {
  readonly about: LinuxKernel | undefined
}

export interface ImageOffers {
  readonly boots: readonly OfferedBoot[]
  readonly notes: readonly string[]
}

/** Names looked at: those at the top come first, and packages lie deep. */
const mostPaths = 10_000

/** Undefined where nobody knows how such an image boots. */
export async function imageOffers(
  root: FolderNode,
  known: Omit<ImageFacts, 'has'>,
): Promise<ImageOffers | undefined> {
  const system = systemOf(known.id)
  return system === undefined ? undefined : offersOf(system, root, known)
}

async function offersOf(
  system: System,
  root: FolderNode,
  known: Omit<ImageFacts, 'has'>,
): Promise<ImageOffers> {
  const facts: ImageFacts = { ...known, has: await presence(root) }
  const boots: OfferedBoot[] = []
  const notes = [...(system.says?.(facts) ?? [])]
  for (const boot of system.boots(facts)) {
    const missing = [boot.kernel, ...boot.initrd].filter((path) => !facts.has(path))
    if (missing.length > 0) notes.push(`there is no ${missing.join(', no ')} in it`)
    else boots.push({ ...boot, about: await kernelAt(root, boot.kernel) })
  }
  return { boots, notes: [...new Set(notes)] }
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
