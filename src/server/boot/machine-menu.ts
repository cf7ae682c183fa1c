/** A menu, or a file of a boot loader, for one machine: with the way to its answers where it installs. */
import type { Mac } from '../../core/address.ts'
import type { MenuContext } from '../../boot/menu/menu.ts'
import type { Client } from '../../io/files/file-tree.ts'
import { type MenuSite, menuContext } from './menu-context.ts'

export interface MachineMenu {
  readonly text: string
  /** What it was rendered from. */
  readonly context: MenuContext
}

/**
 * Renders it, and notes what it starts before it leaves. Throws SystemError where that cannot be
 * stored: then the machine must not get it.
 */
export async function machineMenu(
  mac: Mac | undefined,
  client: Client,
  site: MenuSite,
  render: (context: MenuContext) => string,
): Promise<MachineMenu> {
  const context = menuContext(mac, client, site)
  if (mac === undefined || site.turns === undefined) return { text: render(context), context }
  const asker = { ip: client.ip, url: context.url }
  const { host, text } = await site.turns.turn(mac, asker, (own) =>
    render({ ...context, host: own }),
  )
  return { text, context: { ...context, host } }
}
