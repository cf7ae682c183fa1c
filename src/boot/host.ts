/** A machine that the user named in the configuration. */
import type { Ipv4, Mac } from '../core/address.ts'

/** Boot loaders that a host can be told to take; `auto` follows the firmware. */
export const loaders = [
  'auto',
  'pxelinux',
  'lpxelinux',
  'undionly',
  'snponly',
  'ipxe',
  'grub',
  'syslinux',
  'none',
] as const
export type Loader = (typeof loaders)[number]

export interface Host {
  readonly name: string
  readonly mac: Mac
  /** Reserved address. */
  readonly address?: Ipv4 | undefined
  /** A menu entry's name, or `menu`, `disk`, `autodeploy`. */
  readonly boot: string
  readonly loader: Loader
  /** Whether one installation is enough; by default it is. */
  readonly once?: boolean | undefined
  /**
   * While this machine is to install itself: the path below our URL where its answers lie,
   * `/ks/TOKEN`. Who knows it can have the answers, so it is in the machine's own menu only.
   */
  readonly answers?: string | undefined
}
