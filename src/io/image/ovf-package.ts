/**
 * An OVF package, as an OVA (one tar) or as files side by side: checks every file against the
 * manifest, and says which of them are the machine's disks.
 *
 * Source: DMTF DSP0243, Open Virtualization Format 1.1, §5.
 */
import { createHash } from 'node:crypto'
import { ProtocolError } from '../../core/errors.ts'
import { type ByteSource, part, readExactly } from '../../wire/byte-source.ts'
import { readTar } from '../../wire/disk/tar.ts'
import type { OpenBeside } from './disk-format.ts'
import { type Ovf, parseOvf } from './ovf.ts'

/** The package's files by name, each opened when it is asked for. */
export interface PackageFiles {
  readonly names: readonly string[]
  readonly open: OpenBeside
}

/** Octets of a descriptor and of a manifest at most. */
const longestText = 1024 * 1024
const hashes = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const

/** The members of an OVA, each read in place. */
export async function ovaFiles(source: ByteSource): Promise<PackageFiles> {
  const members = await readTar(source)
  const files = new Map(
    members
      .filter(({ type }) => type === 'file')
      .map(({ path, position, size }) => [path, part(source, position, size, path)]),
  )
  return { names: [...files.keys()], open: (name) => Promise.resolve(files.get(name)) }
}

export interface OvfPackage {
  readonly ovf: Ovf
  /** Whether there was a manifest to check the files against. */
  readonly checked: boolean
  readonly disks: readonly { readonly name: string; readonly source: ByteSource }[]
}

/** Throws ProtocolError naming the file that is damaged or absent. */
export async function openOvfPackage(files: PackageFiles): Promise<OvfPackage> {
  const name = nameWith(files, '.ovf')
  if (name === undefined) throw new ProtocolError('OVA', 'has no descriptor (*.ovf) in it')
  const manifest = nameWith(files, '.mf')
  if (manifest !== undefined) await checkManifest(files, manifest)
  const ovf = parseOvf(await textOf(files, name))
  const disks: { name: string; source: ByteSource }[] = []
  for (const disk of ovf.disks) disks.push({ name: disk, source: await fileOf(files, disk) })
  if (disks.length === 0) throw new ProtocolError(name, 'names no disk that is in the package')
  return { ovf, checked: manifest !== undefined, disks }
}

function nameWith(files: PackageFiles, ending: string): string | undefined {
  return files.names.find((name) => name.toLowerCase().endsWith(ending))
}

async function fileOf(files: PackageFiles, name: string): Promise<ByteSource> {
  const file = await files.open(name)
  if (file !== undefined) return file
  throw new ProtocolError(name, `is not in the package; there are ${files.names.join(', ')}`)
}

async function textOf(files: PackageFiles, name: string): Promise<string> {
  const file = await fileOf(files, name)
  if (file.size > longestText) throw new ProtocolError(name, `${file.size} octets are too many`)
  return new TextDecoder().decode(await readExactly(file, 0, file.size, name))
}

/** Lines such as `SHA256(disk1.vmdk)= 0123…`. */
async function checkManifest(files: PackageFiles, manifest: string): Promise<void> {
  const lines = (await textOf(files, manifest)).split(/\r?\n/)
  const checked = new Set<string>()
  for (const line of lines.filter((text) => text.trim() !== '')) {
    const [, kind = '', name, wanted = ''] =
      /^\s*(\w+)\s*\((.+)\)\s*=\s*([0-9a-f]+)\s*$/i.exec(line) ?? []
    if (name === undefined) throw new ProtocolError(manifest, `cannot be read: ${line}`)
    const hash = hashOf(kind)
    if (hash === undefined) throw new ProtocolError(manifest, `${kind} is not known`)
    if (checked.has(name)) throw new ProtocolError(manifest, `names ${name} twice`)
    checked.add(name)
    const found = await digest(await fileOf(files, name), hash)
    if (found === wanted.toLowerCase()) continue
    throw new ProtocolError(name, `is damaged: its ${kind} is ${found}, ${manifest} says ${wanted}`)
  }
}

function hashOf(kind: string): string | undefined {
  return Object.entries(hashes).find(([name]) => name === kind.toUpperCase())?.[1]
}

async function digest(file: ByteSource, algorithm: string): Promise<string> {
  const hash = createHash(algorithm)
  const buffer = Buffer.allocUnsafeSlow(1024 * 1024)
  for (let at = 0; at < file.size;) {
    const got = await file.read(buffer.subarray(0, Math.min(buffer.length, file.size - at)), at)
    if (got === 0) throw new ProtocolError('OVA', 'became shorter while it was read')
    hash.update(buffer.subarray(0, got))
    at += got
  }
  return hash.digest('hex')
}
