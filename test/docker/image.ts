/**
 * Bootlace's image, built as docs/docker.md says. Where no registry can be reached there is no
 * `debian:bookworm-slim` either, so one is made out of Debian's packages, once, and kept.
 */
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { archiveOfMachine } from '../../src/setup/apt.ts'
import { run } from '../../src/setup/commands.ts'
import { places } from '../../src/setup/places.ts'
import type { DockerEngine } from './engine.ts'

/** What the Dockerfile's `BASE` says. */
const baseName = 'debian:bookworm-slim'
const baseFile = join(places.private, 'docker/bookworm.tar')

/** As the real one leaves them out. */
const leftOut = ['doc', 'info', 'locale', 'man'].map((name) => `usr/share/${name}`)

/** Where a machine keeps what it trusts beside the public authorities. */
const authorities = 'usr/local/share/ca-certificates'

export async function buildImage(engine: DockerEngine): Promise<void> {
  const present = await engine.run('image', 'ls', '--quiet', baseName)
  if (present === '') await importBase(engine)
  const proxies = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) =>
    [name, name.toUpperCase()].filter((one) => process.env[one] !== undefined),
  )
  const network = ['--network', 'host', ...proxies.flatMap((name) => ['--build-arg', name])]
  await engine.run('build', ...network, '--file', 'docker/Dockerfile', '--tag', 'bootlace', '.')
  await engine.run('image', 'prune', '--force', '--filter', 'until=72h')
}

async function importBase(engine: DockerEngine): Promise<void> {
  if (!existsSync(baseFile)) await makeBase()
  const registry = (await run('npm', ['config', 'get', 'registry'])).trim()
  const variables = {
    npm_config_registry: registry,
    NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt',
  }
  const changes = Object.entries(variables).flatMap(([name, value]) => [
    '--change',
    `ENV ${name}=${value}`,
  ])
  await engine.run('import', ...changes, baseFile, baseName)
}

async function makeBase(): Promise<void> {
  const root = `${baseFile}.root`
  await rm(root, { recursive: true, force: true })
  await mkdir(dirname(root), { recursive: true })
  // In a mount namespace of its own: what it mounts, and may leave behind, goes with it.
  const debootstrap = ['debootstrap', '--variant=minbase', 'bookworm', root]
  await run('unshare', ['--mount', ...debootstrap, await archiveOfMachine()])
  for (const folder of [...leftOut, 'var/cache/apt', 'var/lib/apt/lists']) {
    await rm(join(root, folder), { recursive: true })
  }
  await writeFile(join(root, 'etc/dpkg/dpkg.cfg.d/container'), 'force-unsafe-io\n')
  await takeFromMachine(root)
  await run('tar', ['--create', '--xattrs', '--file', `${baseFile}.part`, '--directory', root, '.'])
  await rename(`${baseFile}.part`, baseFile)
  await rm(root, { recursive: true })
}

/** How this machine reaches the archive and the registry: apt's settings, and whom it trusts. */
async function takeFromMachine(root: string): Promise<void> {
  const settings = await run('apt-config', ['dump', 'Acquire'])
  await writeFile(join(root, 'etc/apt/apt.conf.d/90machine'), settings)
  const own = await readdir(`/${authorities}`).catch(() => [])
  if (own.length > 0) await cp(`/${authorities}`, join(root, authorities), { recursive: true })
}
