/**
 * The boot decision: which boot file a machine is told, from its architecture, the program that
 * asks and what the user said about the host. Knows nothing of packets or leases.
 *
 * No loops: an iPXE that speaks HTTP gets the menu script, never an iPXE again. The one exception
 * is made inside the script, where it can be made safely: a BIOS host told to use `undionly`
 * whose ROM is an iPXE. ROM and loader look alike in DHCP (same user class, often the same
 * version), but the script sees which network driver runs it, and undionly.kpxe has exactly one
 * (`${netX/chip}` is `undionly`): see menu-ipxe.ts. No state is kept, so a machine that is switched
 * off half-way starts from the beginning.
 *
 * RFC 4578, PXE 2.1, RFC 5071, UEFI 2.10 §24.7 (HTTP boot).
 */
import { type Ipv4, type Mac, formatIpv4 } from '../core/address.ts'
import { hostInUrl } from '../core/ipv6.ts'
import type { BootReply } from '../protocol/dhcp/boot-reply.ts'
import { type EsxiBootFile, esxiBootFile } from './esxi/esxi-boot.ts'
import type { Firmware } from './loader/firmware.ts'
import type { Host } from './host.ts'
import type { EsxiEntry } from './menu/catalog.ts'
import { unfitness } from './loader/firmware-quirks.ts'
import {
  type NamedLoader,
  autodeployFiles,
  ipxeFiles,
  loaderFiles,
  loaderNames,
} from './loader/loader-files.ts'
import type { Machine } from './machine.ts'

export interface BootSite {
  readonly hosts: ReadonlyMap<Mac, Host>
  /** Our address on the machine's network. */
  readonly server: Ipv4
  readonly httpPort: number
  readonly mode: 'full' | 'proxy'
  /** Paths of the loaders in the boot tree. */
  readonly loaders: ReadonlySet<string>
  /** What has shown itself to be the right loader for a machine of which nobody said anything. */
  readonly firstLoader?: ((machine: Machine) => NamedLoader | undefined) | undefined
  /** The ESXi image that a machine is to boot by itself; undefined where it is another thing. */
  readonly esxi?: ((mac: Mac) => EsxiEntry | undefined) | undefined
  /** Where TFTP is served, 69 by default. Firmware cannot be told another port; iPXE can. */
  readonly tftpPort?: number | undefined
}

export type BootPlan =
  | {
      readonly type: 'boot'
      readonly reply: BootReply
      /** What the operator wanted for it and did not get, and what to do. */
      readonly hint?: string | undefined
    }
  /** Nothing is offered, and nobody needs to know. */
  | { readonly type: 'none'; readonly reason: string }
  /** Nothing can be offered, and the operator can do something about it. */
  | { readonly type: 'refused'; readonly reason: string }

export function bootPlan(machine: Machine, site: BootSite): BootPlan {
  const host = site.hosts.get(machine.mac)
  const loader = host?.loader ?? 'auto'
  if (machine.stage === 'system') return none('an operating system needs no boot file')
  if (loader === 'none') return none('the host is configured with loader: none')
  const isAutodeploy = host?.boot === 'autodeploy' && loader === 'auto'
  return machine.stage === 'ipxe'
    ? planForIpxe(machine, site, { loader, isAutodeploy })
    : planForFirmware(machine, site, { loader, isAutodeploy })
}

/**
 * The decision as the DHCP server asks for it; `report` hears what the operator should know.
 * @example plan(machine, { server, mode: 'full' })
 */
export function bootPlanner(
  site: Omit<BootSite, 'server' | 'mode'>,
  report: (machine: Machine, reason: string) => void,
): (machine: Machine, where: Pick<BootSite, 'server' | 'mode'>) => BootReply | undefined {
  return (machine, where) => {
    const plan = bootPlan(machine, { ...site, ...where })
    const news = newsOf(plan)
    if (news !== undefined) report(machine, news)
    return plan.type === 'boot' ? plan.reply : undefined
  }
}

function newsOf(plan: BootPlan): string | undefined {
  if (plan.type === 'refused') return plan.reason
  return plan.type === 'boot' ? plan.hint : undefined
}

/**
 * `http://192.168.50.1`, `http://192.168.50.1:8080` or `http://[fd77::1]`: what `${server}` stands
 * for.
 */
export function serverUrl(server: string, httpPort: number): string {
  const host = hostInUrl(server)
  return httpPort === 80 ? `http://${host}` : `http://${host}:${httpPort}`
}

interface Wish {
  readonly loader: NamedLoader | 'auto'
  /** vCenter decides: its loader and its `tramp`. */
  readonly isAutodeploy: boolean
}

function planForIpxe(machine: Machine, site: BootSite, wish: Wish): BootPlan {
  const { loader, isAutodeploy } = wish
  if (loader === 'pxelinux' || loader === 'lpxelinux') return planForPxelinux(machine, site, loader)
  if (!machine.ipxeHttp) return replaceIpxe(machine, site)
  if (isAutodeploy) return ipxeReply(site, tftpUrl(site, 'tramp'))
  return ipxeReply(site, `${urlOf(site)}/menu.ipxe?mac=${machine.mac}`)
}

/** Neither PXELINUX asks DHCP again, so a ROM that is an iPXE can be given one without a loop. */
function planForPxelinux(
  machine: Machine,
  site: BootSite,
  loader: 'pxelinux' | 'lpxelinux',
): BootPlan {
  const chosen = present(loaderFiles(firmwareOf(machine), loader), site)
  if (chosen === undefined) return missing(machine, loader)
  return boot({
    nextServer: site.server,
    bootFile: tftpUrl(site, chosen),
    kind: ipxeKind(site),
    pxelinux: pxelinuxOptions(chosen, site),
  })
}

