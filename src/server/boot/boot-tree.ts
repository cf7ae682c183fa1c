/**
 * The generated part of the boot tree: menus and boot scripts, rendered for the machine that asks.
 * Nothing here is on disk; what the user put on disk goes before it.
 *
 * A generated PXELINUX menu gives way when the user's own folder has any name that this machine
 * asks for: PXELINUX asks for the most special name first, and answering that would hide the user's
 * `pxelinux.cfg/default`. GRUB is answered by its last name only, so the user's own go before it.
 */
import { type Mac, parseIpv4, parseMac } from '../../core/address.ts'
import { grubStartName, renderGrubMenu, renderGrubStart } from '../../boot/menu/menu-grub.ts'
import {
  renderAutoexec,
  renderIpxeMenu,
  renderIpxeWho,
  renderTramp,
} from '../../boot/menu/menu-ipxe.ts'
import { type SyslinuxFolder, renderPxelinuxMenu } from '../../boot/menu/menu-pxelinux.ts'
import type { MenuContext } from '../../boot/menu/menu.ts'
import { firmwareOfPlatform } from '../../boot/menu/platform-names.ts'
import {
  type PxelinuxName,
  parsePxelinuxName,
  pxelinuxSearch,
} from '../../boot/menu/pxelinux-names.ts'
import { treePath } from '../../boot/tree-path.ts'
import type { Client, FileTree, OpenFile } from '../../io/files/file-tree.ts'
import { machineMenu } from './machine-menu.ts'
import { type MenuSite, macFor, trampUrl, urlFor } from './menu-context.ts'
import { textFile } from './text-file.ts'

export interface GeneratedTreeOptions extends MenuSite {
  /** The user's own folder, which a generated PXELINUX menu gives way to. */
  readonly userFiles?: FileTree | undefined
}

/** Menus and scripts by name; the first that knows a name answers, undefined where none does. */
const openers: readonly ((
  name: string,
  client: Client,
  options: GeneratedTreeOptions,
) => Promise<OpenFile | undefined> | OpenFile | undefined)[] = [
  openIpxeMenu,
  openAutoexec,
  openGrubStart,
  openGrubMenu,
  openPxelinuxMenu,
]

/** `pxelinux.cfg/*`, `menu.ipxe`, `autoexec.ipxe`, `grub/grub.cfg`. */
export function generatedTree(options: GeneratedTreeOptions): FileTree {
  return {
    async open(path, client) {
      const name = treePath(path)?.join('/')
      if (name === undefined) return undefined
      for (const open of openers) {
        const file = await open(name, client, options)
        if (file !== undefined) return file
      }
      return undefined
    },
    list: () =>
      Promise.resolve(['autoexec.ipxe', grubStartName, 'menu.ipxe', 'pxelinux.cfg/default']),
  }
}

/**
 * `tramp`, which VMware's loaders ask for, pointing at our mirror. It goes before the user's own
 * folder: vCenter's zip brings a `tramp` that goes round the mirror.
 */
export function trampTree(
  options: Pick<GeneratedTreeOptions, 'autodeploy' | 'emit' | 'macOf'>,
): FileTree {
  const { autodeploy, emit } = options
  return {
    open(path, client) {
      const name = treePath(path)?.join('/')
      if (name !== 'tramp' || autodeploy === undefined) return Promise.resolve(undefined)
      const mac = macFor(client, options)
      emit({ type: 'menu.served', ip: client.ip, mac, file: name, entry: 'autodeploy' })
      return Promise.resolve(textFile(renderTramp(trampUrl(client, autodeploy.port))))
    },
    list: () => Promise.resolve(autodeploy === undefined ? [] : ['tramp']),
  }
}

/**
 * A tree in which SYSLINUX for UEFI finds everything from its own folder, too: it puts that before
 * each name, or does not, by what its own DHCP answer held.
 */
export function syslinuxTree(tree: FileTree): FileTree {
  return {
    open: async (path, client) => {
      const file = await tree.open(path, client)
      if (file !== undefined) return file
      const { folder, name } = splitFolder(treePath(path)?.join('/') ?? '')
      return folder === '' ? undefined : tree.open(name, client)
    },
    list: () => tree.list(),
  }
}

