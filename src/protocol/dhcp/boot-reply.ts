/**
 * The boot part of a DHCP answer, as the boot layer decides it and the DHCP rules send it.
 */
import type { Ipv4 } from '../../core/address.ts'

export interface BootReply {
  /** Where the boot file is: `siaddr` and option 66. */
  readonly nextServer: Ipv4
  /** A TFTP path or a URL: the `file` field and option 67. */
  readonly bootFile: string
  /**
   * Which class of client the answer speaks to. `pxe`: option 60 PXEClient, and for BIOS firmware
   * 43.6=8, so that it loads the file at once. `http`: option 60 HTTPClient echoed, the URL in 67
   * (UEFI HTTP boot). `ipxe`: as `pxe`, and option 175.176 so that iPXE does not wait for another
   * offer (full mode only). `plain`: just the fields.
   */
  readonly kind: 'pxe' | 'http' | 'ipxe' | 'plain'
  /** For pxelinux: options 208-211 (RFC 5071). */
  readonly pxelinux?: { readonly configFile?: string; readonly pathPrefix?: string } | undefined
}
