/**
 * The other servers and the clients that measure: the machine's own where it has them, else out of
 * the machine's Debian release, unpacked into a private folder. Nothing is installed, so no package
 * starts a daemon, and packages that share a file name (atftpd, tftpd-hpa) do not meet.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError } from '../src/core/errors.ts'
import { run } from '../src/setup/commands.ts'
import { places } from '../src/setup/places.ts'
import { step } from '../src/setup/progress.ts'

/** Program → the package that has it, and where. */
const packages = {
  nginx: ['nginx', 'usr/sbin/nginx'],
  varnishd: ['varnish', 'usr/sbin/varnishd'],
  dnsmasq: ['dnsmasq-base', 'usr/sbin/dnsmasq'],
  atftpd: ['atftpd', 'usr/sbin/atftpd'],
  'in.tftpd': ['tftpd-hpa', 'usr/sbin/in.tftpd'],
  atftp: ['atftp', 'usr/bin/atftp'],
  curl: ['curl', 'usr/bin/curl'],
  wrk: ['wrk', 'usr/bin/wrk'],
} as const

export type PeerName = keyof typeof packages

/** atftpd brings an `in.tftpd`, too: only the private copy is surely tftpd-hpa's. */
const alwaysPrivate: ReadonlySet<PeerName> = new Set(['in.tftpd'])

export interface Peer {
  /** As people call it. */
  readonly name: string
  /** How it is started: the program, with its own libraries where the machine lacks them. */
  readonly command: readonly string[]
  readonly version: string
}

/** Finds a program, or fetches it. Rejects with SystemError naming what apt said. */
export async function findPeer(name: PeerName): Promise<Peer> {
  const [packageName, path] = packages[name]
  if (existsSync(`/${path}`) && !alwaysPrivate.has(name)) {
    const version = await installedVersion(packageName)
    return { name: plainName(packageName), command: [`/${path}`], version }
  }
  const root = join(places.peers, name)
  if (!existsSync(join(root, path))) await unpack(packageName, root)
  const libraries = ['usr/lib', 'lib'].map((folder) => join(root, folder, 'x86_64-linux-gnu'))
  const version = (await readdir(join(root, 'versions')))[0] ?? 'unknown'
  return {
    name: plainName(packageName),
    command: ['env', `LD_LIBRARY_PATH=${libraries.join(':')}`, join(root, path)],
    version,
  }
}

/** dnsmasq's program is in `dnsmasq-base`. */
function plainName(packageName: string): string {
  return packageName.replace(/-base$/, '')
}

/** The version without the packager's part: `1.22.1-9+deb12u11` is `1.22.1`. */
export function upstreamVersion(version: string): string {
  return version.replace(/^\d+:/, '').replace(/[-+~].*$/, '')
}

async function installedVersion(packageName: string): Promise<string> {
  const query = ['-W', '-f', '${Version}', packageName]
  return run('dpkg-query', query).catch(() => 'unknown')
}

async function unpack(packageName: string, root: string): Promise<void> {
  const aside = `${root}.${process.pid}.part`
  await rm(aside, { recursive: true, force: true })
  await mkdir(join(aside, 'debs'), { recursive: true })
  try {
    await step(`${packageName} for the bench, not installed`, async (progress) => {
      const names = await withDependencies(packageName)
      await run('apt-get', ['-q', 'download', ...names], { folder: join(aside, 'debs') })
      for (const file of await readdir(join(aside, 'debs'))) {
        await run('dpkg-deb', ['-x', join(aside, 'debs', file), aside])
        if (file.startsWith(`${packageName}_`)) await recordVersion(aside, file)
      }
      progress.note(`${names.length} packages`)
    })
    await rm(join(aside, 'debs'), { recursive: true })
    await rm(root, { recursive: true, force: true })
    await rename(aside, root)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function recordVersion(folder: string, file: string): Promise<void> {
  const version = decodeURIComponent(file.split('_')[1] ?? 'unknown')
  await mkdir(join(folder, 'versions', version), { recursive: true })
}

/** The package and those of its dependencies that the machine lacks, as apt would install them. */
async function withDependencies(packageName: string): Promise<readonly string[]> {
  const plan = await simulate(packageName).catch(async () => {
    await run('apt-get', ['-q', 'update'])
    return simulate(packageName)
  })
  const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name)
  if (names.includes(packageName)) return names
  if (names.length === 0) return [packageName]
  throw new SystemError(`apt-get does not find ${packageName}`)
}

function simulate(packageName: string): Promise<string> {
  const options = ['-q', '-s', '--no-install-recommends', '--allow-change-held-packages']
  return run('apt-get', [...options, 'install', packageName])
}

/** How every nginx here begins: in the foreground, its files in its own folder. */
export function nginxMain(workers: number): string {
  return `\
daemon off;
user root;
worker_processes ${workers};
pid nginx.pid;
events { worker_connections 1024; }
http {
  access_log logs/access.log;
  sendfile on;
  tcp_nopush on;
  proxy_temp_path temp;
  client_body_temp_path body;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
`
}

/** With one worker. */
export const nginxBasics = nginxMain(1)