/** It cannot take an http:// URL (no feature 19 in option 175): ours can, so this happens once. */
function replaceIpxe(machine: Machine, site: BootSite): BootPlan {
  const chosen = present(ipxeFiles(firmwareOf(machine)), site)
  return chosen === undefined ? missing(machine, 'ipxe') : ipxeReply(site, tftpUrl(site, chosen))
}

function ipxeReply(site: BootSite, bootFile: string): BootPlan {
  return boot({ nextServer: site.server, bootFile, kind: ipxeKind(site) })
}

/** Beside another DHCP server iPXE must go on waiting for that one's offer. */
function ipxeKind(site: BootSite): BootReply['kind'] {
  return site.mode === 'full' ? 'ipxe' : 'pxe'
}

function planForFirmware(machine: Machine, site: BootSite, wish: Wish): BootPlan {
  const { loader } = wish
  const isHttp = machine.httpBoot || machine.architecture?.http === true
  const unable = unableTo(loader, { firmware: firmwareOf(machine), isHttp })
  if (unable !== undefined) return refused(unable)
  const esxi = loader === 'auto' ? esxiFor(machine, site) : undefined
  if (esxi?.type === 'file') return fileReply(esxi.file, { site, isHttp, pxelinux: esxi.pxelinux })
  const plan = planForLoader(machine, site, { ...wish, isHttp })
  return plan.type === 'boot' && esxi !== undefined ? { ...plan, hint: esxi.reason } : plan
}

/** A machine that is to boot an ESXi image needs no menu: mboot finds its own files. */
function esxiFor(machine: Machine, site: BootSite): EsxiBootFile | undefined {
  const { mac } = machine
  const entry = site.esxi?.(mac)
  return entry && esxiBootFile(entry, { firmware: firmwareOf(machine), mac }, site.loaders)
}

function planForLoader(
  machine: Machine,
  site: BootSite,
  { loader, isAutodeploy, isHttp }: Wish & { readonly isHttp: boolean },
): BootPlan {
  const firmware = firmwareOf(machine)
  // VMware's loaders look for `tramp` by TFTP, which a machine that boots by HTTP has not set up.
  const candidates =
    isAutodeploy && !isHttp
      ? autodeployFiles(firmware)
      : loaderFiles(firmware, loader, site.firstLoader?.(machine))
  const chosen = present(candidates, site)
  if (chosen === undefined) return missing(machine, isAutodeploy ? 'ipxe' : loader)
  return fileReply(chosen, { site, isHttp, pxelinux: pxelinuxOptions(chosen, site) })
}

function fileReply(
  file: string,
  how: { readonly site: BootSite; readonly isHttp: boolean } & Pick<BootReply, 'pxelinux'>,
): BootPlan {
  const { site, isHttp, pxelinux } = how
  return boot({
    nextServer: site.server,
    bootFile: isHttp ? `${urlOf(site)}/${file}` : file,
    kind: isHttp ? 'http' : 'pxe',
    pxelinux,
  })
}

/** What cannot be, whichever files are there. */
function unableTo(
  loader: NamedLoader | 'auto',
  where: { readonly firmware: Firmware; readonly isHttp: boolean },
): string | undefined {
  if (where.isHttp && where.firmware === 'bios') {
    return 'BIOS firmware cannot start a boot file by HTTP'
  }
  const reason = unfitness(loader, where)
  return reason === undefined ? undefined : `loader: ${loader} cannot be used here: ${reason}`
}

/** With a URL as prefix (option 210) lpxelinux fetches modules, menu and kernels by HTTP. */
function pxelinuxOptions(file: string, site: BootSite): BootReply['pxelinux'] {
  if (file === 'lpxelinux.0') return { pathPrefix: `${urlOf(site)}/` }
  // Menus name their files from the root of the tree; by TFTP an empty prefix is that root.
  return undefined
}

/** Only ROMs from before option 93 do not send it, and those are BIOS. */
function firmwareOf(machine: Machine): Firmware {
  return machine.architecture?.firmware ?? 'bios'
}

function present(candidates: readonly string[] | undefined, site: BootSite): string | undefined {
  return candidates?.find((name) => site.loaders.has(name))
}

function missing(machine: Machine, loader: NamedLoader | 'auto'): BootPlan {
  const firmware = firmwareOf(machine)
  const name = machine.architecture?.name ?? 'x86 BIOS'
  const candidates = loaderFiles(firmware, loader)
  if (candidates !== undefined) {
    return refused(`no boot loader for ${name}: put ${candidates.join(' or ')} into pxelinux/`)
  }
  const others = loaderNames(firmware)
  return refused(
    others.length === 0
      ? `no boot loader exists here for ${name}`
      : `loader: ${loader} does not run on ${name}; use auto, ${others.join(', ')}`,
  )
}

function urlOf(site: BootSite): string {
  return serverUrl(formatIpv4(site.server), site.httpPort)
}

/** A bare name goes to the next server's port 69. */
function tftpUrl(site: BootSite, file: string): string {
  const port = site.tftpPort ?? 69
  return port === 69 ? file : `tftp://${formatIpv4(site.server)}:${port}/${file}`
}

function boot(reply: BootReply): BootPlan {
  return { type: 'boot', reply }
}

function none(reason: string): BootPlan {
  return { type: 'none', reason }
}

function refused(reason: string): BootPlan {
  return { type: 'refused', reason }
}
