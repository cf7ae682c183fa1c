/**
 * The generated part of the boot tree: menus and boot scripts, rendered for the machine that asks.
 * Nothing here is on disk; what the user put on disk goes before it.
 *
 * A generated PXELINUX menu gives way when the user's own folder has any name that this machine
 * asks for: PXELINUX asks for the most special name first, and answering that would hide the user's
 * `pxelinux.cfg/default`.
 */
import { createHash } from 'node:crypto'
import { type Mac, parseIpv4 } from '../core/address.ts'
import type { Emit } from '../core/events.ts'
import { type Catalog, archOf } from '../boot/catalog.ts'
import type { Host } from '../boot/host.ts'
import type { MenuContext } from '../boot/menu.ts'
import { renderAutoexec, renderIpxeMenu, renderIpxeWho, renderTramp } from '../boot/menu-ipxe.ts'
import { renderPxelinuxMenu } from '../boot/menu-pxelinux.ts'
import { serverUrl } from '../boot/plan.ts'
import { type PxelinuxName, parsePxelinuxName, pxelinuxSearch } from '../boot/pxelinux-names.ts'
import { treePath } from '../boot/tree-path.ts'
import { type Client, type FileTree, type OpenFile, memoryFile } from '../io/file-tree.ts'

export interface GeneratedTreeOptions {
  readonly catalog: Catalog
  readonly hosts: ReadonlyMap<Mac, Host>
  /** Boot loaders and image files that are there: paths in the boot tree. */
  readonly loaders: ReadonlySet<string>
  readonly httpPort: number
  /** The mirror named `autodeploy`; undefined where there is none. */
  readonly autodeploy?: { readonly port: number } | undefined
  /** The user's own folder, which a generated PXELINUX menu gives way to. */
  readonly userFiles?: FileTree | undefined
  /** Whose address it is: by lease, by what was seen, or by the kernel's neighbour table. */
  readonly macOf: (ip: string) => Mac | undefined
  /** What it said in DHCP: a name of `firmware.ts`. */
  readonly firmwareOf: (mac: Mac) => string | undefined
  readonly emit: Emit
}

/** `pxelinux.cfg/*`, `menu.ipxe`, `autoexec.ipxe`. */
export function generatedTree(options: GeneratedTreeOptions): FileTree {
  return {
    async open(path, client) {
      const name = treePath(path)?.join('/')
      if (name === 'menu.ipxe') return openIpxeMenu(name, client, options)
      if (name === 'autoexec.ipxe') return openAutoexec(client, options)
      const config = name === undefined ? undefined : parsePxelinuxName(name)
      if (name === undefined || config === undefined) return undefined
      return openPxelinuxMenu({ path: name, name: config }, client, options)
    },
    list: () => Promise.resolve(['autoexec.ipxe', 'menu.ipxe', 'pxelinux.cfg/default']),
  }
}

/**
 * `tramp`, which VMware's loaders ask for, pointing at our mirror. It goes before the user's own
 * folder: vCenter's zip brings a `tramp` that goes round the mirror.
 */
export function trampTree(options: Pick<GeneratedTreeOptions, 'autodeploy' | 'emit'>): FileTree {
  const { autodeploy, emit } = options
  return {
    open(path, client) {
      const name = treePath(path)?.join('/')
      if (name !== 'tramp' || autodeploy === undefined) return Promise.resolve(undefined)
      emit({ type: 'menu.served', ip: client.ip, mac: client.mac, file: name, entry: 'autodeploy' })
      return Promise.resolve(textFile(renderTramp(trampUrl(client, autodeploy.port))))
    },
    list: () => Promise.resolve(autodeploy === undefined ? [] : ['tramp']),
  }
}

/**
 * Not for a machine that is to boot by Auto Deploy: without it, iPXE asks DHCP and gets `tramp`
 * by TFTP, the way that vCenter's own loaders go.
 */
function openAutoexec(client: Client, options: GeneratedTreeOptions): OpenFile | undefined {
  const mac = client.mac ?? options.macOf(client.ip)
  const host = mac === undefined ? undefined : options.hosts.get(mac)
  if (host?.boot === 'autodeploy' && host.loader === 'auto') return undefined
  return textFile(renderAutoexec(urlFor(client, options)))
}

function openIpxeMenu(path: string, client: Client, options: GeneratedTreeOptions): OpenFile {
  const mac = client.mac ?? options.macOf(client.ip)
  if (mac === undefined && client.via === 'http') {
    return textFile(renderIpxeWho(urlFor(client, options)))
  }
  const context = contextFor(mac, client, options)
  served(path, client, context, options)
  return textFile(renderIpxeMenu(context))
}

/**
 * Answered for the machine's own address, which is asked for early, and for `default`. The names in
 * between are left out, so that PXELINUX comes to one of the two at once.
 */
async function openPxelinuxMenu(
  asked: { readonly path: string; readonly name: PxelinuxName },
  client: Client,
  options: GeneratedTreeOptions,
): Promise<OpenFile | undefined> {
  const { path, name } = asked
  if (name.type !== 'mac' && name.type !== 'default') return undefined
  const mac = name.type === 'mac' ? name.mac : (client.mac ?? options.macOf(client.ip))
  if (await userHasMenu(mac, client, options)) return undefined
  const context = contextFor(mac, client, options)
  served(path, client, context, options)
  return textFile(renderPxelinuxMenu(context))
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

function contextFor(
  mac: Mac | undefined,
  client: Client,
  options: GeneratedTreeOptions,
): MenuContext {
  const { catalog, hosts, loaders, autodeploy, firmwareOf } = options
  const url = urlFor(client, options)
  return {
    catalog,
    loaders,
    mac,
    architecture: archOf(mac === undefined ? undefined : firmwareOf(mac)),
    host: mac === undefined ? undefined : hosts.get(mac),
    url,
    variables: { server: url },
    trampUrl: autodeploy === undefined ? undefined : trampUrl(client, autodeploy.port),
  }
}

function served(
  file: string,
  client: Client,
  { mac, host }: MenuContext,
  { emit }: GeneratedTreeOptions,
): void {
  emit({ type: 'menu.served', mac, ip: client.ip, file, entry: host?.boot ?? 'menu' })
}

function urlFor(client: Client, { httpPort }: GeneratedTreeOptions): string {
  return serverUrl(client.server, httpPort)
}

function trampUrl(client: Client, port: number): string {
  return `${serverUrl(client.server, port)}/vmw/rbd/tramp`
}

function textFile(text: string): OpenFile {
  const octets = new TextEncoder().encode(text)
  const digest = createHash('sha256').update(octets).digest('hex')
  return memoryFile(octets, digest.slice(0, 32))
}
