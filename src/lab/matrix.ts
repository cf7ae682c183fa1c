/**
 * The matrix of boots: every way to start a machine, with every loader, mode and network card, and
 * of those that cannot be, why not. Data; boots nothing.
 *
 * Each reason was seen, in the machine's console or in what it asked for (`lab --pcap`), with one of
 * the combinations that it stands for.
 */
import type { Loader } from '../boot/host.ts'
import type { CardModel } from '../setup/lab-files.ts'
import type { BoardChoice } from './boards.ts'
import type { MachineOptions } from './lab-config.ts'
import type { LabOptions } from './lab.ts'

/** How a machine starts. */
const starts = {
  bios: { firmware: 'bios' },
  ipxe: { firmware: 'ipxe' },
  uefi: { firmware: 'uefi' },
  'uefi secure': { firmware: 'uefi', secureBoot: true },
  http: { firmware: 'uefi-http' },
  'http secure': { firmware: 'uefi-http', secureBoot: true },
  ia32: { firmware: 'uefi', arch: 'ia32' },
  arm64: { firmware: 'uefi', arch: 'arm64' },
  'arm64 secure': { firmware: 'uefi', arch: 'arm64', secureBoot: true },
  'arm64 http': { firmware: 'uefi-http', arch: 'arm64' },
} as const satisfies Readonly<Record<string, BoardChoice>>

/** What Bootlace does about addresses, and whether somebody else gives them. */
const modes = {
  full: { mode: 'full' },
  proxy: { mode: 'proxy' },
  auto: { mode: 'auto' },
  'auto rival': { mode: 'auto', rival: true },
} as const satisfies Readonly<Record<string, Pick<LabOptions, 'mode' | 'rival'>>>

type Values = {
  readonly start: keyof typeof starts
  readonly loader: Exclude<Loader, 'none'>
  readonly mode: keyof typeof modes
  readonly card: CardModel
}
export type Dimension = keyof Values

/** One boot of the matrix. */
export type Cell = { readonly [D in Dimension]: Values[D] }

/** Every value of each dimension; a cell takes one of each. */
export const dimensions: { readonly [D in Dimension]: readonly Values[D][] } = {
  start: keysOf(starts),
  loader: ['auto', 'pxelinux', 'lpxelinux', 'undionly', 'snponly', 'ipxe', 'grub', 'syslinux'],
  mode: keysOf(modes),
  card: ['virtio-net-pci', 'vmxnet3', 'e1000', 'e1000e', 'rtl8139'],
}

/** Cells that cannot be: those whose values are all among these. */
export interface Gap {
  readonly where: { readonly [D in Dimension]?: readonly Values[D][] }
  readonly reason: string
}

const bios = ['bios', 'ipxe'] as const
const uefi = dimensions.start.filter((start) => start !== 'bios' && start !== 'ipxe')
const secure = ['uefi secure', 'http secure', 'arm64 secure'] as const
const arm64 = ['arm64', 'arm64 secure', 'arm64 http'] as const
const otherThanVirtio = dimensions.card.filter((card) => card !== 'virtio-net-pci')

const deaf =
  'some megabytes into the kernel by HTTP the card, as QEMU has it, takes no packet any more: the ' +
  'same segment is repeated unanswered'

const lossy =
  'the firmware’s HTTP loses most of what this card gets, as QEMU has it: 100 kB/s, minutes for a ' +
  'kernel'

