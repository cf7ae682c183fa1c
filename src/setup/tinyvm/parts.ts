/**
 * What TinyVM takes from Debian: the standard kernel (the cloud one lacks e1000 and rtl8139), the
 * modules of its table with all that they need, and busybox. Kept in a folder of their own, so that
 * a changed script of ours is a new image without another 110 MB of kernel package.
 */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SystemError } from '../../core/errors.ts'
import { type ModuleInfo, loadOrder, moduleName, readModuleInfo } from '../../wire/modinfo.ts'
import { PackageArchive, type UnpackedPackage } from '../apt.ts'
import { run } from '../commands.ts'
import { writeWhole } from '../package-files.ts'
import { places } from '../places.ts'
import { say } from '../progress.ts'

/** Hardware that TinyVM drives. What these need comes along; what is built in is left out. */
const wantedModules = [
  'virtio_net',
  'vmxnet3',
  'e1000',
  'e1000e',
  'igb',
  'igc',
  'r8169',
  '8139cp',
  '8139too',
  'pcnet32',
  // Keyboards on USB, for the login on the screen.
  'xhci_pci',
  'ehci_pci',
  'uhci_hcd',
  'usbhid',
  'hid_generic',
]

/** Versions that were tested; others are used, and said. */
const tested = { kernel: '6.12.107-1', busybox: '1:1.37.0-6+b9' }

export interface ModuleFile {
  /** Below `lib/modules/RELEASE/`: `kernel/drivers/net/virtio_net.ko.xz`. */
  readonly path: string
  readonly info: ModuleInfo
}

/** The parts' own list, `parts.json`. */
export interface Parts {
  readonly wanted: readonly string[]
  /** `uname -r`: `6.12.107+deb13-amd64`. */
  readonly release: string
  readonly packages: readonly { readonly package: string; readonly version: string }[]
  readonly modules: readonly ModuleFile[]
}

/** The parts, fetched if they are not there or belong to another table of modules. */
export async function ensureParts(archive: PackageArchive): Promise<Parts> {
  const present = await readParts()
  if (present !== undefined) return present
  if (!PackageArchive.available) {
    throw new SystemError(
      'this machine has no apt-get and dpkg-deb: TinyVM cannot be built here. Build it on a Debian ' +
        `machine ("npm run setup") and copy its images/tinyvm/ to ${places.tinyvm}/`,
    )
  }
  const aside = `${places.tinyvmParts}.${process.pid}.part`
  await rm(aside, { recursive: true, force: true })
  try {
    const parts = await takeParts(archive, aside)
    await writeWhole(join(aside, 'parts.json'), `${JSON.stringify(parts, undefined, 1)}\n`)
    await rm(places.tinyvmParts, { recursive: true, force: true })
    await rename(aside, places.tinyvmParts)
    return parts
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function readParts(): Promise<Parts | undefined> {
  const path = join(places.tinyvmParts, 'parts.json')
  if (!existsSync(path)) return undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file
  const parts = JSON.parse(await readFile(path, 'utf8')) as Parts
  return String(parts.wanted) === String(wantedModules) ? parts : undefined
}

async function takeParts(archive: PackageArchive, folder: string): Promise<Parts> {
  const kernelName = (await archive.dependencies('linux-image-amd64'))[0] ?? 'linux-image-amd64'
  const [kernel, busybox] = await archive.fetch([kernelName, 'busybox-static'])
  if (kernel === undefined || busybox === undefined) throw new SystemError('a package is missing')
  sayDifference(kernel, tested.kernel)
  sayDifference(busybox, tested.busybox)
  const release = kernelName.replace('linux-image-', '')
  const program = await firstOf(busybox.root, ['usr/bin/busybox', 'bin/busybox'])
  await take(program, join(folder, 'busybox'))
  await take(join(kernel.root, 'boot', `vmlinuz-${release}`), join(folder, 'vmlinuz'))
  for (const { name, root } of [kernel, busybox]) {
    await take(join(root, 'usr/share/doc', name, 'copyright'), join(folder, 'licences', name))
  }
  return {
    wanted: wantedModules,
    release,
    packages: [kernel, busybox].map(({ name, version }) => ({ package: name, version })),
    modules: await takeModules(kernel, { release, folder, program }),
  }
}

function sayDifference(source: UnpackedPackage, version: string): void {
  if (source.version === version) return
  say(
    `${source.name} ${source.version} is not the version that was tested (${version}); used anyway`,
  )
}

async function firstOf(root: string, paths: readonly string[]): Promise<string> {
  const path = paths.map((one) => join(root, one)).find((one) => existsSync(one))
  return (
    path ?? Promise.reject(new SystemError(`${basename(root)} has none of ${paths.join(', ')}`))
  )
}

async function take(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
}

interface Target {
  readonly release: string
  readonly folder: string
  /** busybox: it unpacks xz, which a small Debian has no program for. */
  readonly program: string
}

async function takeModules(kernel: UnpackedPackage, target: Target): Promise<ModuleFile[]> {
  const base = await firstOf(kernel.root, [
    `usr/lib/modules/${target.release}`,
    `lib/modules/${target.release}`,
  ])
  const all = await readdir(base, { recursive: true })
  const paths = new Map(
    all.filter((path) => /\.ko(\.xz)?$/.test(path)).map((path) => [moduleName(path), path]),
  )
  const infos = await readClosure(base, paths, target.program)
  const modules = loadOrder(wantedModules, (name) => infos.get(name)).map((info) => ({
    path: paths.get(info.name) ?? '',
    info,
  }))
  for (const { path } of modules) await take(join(base, path), join(target.folder, path))
  return modules
}

/** What the wanted modules say about themselves, and the modules that they need, and so on. */
async function readClosure(
  base: string,
  paths: ReadonlyMap<string, string>,
  program: string,
): Promise<Map<string, ModuleInfo>> {
  const infos = new Map<string, ModuleInfo>()
  const open = wantedModules.map(moduleName)
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const path = paths.get(name)
    if (path === undefined || infos.has(name)) continue
    const info = readModuleInfo(await uncompressed(join(base, path), program), path)
    infos.set(name, info)
    open.push(...info.depends, ...info.before)
  }
  return infos
}

async function uncompressed(path: string, program: string): Promise<Uint8Array> {
  if (!path.endsWith('.xz')) return readFile(path)
  const copy = `${path}.copy.xz`
  await copyFile(path, copy)
  await run(program, ['unxz', copy])
  return readFile(copy.slice(0, -'.xz'.length))
}
