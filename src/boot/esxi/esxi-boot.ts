/**
 * How a machine comes to the ESXi installer of an image: the boot file that DHCP names, the
 * configuration of the one PXELINUX that starts it on BIOS, and what its boot.cfg says.
 *
 * mboot reads its boot.cfg from the folder that it was loaded from, so it is a boot file by itself on
 * UEFI, by TFTP and by HTTP. On BIOS it is a module of SYSLINUX, and VMware builds it for 3.86 alone:
 * 5 and 6 refuse it. GRUB is no way: it takes the network card away from the firmware, by which mboot
 * loads.
 */
import type { Mac } from '../../core/address.ts'
import type { BootReply } from '../../protocol/dhcp/boot-reply.ts'
import type { Host } from '../host.ts'
import type { Firmware } from '../loader/firmware.ts'
import type { EsxiEntry } from '../menu/catalog.ts'
import { type MenuContext, argumentsOf } from '../menu/menu.ts'
import type { BootCfgPlace } from './boot-cfg.ts'
import { machineFolder } from './esxi-paths.ts'

/** The name under which the user puts PXELINUX 3.86 beside the boot loaders. */
export const oldPxelinux = 'pxelinux-3.86.0'

/** What the user can do on BIOS without it. */
export const oldPxelinuxMissing = `ESXi on BIOS needs PXELINUX 3.86: put its pxelinux.0 into pxelinux/ as ${oldPxelinux}`

/** A boot file that needs no menu, or what would have to be there for one. */
export type EsxiBootFile =
  | ({ readonly type: 'file'; readonly file: string } & Pick<BootReply, 'pxelinux'>)
  | { readonly type: 'missing'; readonly reason: string }

/** Undefined on firmware that no ESXi starts on. */
export function esxiBootFile(
  { image }: EsxiEntry,
  machine: { readonly firmware: Firmware; readonly mac: Mac },
  loaders: ReadonlySet<string>,
): EsxiBootFile | undefined {
  if (machine.firmware === 'uefi-x64') return { type: 'file', file: `${image}/mboot.efi` }
  if (machine.firmware !== 'bios') return undefined
  if (!loaders.has(oldPxelinux)) return { type: 'missing', reason: oldPxelinuxMissing }
  const configFile = `${image}/${machineFolder(machine.mac)}/pxelinux.cfg`
  return { type: 'file', file: oldPxelinux, pxelinux: { configFile } }
}

/**
 * The label in a machine's PXELINUX menu: only where that machine was given 3.86, which then reads the
 * names that its successors read, too. Undefined in every menu that 6 shows.
 */
export function pxelinuxEsxi(entry: EsxiEntry, context: MenuContext): string[] | undefined {
  const { mac, host, loaders } = context
  if (mac === undefined || host?.boot !== entry.name || !loaders.has(oldPxelinux)) return undefined
  return hasOwnLoader(host) ? undefined : pxelinuxLines(entry, mac)
}

/** The user wants another one. */
function hasOwnLoader({ loader }: Pick<Host, 'loader'>): boolean {
  return ['pxelinux', 'lpxelinux', 'syslinux'].includes(loader)
}

/** How PXELINUX 3.86 starts it: lines of a label. */
function pxelinuxLines({ image }: EsxiEntry, mac: Mac): string[] {
  return [
    `  KERNEL ${image}/mboot.c32`,
    // From the root of what it was loaded from, whichever that is.
    `  APPEND -c /${image}/${machineFolder(mac)}/boot.cfg`,
    '  IPAPPEND 2',
  ]
}

/** A configuration that starts it at once. */
export function renderEsxiPxelinux(entry: EsxiEntry, mac: Mac): string {
  const { name } = entry
  return [
    'SERIAL 0 115200',
    `DEFAULT ${name}`,
    'NOHALT 1',
    'PROMPT 0',
    'TIMEOUT 100',
    `LABEL ${name}`,
    ...pxelinuxLines(entry, mac),
    '',
  ].join('\n')
}

/**
 * What the machine's boot.cfg says. The files come the way that it came itself: mboot has HTTP only
 * where its own loader had. The card is named, since under iPXE and on BIOS mboot cannot tell. A
 * machine that is to boot from its disk is told to load nothing.
 */
export function esxiPlace(
  entry: EsxiEntry,
  context: MenuContext,
  via: 'tftp' | 'http',
): BootCfgPlace {
  const { mac, host, url } = context
  const card = mac === undefined ? [] : [`BOOTIF=${machineFolder(mac)}`]
  const options = [argumentsOf(entry, context), ...card].filter((word) => word !== '')
  const prefix = via === 'http' ? `${url}/${entry.image}` : `/${entry.image}`
  return { prefix, options, skip: host?.boot === 'disk' }
}