function splitFolder(path: string): { readonly folder: SyslinuxFolder; readonly name: string } {
  for (const folder of ['efi64/', 'efi32/'] as const) {
    if (path.startsWith(folder)) return { folder, name: path.slice(folder.length) }
  }
  return { folder: '', name: path }
}

/**
 * Not for a machine that is to boot by Auto Deploy: without it, iPXE asks DHCP and gets `tramp`
 * by TFTP, the way that vCenter's own loaders go.
 */
function openAutoexec(
  name: string,
  client: Client,
  options: GeneratedTreeOptions,
): OpenFile | undefined {
  if (name !== 'autoexec.ipxe') return undefined
  const mac = macFor(client, options)
  const host = mac === undefined ? undefined : options.hosts.get(mac)
  if (host?.boot === 'autodeploy' && host.loader === 'auto') return undefined
  return textFile(renderAutoexec(urlFor(client, options)))
}

function openIpxeMenu(
  name: string,
  client: Client,
  options: GeneratedTreeOptions,
): Promise<OpenFile> | OpenFile | undefined {
  if (name !== 'menu.ipxe') return undefined
  const mac = macFor(client, options)
  if (mac === undefined && client.via === 'http') {
    return textFile(renderIpxeWho(urlFor(client, options)))
  }
  return menuFile(name, mac, { client, options }, renderIpxeMenu)
}

function openGrubStart(
  name: string,
  client: Client,
  options: GeneratedTreeOptions,
): OpenFile | undefined {
  return name === grubStartName ? textFile(renderGrubStart(urlFor(client, options))) : undefined
}

/** `grub/machine/52:54:00:12:34:56/x86_64-efi.cfg`; without an address where GRUB knew none. */
const grubMachineName = /^grub\/machine\/(?:(?<mac>[\da-f:]+)\/)?(?<platform>\w+-\w+)\.cfg$/i

function openGrubMenu(
  name: string,
  client: Client,
  options: GeneratedTreeOptions,
): Promise<OpenFile> | OpenFile | undefined {
  const asked = grubMachineName.exec(name)?.groups
  if (asked === undefined) return undefined
  const firmware = firmwareOfPlatform(asked['platform'] ?? '')
  const mac = parseMac(asked['mac'] ?? '') ?? macFor(client, options)
  const asking = { client: { ...client, firmware }, options }
  return menuFile(name, mac, asking, renderGrubMenu)
}

/**
 * Answered for the machine's own address, which is asked for early, and for `default`. The names in
 * between are left out, so that PXELINUX comes to one of the two at once.
 */
async function openPxelinuxMenu(
  path: string,
  client: Client,
  options: GeneratedTreeOptions,
): Promise<OpenFile | undefined> {
  const { folder, name } = splitFolder(path)
  const asked = parsePxelinuxName(name)
  const mac = asked === undefined ? undefined : macIn(asked, client, options)
  if (asked === undefined || mac === 'nobody') return undefined
  if (await userHasMenu(mac, client, options)) return undefined
  return menuFile(path, mac, { client, options }, (own) => renderPxelinuxMenu(own, folder))
}

function macIn(
  name: PxelinuxName,
  client: Client,
  options: GeneratedTreeOptions,
): Mac | 'nobody' | undefined {
  if (name.type === 'mac') return name.mac
  return name.type === 'default' ? macFor(client, options) : 'nobody'
}

async function userHasMenu(
  mac: Mac | undefined,
  client: Client,
  { userFiles }: GeneratedTreeOptions,
): Promise<boolean> {
  if (userFiles === undefined) return false
  for (const path of pxelinuxSearch({ mac, address: parseIpv4(client.ip) })) {
    const file = await userFiles.open(path, client)
    await file?.close()
    if (file !== undefined) return true
  }
  return false
}

interface Asked {
  readonly client: Client
  readonly options: GeneratedTreeOptions
}

async function menuFile(
  file: string,
  mac: Mac | undefined,
  { client, options }: Asked,
  render: (context: MenuContext) => string,
): Promise<OpenFile> {
  const { text, context } = await machineMenu(mac, client, options, render)
  const entry = context.host?.boot ?? 'menu'
  options.emit({ type: 'menu.served', mac, ip: client.ip, file, entry })
  return textFile(text)
}
