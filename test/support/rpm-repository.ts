/** Real RPM packages and repositories, made by rpmbuild and createrepo_c, and dnf that reads them. */
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerResponse } from 'node:http'

/** How metadata is called: by its checksum, as createrepo_c does, or as repositories of old did. */
export type MetadataNames = 'unique' | 'simple'

/**
 * One generation: `lamp` needs `bulb` of its own version, so that what is read from two generations
 * cannot be installed. Answers the repository's folder.
 */
export function makeRepository(folder: string, version: number, names: MetadataNames): string {
  const repository = join(folder, `generation-${version}`)
  makePackage(repository, { name: 'bulb', version, needs: [] })
  makePackage(repository, { name: 'lamp', version, needs: [`Requires: bulb = ${version}`] })
  const words = names === 'simple' ? ['--simple-md-filenames'] : []
  execFileSync('createrepo_c', ['--quiet', ...words, repository])
  const index = readFileSync(join(repository, 'repodata/repomd.xml'), 'utf8')
  writeFileSync(join(repository, 'repodata/repomd.xml.asc'), `signature of ${index}`)
  return repository
}

interface Package {
  readonly name: string
  readonly version: number
  readonly needs: readonly string[]
}

function makePackage(repository: string, { name, version, needs }: Package): void {
  const build = join(repository, '..', 'build', `${name}-${version}`)
  mkdirSync(build, { recursive: true })
  writeFileSync(join(build, 'octets'), randomBytes(300_000))
  const spec = `Name: ${name}
Version: ${version}
Release: 1
Summary: A ${name}
License: Apache-2.0
BuildArch: noarch
${needs.join('\n')}
%description
A ${name}.
%install
mkdir -p %{buildroot}/usr/share/${name}
cp ${build}/octets %{buildroot}/usr/share/${name}/octets
echo ${version} > %{buildroot}/usr/share/${name}/version
%files
/usr/share/${name}
`
  writeFileSync(join(build, 'package.spec'), spec)
  const folders = ['--define', `_topdir ${build}`, '--define', `_rpmdir ${repository}`]
  execFileSync('rpmbuild', ['-bb', '--quiet', ...folders, join(build, 'package.spec')], {
    stdio: 'pipe',
  })
}

/** Answers for the files of a folder, with an ETag and without ranges; 404 for all else. */
export function sendFrom(
  folder: string,
  url: string,
  response: ServerResponse,
  tag?: string,
): void {
  const path = join(folder, url)
  if (!existsSync(path)) return void response.writeHead(404).end('gone\n')
  const octets = readFileSync(path)
  const etag = `"${folder.at(-1)}-${octets.length}"`
  if (tag === etag) response.writeHead(304, { etag }).end()
  else response.writeHead(200, { etag, 'content-length': octets.length }).end(octets)
}

/** The paths of a repository's files: `/repodata/repomd.xml` … */
export function filesOf(repository: string): readonly string[] {
  return readdirSync(repository, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(repository.length))
}

export interface Installed {
  readonly status: number | null
  readonly output: string
  /** Package → the version that is in the root now. */
  readonly versions: Readonly<Record<string, string>>
}

/** `dnf install lamp` into a root of its own, as a machine that has never read this repository. */
export function installLamp(root: string, baseUrl: string): Promise<Installed> {
  const place = `${root}-dnf`
  mkdirSync(place, { recursive: true })
  const config = [
    '[main]',
    'gpgcheck=0',
    'plugins=0',
    'reposdir=/dev/null',
    ...['cachedir', 'logdir', 'persistdir'].map((key) => `${key}=${join(place, key)}`),
    '[lamps]',
    'name=Lamps',
    `baseurl=${baseUrl}`,
    'metadata_expire=60',
  ]
  writeFileSync(join(place, 'dnf.conf'), `${config.join('\n')}\n`)
  const words = ['-c', join(place, 'dnf.conf'), `--installroot=${root}`, '--releasever=1']
  const child = spawn('dnf', [...words, '--assumeyes', 'install', 'lamp'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part) => (output += String(part)))
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, output, versions: versionsIn(root) }))
  })
}

function versionsIn(root: string): Record<string, string> {
  const share = join(root, 'usr/share')
  const names = existsSync(share) ? readdirSync(share) : []
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(share, name, 'version'), 'utf8').trim()]),
  )
}
