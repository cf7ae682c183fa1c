/** What a menu is rendered from, put together for the machine that asks. */
import type { Mac } from '../../core/address.ts'
import type { Emit } from '../../core/events.ts'
import { type Catalog, archOf } from '../../boot/menu/catalog.ts'
import type { Host } from '../../boot/host.ts'
import type { MenuContext } from '../../boot/menu/menu.ts'
import { serverUrl } from '../../boot/plan.ts'
import type { Client } from '../../io/files/file-tree.ts'
import type { InstallTurns } from './install-turns.ts'

export interface MenuSite {
  readonly catalog: Catalog
  readonly hosts: ReadonlyMap<Mac, Host>
  /** Boot loaders and image files that are there: paths in the boot tree. */
  readonly loaders: ReadonlySet<string>
  readonly httpPort: number
  /** The mirror named `autodeploy`; undefined where there is none. */
  readonly autodeploy?: { readonly port: number } | undefined
  /** Whose address it is: by lease, by what was seen, or by the kernel's neighbour table. */
  readonly macOf: (ip: string) => Mac | undefined
  /** What it said in DHCP: a name of `firmware.ts`. */
  readonly firmwareOf: (mac: Mac) => string | undefined
  /** Kernel arguments with a machine's static addresses, for `${network}`. */
  readonly networkOf?: ((mac: Mac) => string) | undefined
  /** What hosts boot that install themselves, and when. */
  readonly turns?: Pick<InstallTurns, 'turn'> | undefined
  readonly emit: Emit
}

/**
 * Without the way to anybody's answers, whoever asks: that is only in what `machineMenu` renders.
 */
export function menuContext(mac: Mac | undefined, client: Client, site: MenuSite): MenuContext {
  const { catalog, hosts, loaders, autodeploy, firmwareOf } = site
  const url = urlFor(client, site)
  const host = mac === undefined ? undefined : hosts.get(mac)
  const firmware = client.firmware ?? (mac === undefined ? undefined : firmwareOf(mac))
  return {
    catalog,
    loaders,
    mac,
    architecture: archOf(firmware),
    firmware,
    host: host && { ...host, answers: undefined },
    url,
    variables: { server: url, network: mac === undefined ? '' : (site.networkOf?.(mac) ?? '') },
    trampUrl: autodeploy === undefined ? undefined : trampUrl(client, autodeploy.port),
  }
}

/** Our URL as this machine reaches us. */
export function urlFor({ server, port }: Client, { httpPort }: Pick<MenuSite, 'httpPort'>): string {
  return serverUrl(server, port ?? httpPort)
}

export function trampUrl({ server }: Client, port: number): string {
  return `${serverUrl(server, port)}/vmw/rbd/tramp`
}

export function macFor(client: Client, { macOf }: Pick<MenuSite, 'macOf'>): Mac | undefined {
  return client.mac ?? macOf(client.ip)
}
