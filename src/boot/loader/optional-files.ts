/**
 * Names that programs ask for at every start and do without: that they are not there is no news.
 * Each was seen on the wire.
 */

export interface OptionalFile {
  readonly device: string
  /** For people. */
  readonly name: string
  readonly pattern: RegExp
}

export const optionalFiles: readonly OptionalFile[] = [
  {
    device: 'PXELINUX, SYSLINUX',
    name: 'pxelinux.cfg/…: by UUID, MAC address, IP address with a digit less each time',
    pattern: /(^|\/)pxelinux\.cfg\//i,
  },
  { device: 'iPXE for EFI', name: 'autoexec.ipxe', pattern: /(^|\/)autoexec\.ipxe$/i },
  {
    device: 'shim',
    name: 'revocations_sku.efi, revocations_sbat.efi, shim_certificate_0.efi',
    pattern: /(^|\/)(revocations_\w+|shim_certificate_\d)\.efi$/i,
  },
  {
    device: 'GRUB',
    name: 'grub/x86_64-efi/command.lst, fs.lst, crypto.lst, terminal.lst',
    pattern: /(^|\/)grub\/[\w-]+\/(command|fs|crypto|terminal)\.lst$/i,
  },
  { device: 'browsers', name: 'favicon.ico', pattern: /(^|\/)favicon\.ico$/i },
]

export function isOptional(path: string): boolean {
  return optionalFiles.some(({ pattern }) => pattern.test(path))
}
