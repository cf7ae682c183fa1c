/** What an ESXi image has of what its boot.cfg names. */
import { bootCfgFiles } from '../../boot/esxi/boot-cfg.ts'
import { ProtocolError } from '../../core/errors.ts'
import { readExactly } from '../../wire/byte-source.ts'
import { type FolderNode, findFile } from '../../wire/disk/image-node.ts'

export interface EsxiFiles {
  /** Its boot.cfg, as it stands there. */
  readonly bootCfg: string
  /** What it names and the image has not: then it is not offered, since mboot would stop halfway. */
  readonly missing: readonly string[]
  /** Whether it has what starts it on BIOS. */
  readonly hasBios: boolean
  /** What the user must know. */
  readonly notes: readonly string[]
}

/** Octets; those of 9.x have some 4000. */
const longestCfg = 256 * 1024

/** Undefined where the image has no boot.cfg that names anything. */
export async function readEsxi(root: FolderNode): Promise<EsxiFiles | undefined> {
  const file = await findFile(root, 'boot.cfg')
  if (file === undefined || file.size > longestCfg) return undefined
  const text = new TextDecoder().decode(
    await readExactly(await file.open(), 0, file.size, 'boot.cfg'),
  )
  const named = bootCfgFiles(text)
  if (named === undefined) return undefined
  const missing = await without(root, [...new Set(named)])
  const hasBios = (await findFile(root, 'mboot.c32')) !== undefined
  const notes = [
    ...(missing.length === 0
      ? []
      : [`its boot.cfg names ${listed(missing)}, and the image has no such file`]),
    ...(hasBios ? [] : ['it has no mboot.c32: BIOS machines cannot start it']),
  ]
  return { bootCfg: text, missing, hasBios, notes }
}

async function without(root: FolderNode, paths: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = []
  for (const path of paths) {
    const found = path.includes('://') ? undefined : await tolerant(findFile(root, path))
    if (found === undefined) missing.push(path.replace(/^\//, ''))
  }
  return missing
}

/** What is damaged is as good as missing. */
async function tolerant<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

/** The first few names say what happened. */
const mostListed = 5

function listed(names: readonly string[]): string {
  const rest = names.length - mostListed
  const shown = names.slice(0, mostListed).join(', ')
  return rest > 0 ? `${shown} and ${rest} more` : shown
}
