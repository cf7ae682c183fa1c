/**
 * The configuration that the lab's service runs with, as one would write it: its own network, and
 * of each machine what is special about it.
 */
import { join } from 'node:path'
import type { Loader } from '../boot/host.ts'
import type { CardModel } from '../setup/lab-files.ts'
import type { BoardChoice, LabFirmware } from './boards.ts'

/** Where everything is in the lab's network. */
export const labAddresses = {
  server: '192.168.50.1',
  /** In a lab of IPv6 alone. */
  server6: 'fd77:1::2',
  addressServer: '192.168.50.2/24',
  router: 'fd77:1::1/64',
  network: '192.168.50.0/24',
  pool: '192.168.50.100-192.168.50.199',
} as const

export const labModes = {
  full: 'Bootlace gives addresses',
  proxy: 'a dnsmasq gives them, Bootlace only boot data',
  auto: 'Bootlace finds out whether somebody else gives them',
} as const
export type LabMode = keyof typeof labModes

export interface MachineOptions extends BoardChoice {
  /** What the configuration says the machine takes; by default what its firmware stands for. */
  readonly loader?: Loader | undefined
  readonly card?: CardModel | undefined
  /** MiB; by default what its board gets. */
  readonly memory?: number | undefined
  /** What the configuration says it boots: an entry's name, `disk`, `autodeploy` or `menu`. */
  readonly boot?: string | undefined
  /** A raw disk image; what the machine writes to it is thrown away unless it is kept. */
  readonly disk?: string | undefined
  readonly keepsDisk?: boolean | undefined
  /** Its MAC address, when it is a host that `config` knows; the lab then says nothing about it. */
  readonly mac?: string | undefined
}

export function nameOf(index: number): string {
  return `machine-${index + 1}`
}

/** QEMU's own prefix, then the lab's. */
export function macOf({ mac }: MachineOptions, index: number): string {
  return mac ?? `52:54:00:b0:07:${(index + 1).toString(16).padStart(2, '0')}`
}

export interface ConfigChoice {
  readonly mode: LabMode
  readonly machines: readonly MachineOptions[]
  /** Sections of the configuration that replace the lab's own; `hosts` are added. */
  readonly config?: Readonly<Record<string, unknown>> | undefined
}

export function labConfig({ mode, machines, config = {} }: ConfigChoice, directory: string) {
  const { hosts: others = [], ...sections } = config
  return {
    interfaces: ['eth0'],
    data: join(directory, 'data'),
    cache: { directory: join(directory, 'cache') },
    dhcp: dhcpSections[mode],
    menu: { title: 'Bootlace lab', timeout: '3s', default: 'tinyvm' },
    ...sections,
    hosts: [...machines.flatMap(hostOf), ...(Array.isArray(others) ? others : [])],
  }
}

const subnets = [{ network: labAddresses.network, pool: labAddresses.pool }]

const dhcpSections: Readonly<Record<LabMode, object>> = {
  full: { mode: 'full', subnets },
  proxy: { mode: 'proxy' },
  auto: { mode: 'auto', auto: { listen: '2s' }, subnets }, // in a lab whoever is there answers at once
}

/** QEMU's BIOS ROM is itself an iPXE: `bios` is told to be served as any other ROM would be. */
const usualLoaders: Readonly<Record<LabFirmware, Loader>> = {
  bios: 'lpxelinux',
  ipxe: 'auto',
  uefi: 'auto',
  'uefi-http': 'auto',
}

/** Over HTTP these two cards, as QEMU has them, stop hearing in the middle of a kernel. */
const cardsWithoutHttp = new Set<string>(['vmxnet3', 'rtl8139'])

function usualLoader({ firmware, card }: MachineOptions): Loader {
  const usual = usualLoaders[firmware]
  return usual === 'lpxelinux' && cardsWithoutHttp.has(card ?? '') ? 'pxelinux' : usual
}

/** A machine of which nothing special is wanted is not in the configuration at all. */
function hostOf(machine: MachineOptions, index: number): readonly object[] {
  const { loader, boot, mac } = machine
  const taken = loader ?? usualLoader(machine)
  if (mac !== undefined || (taken === 'auto' && boot === undefined)) return []
  return [{ name: nameOf(index), mac: macOf(machine, index), loader: taken, boot: boot ?? 'menu' }]
}
