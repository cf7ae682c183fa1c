/**
 * What can be booted: one catalog, rendered as a PXELINUX menu and as an iPXE script that look and
 * behave the same.
 */

import type { Firmware } from './firmware.ts'

/** Processors, by the names that `firmware.ts` has for UEFI. */
export const arches = ['x64', 'ia32', 'arm64', 'arm32', 'riscv64', 'loongarch64'] as const
export type Arch = (typeof arches)[number]

interface EntryBase {
  /**
   * The word a host's `boot:` uses; unique among the entries for one processor. Letters, digits,
   * `-`, `_`, `.`.
   */
  readonly name: string
  readonly title: string
  /** One hotkey, a letter or digit. */
  readonly key?: string | undefined
  /** Processors that it runs on; by default x86, 32 and 64 bits. */
  readonly arch?: readonly Arch[] | undefined
  /** Files of the boot tree without which it is not shown. */
  readonly needs?: readonly string[] | undefined
}

/** A Linux kernel with its initrds. */
export interface LinuxEntry extends EntryBase {
  readonly type: 'linux'
  /** A path in the boot tree (`boot/tinyvm/vmlinuz`) or an `http://` URL. */
  readonly kernel: string
  readonly initrd: readonly string[]
  /** Kernel arguments; `${server}` and other variables are filled in for each machine. */
  readonly args: string
}

/** The next boot device. */
export interface DiskEntry extends EntryBase {
  readonly type: 'disk'
}

/** The iPXE command line; only the iPXE menu has it. */
export interface ShellEntry extends EntryBase {
  readonly type: 'shell'
}

/** vCenter's boot loader, then its `tramp` script through our mirror. */
export interface AutoDeployEntry extends EntryBase {
  readonly type: 'autodeploy'
}

export type Entry = LinuxEntry | DiskEntry | ShellEntry | AutoDeployEntry

export interface Catalog {
  readonly title: string
  /** Seconds until the default starts; 0 waits for ever. */
  readonly timeout: number
  /** Name of the entry that starts by itself. */
  readonly default: string
  readonly entries: readonly Entry[]
}

/** Of what DHCP or a loader said of the machine. A BIOS that boots by PXE has 64 bits today. */
export function archOf(firmware: string | undefined): Arch {
  return arches.find((arch) => firmware === (`uefi-${arch}` satisfies Firmware)) ?? 'x64'
}

/** Whether the entry is for this processor. */
export function runsOn({ arch = ['x64', 'ia32'], type }: Entry, processor: Arch): boolean {
  return type === 'disk' || type === 'shell' || arch.includes(processor)
}
