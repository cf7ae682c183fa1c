/**
 * The boot tree of this installation, put together: the user's folder, what is rendered, boot
 * loaders, images. The first that has a name answers.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Emit } from '../core/events.ts'
import type { Mac } from '../core/address.ts'
import type { MachineTable } from '../boot/machine-table.ts'
import { treePath } from '../boot/tree-path.ts'
import { diskTree } from '../io/files/disk-tree.ts'
import { type FileTree, overlay } from '../io/files/file-tree.ts'
import { generatedTree, syslinuxTree, trampTree } from '../server/boot/boot-tree.ts'
import { esxiTree } from '../server/boot/esxi-tree.ts'
import type { MenuSite } from '../server/boot/menu-context.ts'
import type { Config } from './config/config-schema.ts'
import type { ImageLibrary } from './image-library.ts'
import { imagesFolders, imagesTree } from './command/image-names.ts'
import type { HostInstalls } from './host-installs.ts'
import type { Site } from './site.ts'
import type { TinyvmSettings } from './tinyvm-settings.ts'

export interface BootFiles {
  /** What TFTP and HTTP serve. */
  readonly tree: FileTree
  readonly userFiles: FileTree | undefined
  /** What menus are rendered from. */
  readonly menus: MenuSite
  /** Boot loaders and image files, as paths in the tree; kept current by `refresh`. */
  readonly loaders: ReadonlySet<string>
  /** Looks again which boot loaders and images are there. */
  refresh(): Promise<void>
}

export interface BootFilesOptions {
  readonly config: Config
  readonly site: Site
  readonly macOf: (ip: string) => Mac | undefined
  readonly machines: Pick<MachineTable, 'byMac'>
  readonly tinyvm?: TinyvmSettings
  readonly installs?: Pick<HostInstalls, 'turns'>
  readonly emit: Emit
  readonly images: Pick<ImageLibrary, 'tree' | 'refresh' | 'bootCfgOf'>
}

const loadersFolder = fileURLToPath(new URL('../../pxelinux', import.meta.url))

export async function bootFiles(options: BootFilesOptions): Promise<BootFiles> {
  const { config } = options
  const userFiles = config.files === undefined ? undefined : diskTree(config.files)
  const loaderTree = diskTree(loadersFolder)
  const loaders = new Set<string>()
  const generated = { ...menuSite(options, loaders), userFiles }
  const own = userFiles === undefined ? [] : [userFiles]
  const bootCfgOf = (name: string) => options.images.bootCfgOf(name)
  const esxi = esxiTree({ ...generated, bootCfgOf, images: options.images.tree })
  const images = under('boot', overlay([options.images.tree, ...imagesFolders().map(imagesTree)]))
  const folders = [loadersFolder, ...(config.files === undefined ? [] : [config.files])]
  const refresh = async () => {
    const found = await Promise.all([...folders.map(loaderPaths), imagePaths()])
    loaders.clear()
    for (const path of found.flat()) loaders.add(path)
  }
  await refresh()
  const refreshAll = async () => {
    await Promise.all([refresh(), options.images.refresh()])
  }
  return {
    tree: syslinuxTree(
      overlay([trampTree(generated), ...own, generatedTree(generated), esxi, loaderTree, images]),
    ),
    userFiles,
    menus: generated,
    loaders,
    refresh: refreshAll,
  }
}

function menuSite(options: BootFilesOptions, loaders: ReadonlySet<string>): MenuSite {
  const { config, site, macOf, machines, emit } = options
  const mirror = config.mirrors['autodeploy']
  return {
    catalog: site.catalog,
    hosts: site.hosts,
    loaders,
    httpPort: config.http.port,
    autodeploy: mirror === undefined ? undefined : { port: mirror.port },
    macOf,
    firmwareOf: (mac: Mac) => machines.byMac(mac)?.firmware,
    networkOf: (mac: Mac) => options.tinyvm?.addresses.words(mac) ?? '',
    turns: options.installs?.turns,
    emit,
  }
}

/** Below the root, loaders have folders of their own where their modules differ. */
const loaderFolders = ['efi64', 'efi32']

async function loaderPaths(root: string): Promise<string[]> {
  const inner = await Promise.all(
    loaderFolders.map(async (folder) => within(folder, await namesIn(join(root, folder)))),
  )
  return [...(await namesIn(root)), ...inner.flat()]
}

async function imagePaths(): Promise<string[]> {
  const paths = imagesFolders().map(async (folder) => {
    const files = (await namesIn(folder)).map(async (image) =>
      within(`boot/${image}`, await namesIn(join(folder, image))),
    )
    return (await Promise.all(files)).flat()
  })
  return (await Promise.all(paths)).flat()
}

/** Nothing where there is no such folder. */
function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

function within(folder: string, names: readonly string[]): string[] {
  return names.map((name) => `${folder}/${name}`)
}

/** A tree as a folder of another one. */
function under(folder: string, tree: FileTree): FileTree {
  return {
    open: (path, client) => {
      const [first, ...inner] = treePath(path) ?? []
      return first?.toLowerCase() === folder && inner.length > 0
        ? tree.open(inner.join('/'), client)
        : Promise.resolve(undefined)
    },
    list: async () => (await tree.list()).map((name) => `${folder}/${name}`),
  }
}
