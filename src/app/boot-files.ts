/**
 * The boot tree of this installation, put together: the user's folder, what is rendered, boot
 * loaders, images. The first that has a name answers.
 */
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Emit } from '../core/events.ts'
import type { Mac } from '../core/address.ts'
import { treePath } from '../boot/tree-path.ts'
import { diskTree } from '../io/disk-tree.ts'
import { type FileTree, overlay } from '../io/file-tree.ts'
import { generatedTree, trampTree } from '../server/boot-tree.ts'
import type { Config } from './config-schema.ts'
import type { Site } from './site.ts'

export interface BootFiles {
  /** What TFTP and HTTP serve. */
  readonly tree: FileTree
  readonly userFiles: FileTree | undefined
  /** Names at the root of the folders; kept current by `refresh`. */
  readonly loaders: ReadonlySet<string>
  /** Looks again which boot loaders are there. */
  refresh(): Promise<void>
}

export interface BootFilesOptions {
  readonly config: Config
  readonly site: Site
  readonly macOf: (ip: string) => Mac | undefined
  readonly emit: Emit
}

const loadersFolder = fileURLToPath(new URL('../../pxelinux', import.meta.url))
const imagesFolder = fileURLToPath(new URL('../../images', import.meta.url))

export async function bootFiles(options: BootFilesOptions): Promise<BootFiles> {
  const { config, site, macOf, emit } = options
  const userFiles = config.files === undefined ? undefined : diskTree(config.files)
  const loaderTree = diskTree(loadersFolder)
  const loaders = new Set<string>()
  const mirror = config.mirrors['autodeploy']
  const generated = {
    catalog: site.catalog,
    hosts: site.hosts,
    loaders,
    httpPort: config.http.port,
    autodeploy: mirror === undefined ? undefined : { port: mirror.port },
    userFiles,
    macOf,
    emit,
  }
  const own = userFiles === undefined ? [] : [userFiles]
  const images = under('boot', diskTree(imagesFolder))
  const folders = [loadersFolder, ...(config.files === undefined ? [] : [config.files])]
  const refresh = async () => {
    const lists = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))
    loaders.clear()
    for (const name of lists.flat()) loaders.add(name)
  }
  await refresh()
  return {
    tree: overlay([trampTree(generated), ...own, generatedTree(generated), loaderTree, images]),
    userFiles,
    loaders,
    refresh,
  }
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