/** In the order in which they are looked at. */
export const gaps: readonly Gap[] = [
  {
    where: { start: ['ipxe'], loader: dimensions.loader.filter((loader) => loader !== 'auto') },
    reason: 'the same as bios with that loader: it is the same machine',
  },
  { where: { start: bios, loader: ['snponly'] }, reason: 'the same as undionly on a BIOS' },
  { where: { start: bios, loader: ['syslinux'] }, reason: 'the same as lpxelinux on a BIOS' },
  {
    where: { start: bios, loader: ['ipxe'] },
    reason: 'the same as start ipxe: the card’s ROM is the iPXE that is asked for',
  },
  { where: { start: bios, loader: ['grub'] }, reason: 'GRUB is served to UEFI only' },
  { where: { start: uefi, loader: ['undionly'] }, reason: 'the same as snponly on UEFI' },
  {
    where: { start: uefi, loader: ['pxelinux', 'lpxelinux'] },
    reason: 'PXELINUX runs on a BIOS only',
  },
  { where: { start: bios, loader: ['lpxelinux', 'undionly'], card: ['vmxnet3'] }, reason: deaf },
  { where: { start: bios, loader: ['lpxelinux'], card: ['rtl8139'] }, reason: deaf },
  {
    where: { start: ['uefi', 'uefi secure'], loader: ['grub'], card: ['rtl8139'] },
    reason: deaf,
  },
  {
    where: { start: ['http', 'http secure'], card: ['rtl8139'] },
    reason: `${lossy}, and now and then it gives up: HTTP Error`,
  },
  { where: { start: ['http', 'http secure'], loader: ['grub'], card: ['vmxnet3'] }, reason: lossy },
  { where: { start: ['http secure'], loader: ['auto'], card: ['vmxnet3'] }, reason: lossy },
  {
    where: { start: ['uefi secure'], loader: ['auto'], card: ['vmxnet3', 'rtl8139'] },
    reason: `after the refused loader it goes on by HTTP boot, where ${lossy}`,
  },
  {
    where: { start: [...arm64, 'ia32'], card: otherThanVirtio },
    reason:
      'the firmware has no driver for the card, and the driver in the card’s ROM is for x64: ' +
      'nothing is sent, and the machine ends in the UEFI shell',
  },
  {
    where: { start: secure, loader: ['snponly', 'ipxe', 'syslinux'] },
    reason:
      'no key that the firmware knows vouches for it: it is fetched whole, then Access Denied',
  },
  {
    where: { start: ['ia32'], loader: ['snponly', 'ipxe'] },
    reason: 'no iPXE for 32-bit UEFI is packaged',
  },
  {
    where: { start: ['ia32'], loader: ['syslinux'] },
    reason: 'the machine resets when efi32/syslinux.efi has fetched ldlinux.e32',
  },
  {
    where: { start: ['http'], loader: ['syslinux'] },
    reason:
      'syslinux.efi asks the firmware for its PXE state, which HTTP boot has none of: it ends with ' +
      'Unsupported',
  },
  {
    where: { start: arm64, loader: ['snponly'] },
    reason: 'no snponly for ARM64 is packaged; ipxe there is one',
  },
  { where: { start: arm64, loader: ['syslinux'] }, reason: 'SYSLINUX is for x86 only' },
]

export function gapOf(cell: Cell): Gap | undefined {
  return gaps.find((gap) => isIn(cell, gap))
}

/** Every cell, in the order of the dimensions. */
export const allCells: readonly Cell[] = dimensions.start.flatMap((start) =>
  dimensions.loader.flatMap((loader) =>
    dimensions.mode.flatMap((mode) =>
      dimensions.card.map((card): Cell => ({ start, loader, mode, card })),
    ),
  ),
)

export const possibleCells: readonly Cell[] = allCells.filter((cell) => gapOf(cell) === undefined)

type CellLab = MachineOptions & Pick<LabOptions, 'mode' | 'rival' | 'tries'>

/** The lab that boots this cell, straight to its report. */
export function labOf({ start, loader, mode, card }: Cell): CellLab {
  const own = loader === 'auto' ? {} : { loader }
  // Refused by Secure Boot, PXE goes on to HTTP boot and HTTP boot to nothing: shim comes next time.
  const tries = start === 'http secure' && loader === 'auto' ? 2 : 1
  return { ...starts[start], ...modes[mode], ...own, card, boot: 'tinyvm', tries }
}

export function isIn(cell: Cell, { where }: Gap): boolean {
  return keysOf(dimensions).every((dimension) => {
    const among: readonly string[] | undefined = where[dimension]
    return among?.includes(cell[dimension]) ?? true
  })
}

function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): readonly Key[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a literal of this file
  return Object.keys(table) as Key[]
}
