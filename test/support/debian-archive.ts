/**
 * A small Debian archive of one's own: parts of the installer with the index that names them.
 * It is not signed: the installer takes it with `debian-installer/allow_unauthenticated`.
 *
 * Source: the Debian wiki's DebianRepository/Format; net-retriever(8) reads Release and Packages.
 */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { run } from '../../src/lab/processes.ts'

/** Where the index of the parts is, below `dists/SUITE/`. */
const indexFolder = 'main/debian-installer/binary-amd64'

export interface PartsArchive {
  /** Becomes the root of a web server: the archive is `debian/` in it. */
  readonly folder: string
  readonly suite: string
  /** A folder of `.udeb` files. */
  readonly parts: string
}

/** Writes the archive; answers the paths of the parts as the installer will ask for them. */
export async function writePartsArchive(archive: PartsArchive): Promise<readonly string[]> {
  const names = (await readdir(archive.parts)).filter((name) => name.endsWith('.udeb')).sort()
  const paragraphs = await Promise.all(names.map((name) => addPart(archive, name)))
  const packages = Buffer.from(paragraphs.join('\n'))
  const index = new Map([
    [`${indexFolder}/Packages`, packages],
    [`${indexFolder}/Packages.gz`, gzipSync(packages)],
    // By this the installer sees whether the archive is for its processor.
    ['main/binary-amd64/Release', Buffer.from('Component: main\nArchitecture: amd64\n')],
  ])
  const dist = join(archive.folder, 'debian/dists', archive.suite)
  for (const [path, octets] of index) await put(join(dist, path), octets)
  await put(join(dist, 'Release'), Buffer.from(releaseOf(archive.suite, index)))
  return names.map((name) => `/debian/${poolPath(name)}`)
}

function poolPath(name: string): string {
  return `pool/main/parts/${name}`
}

/** Its paragraph of the index. */
async function addPart({ folder, parts }: PartsArchive, name: string): Promise<string> {
  const from = join(parts, name)
  const to = join(folder, 'debian', poolPath(name))
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
  const octets = await readFile(from)
  const control = await run('dpkg-deb', '--field', from)
  const file = [`Filename: ${poolPath(name)}`, `Size: ${octets.length}`]
  const sums = [`MD5sum: ${hashOf('md5', octets)}`, `SHA256: ${hashOf('sha256', octets)}`]
  return `${[control.trimEnd(), ...file, ...sums].join('\n')}\n`
}

function releaseOf(suite: string, index: ReadonlyMap<string, Uint8Array>): string {
  const sums = (name: string, algorithm: string) => [
    `${name}:`,
    ...[...index].map(([path, octets]) => ` ${hashOf(algorithm, octets)} ${octets.length} ${path}`),
  ]
  const about = [
    ['Origin: Debian', 'Label: Debian', `Suite: ${suite}`, `Codename: ${suite}`],
    ['Date: Sat, 01 Mar 2025 10:00:00 UTC', 'Architectures: amd64', 'Components: main'],
    sums('MD5Sum', 'md5'),
    sums('SHA256', 'sha256'),
  ]
  return `${about.flat().join('\n')}\n`
}

function hashOf(algorithm: string, octets: Uint8Array): string {
  return createHash(algorithm).update(octets).digest('hex')
}

async function put(path: string, octets: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, octets)
}
