/** The kernel modules of an edition's table with all that they need, out of the kernel's package. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModuleInfo, loadOrder, moduleName, readModuleInfo } from '../../wire/linux/modinfo.ts'
import { run } from '../commands.ts'

export interface ModuleFile {
  /** Below `lib/modules/RELEASE/`: `kernel/drivers/net/virtio_net.ko.xz`. */
  readonly path: string
  readonly info: ModuleInfo
}

/** `base` is the package's folder of modules: `…/lib/modules/RELEASE`. */
export async function collectModules(
  base: string,
  wanted: readonly string[],
): Promise<ModuleFile[]> {
  const all = await readdir(base, { recursive: true })
  const paths = new Map(
    all.filter((path) => /\.ko(\.xz)?$/.test(path)).map((path) => [moduleName(path), path]),
  )
  const infos = new Map<string, ModuleInfo>()
  const open = wanted.map(moduleName)
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const path = paths.get(name)
    if (path === undefined || infos.has(name)) continue
    const info = readModuleInfo(await uncompressed(join(base, path)), path)
    infos.set(name, info)
    open.push(...info.depends, ...info.before)
  }
  return loadOrder(wanted, (name) => infos.get(name)).map((info) => ({
    path: paths.get(info.name) ?? '',
    info,
  }))
}

/** apt unpacks xz, which a small Debian has no program for. */
async function uncompressed(path: string): Promise<Uint8Array> {
  if (!path.endsWith('.xz')) return readFile(path)
  const copy = path.slice(0, -'.xz'.length)
  await run('sh', ['-c', '/usr/lib/apt/apt-helper cat-file "$1" >"$2"', 'sh', path, copy])
  return readFile(copy)
}
