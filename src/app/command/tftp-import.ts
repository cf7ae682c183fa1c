/**
 * Unpacks the TFTP boot zip of vCenter Auto Deploy (`deploy-tftp.zip`: boot loaders and the script
 * `tramp`) into the user's folder. Refuses names that lead out of it.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { treePath } from '../../boot/tree-path.ts'
import { formatBytes } from '../../boot/story.ts'
import { InputError, messageOf } from '../../core/errors.ts'

/** Octets that one file of the zip may unpack to: boot loaders are far below. */
const largest = 64 << 20

/**
 * Answers what was done, a line for each file. `through`: the mirror's URL, which takes the place of
 * vCenter's in `tramp`.
 */
export function importTftp(zip: string, folder: string, through?: string): readonly string[] {
  const origin = through === undefined ? undefined : mirrorOrigin(through)
  const unpacked = Object.entries(unzipped(zip)).filter(([name]) => !name.endsWith('/'))
  if (!unpacked.some(([name]) => lastName(name) === 'tramp')) {
    throw new InputError([`${zip}: holds no file tramp: it is not vCenter's TFTP boot zip`])
  }
  const files = unpacked.map(([name, octets]) => {
    const names = treePath(name)
    if (names === undefined) throw new InputError([`${zip}: ${name} leads out of the folder`])
    return { path: join(folder, ...names), octets, isTramp: names.at(-1) === 'tramp' }
  })
  return files.map(({ path, octets, isTramp }) => {
    if (isTramp && origin !== undefined) {
      save(path, rewriteTramp(Buffer.from(octets).toString('latin1'), origin))
      return `${path}: leads to ${origin}`
    }
    save(path, octets)
    return `${path}: ${formatBytes(octets.length)}`
  })
}

/** Every URL of Auto Deploy's in a `tramp`, with another scheme, host and port. */
export function rewriteTramp(text: string, origin: string): string {
  return text.replaceAll(/https?:\/\/[^/\s"']+(?=\/vmw\/)/gi, origin)
}

function unzipped(zip: string): Readonly<Record<string, Uint8Array>> {
  try {
    return unzipSync(readFileSync(zip), {
      filter: ({ name, originalSize }) => {
        if (originalSize <= largest) return true
        throw new Error(`${name} is larger than ${formatBytes(largest)}`)
      },
    })
  } catch (error) {
    throw new InputError([`${zip}: cannot be unpacked: ${messageOf(error)}`])
  }
}

function mirrorOrigin(text: string): string {
  const url = /^https?:\/\//.test(text) ? URL.parse(text) : null
  if (url === null || url.pathname !== '/') {
    throw new InputError([`--through: ${text}: allowed: a URL such as http://192.168.50.1:5100`])
  }
  return url.origin
}

function lastName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

/** Written aside, then renamed: a running service never serves half of it. */
function save(path: string, octets: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true })
  const aside = `${path}.${process.pid}.part`
  writeFileSync(aside, octets, typeof octets === 'string' ? 'latin1' : undefined)
  renameSync(aside, path)
}
