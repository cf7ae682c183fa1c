/**
 * The files of ESXi images as mboot asks for them: in each image's folder, and for a machine that
 * boots such an image at the root, too, where a DHCP server of somebody else's may send it. Its
 * boot.cfg is made for the machine that it is for; everything else lies in the image.
 */
import type { Mac } from '../../core/address.ts'
import { renderBootCfg } from '../../boot/esxi/boot-cfg.ts'
import { esxiPlace, renderEsxiPxelinux } from '../../boot/esxi/esxi-boot.ts'
import { type EsxiPath, esxiPath } from '../../boot/esxi/esxi-paths.ts'
import { type Catalog, type EsxiEntry, allEntries } from '../../boot/menu/catalog.ts'
import { treePath } from '../../boot/tree-path.ts'
import type { Client, FileTree, OpenFile } from '../../io/files/file-tree.ts'
import { machineMenu } from './machine-menu.ts'
import { type MenuSite, macFor } from './menu-context.ts'
import { textFile } from './text-file.ts'

export interface EsxiTreeOptions extends MenuSite {
  /** The boot.cfg of the image of this name, as it stands there; undefined where it is no such image. */
  readonly bootCfgOf: (image: string) => string | undefined
  /** The files of all images, each below its name. */
  readonly images: Pick<FileTree, 'open'>
}

export function esxiTree(options: EsxiTreeOptions): FileTree {
  return {
    open: async (path, client) => {
      const names = treePath(path) ?? []
      const place = inImage(names, options) ?? atRoot(names, client, options)
      return place === undefined ? undefined : open(place, client, options)
    },
    list: () => Promise.resolve([]),
  }
}

/** The entry that boots the image of this folder. */
export function esxiEntryOf(
  { entries }: Pick<Catalog, 'entries'>,
  isIt: (entry: EsxiEntry) => boolean,
): EsxiEntry | undefined {
  return allEntries(entries).find(
    (entry): entry is EsxiEntry => entry.type === 'esxi' && isIt(entry),
  )
}

interface Place {
  readonly asked: EsxiPath
  readonly entry: EsxiEntry
}

/** `boot/NAME/…`. */
function inImage(names: readonly string[], { catalog }: EsxiTreeOptions): Place | undefined {
  const [folder, image, ...inner] = names
  if (folder?.toLowerCase() !== 'boot' || image === undefined || inner.length === 0)
    return undefined
  const asked = esxiPath(inner.join('/'))
  if (asked === undefined) return undefined
  const entry = esxiEntryOf(catalog, (each) => each.image === `boot/${image}`)
  return entry === undefined ? undefined : { asked, entry }
}

/** Where mboot lies at the root, it is the image of the machine that asks. */
function atRoot(
  names: readonly string[],
  client: Client,
  options: EsxiTreeOptions,
): Place | undefined {
  if (names[0]?.toLowerCase() === 'efi') return undefined
  const asked = esxiPath(names.join('/'))
  const mac = asked && macOf(asked, client, options)
  const host = mac === undefined ? undefined : options.hosts.get(mac)
  if (asked === undefined || host === undefined) return undefined
  // One that is sent to its disk is told so by whichever boot.cfg: it loads nothing of it.
  const isOwn = ({ name }: EsxiEntry) => name === host.boot || host.boot === 'disk'
  const entry = esxiEntryOf(options.catalog, isOwn)
  return entry === undefined ? undefined : { asked, entry }
}

function macOf(asked: EsxiPath, client: Client, options: EsxiTreeOptions): Mac | undefined {
  return asked.type === 'file' ? macFor(client, options) : (asked.mac ?? macFor(client, options))
}

async function open(
  { asked, entry }: Place,
  client: Client,
  options: EsxiTreeOptions,
): Promise<OpenFile | undefined> {
  const image = entry.image.replace(/^boot\//, '')
  if (asked.type === 'file') return options.images.open(`${image}/${asked.path}`, client)
  const mac = macOf(asked, client, options)
  if (asked.type === 'pxelinux.cfg') return textFile(renderEsxiPxelinux(entry, asked.mac))
  const text = options.bootCfgOf(image)
  if (text === undefined) return undefined
  const menu = await machineMenu(mac, client, options, (context) =>
    renderBootCfg(text, esxiPlace(entry, context, client.via)),
  )
  const started = menu.context.host?.boot === 'disk' ? 'disk' : entry.name
  const file = `${entry.image}/boot.cfg`
  options.emit({ type: 'menu.served', mac, ip: client.ip, file, entry: started })
  return textFile(menu.text)
}
