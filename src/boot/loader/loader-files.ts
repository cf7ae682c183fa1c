/**
 * Which files are boot loaders for which firmware, best first: paths in the boot tree. Knows names
 * only; whether a file is there is the caller's question. Debian's iPXE packages name their files
 * this way, shim asks for its GRUB by these names, and VMware's are those in vCenter's "TFTP Boot
 * Zip".
 */
import type { Firmware } from './firmware.ts'
import type { Loader } from '../host.ts'

/** A loader that a machine can be given, by its name in `hosts[].loader`. */
export type NamedLoader = Exclude<Loader, 'auto' | 'none'>

interface FirmwareLoaders {
  readonly files: Readonly<Partial<Record<NamedLoader, readonly string[]>>>
  /** `auto`: what is tried first, and after one that does not start the next. */
  readonly ladder: readonly NamedLoader[]
  /** vCenter Auto Deploy's own loader, which then asks for `tramp` by TFTP. */
  readonly autodeploy?: readonly string[]
}

const bios: FirmwareLoaders = {
  files: {
    lpxelinux: ['lpxelinux.0'],
    pxelinux: ['pxelinux.0'],
    syslinux: ['lpxelinux.0', 'pxelinux.0'],
    ...throughFirmware('undionly.kpxe'),
    ipxe: ['ipxe.pxe', 'undionly.kpxe'],
  },
  ladder: ['lpxelinux', 'pxelinux', 'undionly'],
  autodeploy: ['undionly.kpxe.vmw-hardwired'],
}

/**
 * iPXE before GRUB, which fetches a kernel several times slower. Debian's iPXE has the firmware's own
 * driver in it, too, so for these processors there is no `snponly` of its own.
 */
const uefiLadder = ['snponly', 'ipxe', 'grub'] as const

const loadersOf: Partial<Record<Firmware, FirmwareLoaders>> = {
  bios,
  'uefi-x64': {
    files: {
      ...throughFirmware('snponly.efi'),
      ipxe: ['ipxe.efi'],
      grub: ['shimx64.efi', 'grubx64.efi'],
      syslinux: ['efi64/syslinux.efi'],
    },
    // iPXE through the firmware's driver is the safe choice in virtual machines; Secure Boot refuses
    // it, and accepts the signed shim with its GRUB; where neither runs, iPXE brings drivers.
    ladder: ['snponly', 'grub', 'ipxe'],
    autodeploy: ['snponly64.efi.vmw-hardwired'],
  },
  'uefi-ia32': {
    files: { ...ipxeOf('ia32'), grub: ['grubia32.efi'] },
    ladder: uefiLadder,
    autodeploy: ['snponly32.efi.vmw-hardwired'],
  },
  'uefi-arm32': { files: ipxeOf('arm32'), ladder: uefiLadder },
  'uefi-arm64': {
    files: { ...ipxeOf('arm64'), grub: ['shimaa64.efi', 'grubaa64.efi'] },
    ladder: uefiLadder,
  },
  'uefi-riscv64': { files: ipxeOf('riscv64'), ladder: uefiLadder },
  'uefi-loongarch64': { files: ipxeOf('loong64'), ladder: uefiLadder },
}

function ipxeOf(name: string): FirmwareLoaders['files'] {
  return { ...throughFirmware(`snponly-${name}.efi`), ipxe: [`ipxe-${name}.efi`] }
}

/** Two names of one idea: UNDI is the BIOS's network interface, SNP that of UEFI. */
function throughFirmware(file: string): FirmwareLoaders['files'] {
  return { undionly: [file], snponly: [file] }
}

/**
 * File names to look for, best first; undefined when this firmware cannot run that loader. `auto`
 * begins with `first`, where this machine has one.
 */
export function loaderFiles(
  firmware: Firmware,
  loader: NamedLoader | 'auto',
  first?: NamedLoader,
): readonly string[] | undefined {
  const known = loadersOf[firmware]
  if (loader !== 'auto') return known?.files[loader]
  return known && ladderFrom(known.ladder, first).flatMap((name) => known.files[name] ?? [])
}

/** The loaders that a firmware can run. */
export function loaderNames(firmware: Firmware): readonly string[] {
  return Object.keys(loadersOf[firmware]?.files ?? {})
}

/** The order of `auto`, going round from `first`. */
function ladderFrom(
  ladder: readonly NamedLoader[],
  first: NamedLoader | undefined,
): readonly NamedLoader[] {
  const index = first === undefined ? 0 : Math.max(0, ladder.indexOf(first))
  return [...ladder.slice(index), ...ladder.slice(0, index)]
}

/** What `auto` tries on this firmware, of the loaders that are there, each with its file. */
export function ladderOf(
  firmware: Firmware,
  present: ReadonlySet<string>,
): readonly { readonly loader: NamedLoader; readonly file: string }[] {
  const known = loadersOf[firmware]
  return (known?.ladder ?? []).flatMap((loader) => {
    const file = known?.files[loader]?.find((name) => present.has(name))
    return file === undefined ? [] : [{ loader, file }]
  })
}

/** iPXE builds of ours, best first: for a machine that must get one before it can go on. */
export function ipxeFiles(firmware: Firmware): readonly string[] {
  const files = loadersOf[firmware]?.files
  return [...(files?.snponly ?? []), ...(files?.ipxe ?? [])]
}

/** VMware's own loader, then an iPXE of ours. */
export function autodeployFiles(firmware: Firmware): readonly string[] {
  return [...(loadersOf[firmware]?.autodeploy ?? []), ...ipxeFiles(firmware)]
}

/** Signed by Microsoft, and what it needs before anything of ours runs: its GRUB, MokManager. */
export const shim = {
  isShim: (file: string): boolean => /(^|\/)shim[a-z0-9]+\.efi$/i.test(file),
  isPart: (file: string): boolean =>
    /(^|\/)((grub|mm|fb)(x64|aa64)|revocations_\w+|shim_certificate_\d)\.efi$/i.test(file),
} as const
