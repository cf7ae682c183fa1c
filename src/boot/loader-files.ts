/**
 * Which files are boot loaders for which firmware: names at the root of the boot tree, best first.
 * Knows names only; whether a file is there is the caller's question. Debian's iPXE packages name
 * their files this way; VMware's names are those in vCenter's "TFTP Boot Zip".
 */
import type { Firmware } from './firmware.ts'
import type { Loader } from './host.ts'

interface LoaderFiles {
  /** iPXE over the network driver of the firmware: the safe choice in virtual machines. */
  readonly firmwareDriver: readonly string[]
  /** iPXE with network drivers of its own. */
  readonly ownDrivers: readonly string[]
  /** GRUB; where there is one, the shim before it, which Secure Boot accepts. */
  readonly grub?: readonly string[]
  /** SYSLINUX's menu; on BIOS it is PXELINUX, with HTTP (`lpxelinux.0`) before without. */
  readonly syslinux?: readonly string[]
  /** vCenter Auto Deploy's own loader, which then asks for `tramp` by TFTP. */
  readonly autodeploy?: readonly string[]
}

const files: Partial<Record<Firmware, LoaderFiles>> = {
  bios: {
    firmwareDriver: ['undionly.kpxe'],
    ownDrivers: ['ipxe.pxe', 'undionly.kpxe'],
    syslinux: ['lpxelinux.0', 'pxelinux.0'],
    autodeploy: ['undionly.kpxe.vmw-hardwired'],
  },
  'uefi-x64': {
    firmwareDriver: ['snponly.efi'],
    ownDrivers: ['ipxe.efi'],
    grub: ['shimx64.efi', 'grubx64.efi'],
    syslinux: ['efi64/syslinux.efi'],
    autodeploy: ['snponly64.efi.vmw-hardwired'],
  },
  'uefi-ia32': {
    ...ipxeOf('ia32'),
    grub: ['grubia32.efi'],
    syslinux: ['efi32/syslinux.efi'],
    autodeploy: ['snponly32.efi.vmw-hardwired'],
  },
  'uefi-arm32': ipxeOf('arm32'),
  'uefi-arm64': { ...ipxeOf('arm64'), grub: ['shimaa64.efi', 'grubaa64.efi'] },
  'uefi-riscv64': ipxeOf('riscv64'),
  'uefi-loongarch64': ipxeOf('loong64'),
}

function ipxeOf(name: string): LoaderFiles {
  return { firmwareDriver: [`snponly-${name}.efi`], ownDrivers: [`ipxe-${name}.efi`] }
}

/** File names to look for, best first; undefined when this firmware cannot run that loader. */
export function loaderFiles(
  firmware: Firmware,
  loader: Exclude<Loader, 'none'>,
): readonly string[] | undefined {
  const known = files[firmware]
  if (known === undefined) return undefined
  const isBios = firmware === 'bios'
  const both = [...known.firmwareDriver, ...known.ownDrivers]
  const table: Record<Exclude<Loader, 'none'>, readonly string[] | undefined> = {
    auto: isBios ? [...(known.syslinux ?? []), ...known.firmwareDriver] : both,
    pxelinux: isBios ? ['pxelinux.0'] : undefined,
    lpxelinux: isBios ? ['lpxelinux.0'] : undefined,
    // Two names of one idea: UNDI is the BIOS's network interface, SNP that of UEFI.
    undionly: known.firmwareDriver,
    snponly: known.firmwareDriver,
    ipxe: known.ownDrivers,
    grub: known.grub,
    syslinux: known.syslinux,
  }
  return table[loader]
}

/** iPXE builds of ours, best first: for a machine that must get one before it can go on. */
export function ipxeFiles(firmware: Firmware): readonly string[] {
  const known = files[firmware]
  return known === undefined ? [] : [...known.firmwareDriver, ...known.ownDrivers]
}

/** VMware's own loader, then an iPXE of ours. */
export function autodeployFiles(firmware: Firmware): readonly string[] {
  return [...(files[firmware]?.autodeploy ?? []), ...ipxeFiles(firmware)]
}
