/**
 * What can be booted: one catalog of entries and groups of entries, rendered for PXELINUX, iPXE and
 * GRUB as menus that look and behave the same.
 */
import type { Firmware } from '../loader/firmware.ts'

/** Processors, by the names that `firmware.ts` has for UEFI. */
export const arches = ['x64', 'ia32', 'arm64', 'arm32', 'riscv64', 'loongarch64'] as const
export type Arch = (typeof arches)[number]

/** A password, as the hashes that menus can check: never as it is typed. */
export interface Lock {
  /** SHA-512 or SHA-256 crypt, `$6$…`: PXELINUX asks by it, and we do for iPXE. */
  readonly crypt?: string | undefined
  /** `grub.pbkdf2.sha512.…`: GRUB asks by it. */
  readonly pbkdf2?: string | undefined
}

interface EntryBase {
  /**
   * The word a host's `boot:` uses; unique among the entries for one processor, in whichever group.
   * Letters, digits, `-`, `_`, `.`; never a `.` first.
   */
  readonly name: string
  readonly title: string
  /** One hotkey, a letter or digit. */
  readonly key?: string | undefined
  /** Processors that it runs on; by default x86, 32 and 64 bits. */
  readonly arch?: readonly Arch[] | undefined
  /** Firmware that can start it; by default any. */
  readonly firmware?: readonly Firmware[] | undefined
  /** Files of the boot tree without which it is not shown. */
  readonly needs?: readonly string[] | undefined
  /** Who picks it in a menu is asked for a password; a host whose `boot:` it is, is not. */
  readonly lock?: Lock | undefined
}

/** A Linux kernel with its initrds. */
export interface LinuxEntry extends EntryBase {
  readonly type: 'linux'
  /** A path in the boot tree (`boot/tinyvm/vmlinuz`) or an `http://` URL. */
  readonly kernel: string
  readonly initrd: readonly string[]
  /** Kernel arguments; `${server}` and other variables are filled in for each machine. */
  readonly args: string
  /**
   * The arguments instead of `args` where a machine is to install itself without being asked: such
   * a start wipes a disk. Only an entry that has them can be installed so.
   */
  readonly install?: string | undefined
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

/** memtest86+: which of its files, the firmware decides. */
export interface MemtestEntry extends EntryBase {
  readonly type: 'memtest'
}

/** Windows PE or Setup by wimboot, which the user puts beside the boot loaders. */
export interface WimbootEntry extends EntryBase {
  readonly type: 'wimboot'
  /** Its program's path in the boot tree. */
  readonly program: string
  /** Paths in the boot tree, by the names that wimboot knows the files by. */
  readonly files: Readonly<Record<string, string>>
  /** All of them in one initrd, for loaders that tell wimboot no names. */
  readonly archive: string
}

/** VMware ESXi's installer: its boot loader mboot, and what that loads. */
export interface EsxiEntry extends EntryBase {
  readonly type: 'esxi'
  /** The image's folder in the boot tree: `boot/esxi-8`. */
  readonly image: string
  /** Words for its kernel, behind those of the image; the variables are those of `LinuxEntry`. */
  readonly args: string
  /** The same instead of `args`, where a machine installs itself. */
  readonly install?: string | undefined
}

/** What starts something. */
export type BootEntry =
  | LinuxEntry
  | DiskEntry
  | ShellEntry
  | AutoDeployEntry
  | MemtestEntry
  | WimbootEntry
  | EsxiEntry

/** A menu below a menu. */
export interface GroupEntry extends EntryBase {
  readonly type: 'group'
  readonly entries: readonly Entry[]
}

export type Entry = BootEntry | GroupEntry

export interface Catalog {
  readonly title: string
  /** Seconds until the default starts; 0 waits for ever. */
  readonly timeout: number
  /** Name of the entry that starts by itself, in whichever group. */
  readonly default: string
  /** Menus with a picture behind them, where the loader can. */
  readonly graphical?: boolean | undefined
  /** The picture: a PNG or JPEG of the boot tree, as `photo.png`. */
  readonly background?: string | undefined
  readonly entries: readonly Entry[]
}

/** Every entry and group, a group before what is in it. */
export function allEntries(entries: readonly Entry[]): readonly Entry[] {
  return entries.flatMap((entry) =>
    entry.type === 'group' ? [entry, ...allEntries(entry.entries)] : [entry],
  )
}

/** Whether the files are there without which it is not offered. */
export function hasItsFiles(
  { needs = [] }: Entry,
  files: Pick<ReadonlySet<string>, 'has'>,
): boolean {
  return needs.every((path) => files.has(path))
}

/** Without the entries whose files are not there: looked at anew each time. */
export function withFiles(catalog: Catalog, files: Pick<ReadonlySet<string>, 'has'>): Catalog {
  return {
    ...catalog,
    get entries() {
      return catalog.entries.filter((entry) => hasItsFiles(entry, files))
    },
  }
}

/** Whether any entry asks for a password: then no menu may leave a way round it. */
export function asksPassword({ entries }: Pick<Catalog, 'entries'>): boolean {
  return allEntries(entries).some(({ lock }) => lock !== undefined)
}

/** Of what DHCP or a loader said of the machine. A BIOS that boots by PXE has 64 bits today. */
export function archOf(firmware: string | undefined): Arch {
  return arches.find((arch) => firmware === (`uefi-${arch}` satisfies Firmware)) ?? 'x64'
}

const anywhere: ReadonlySet<Entry['type']> = new Set(['disk', 'shell', 'group'])

/** Whether this firmware can start the entry; one that is not known might. */
export function startsOn({ firmware }: Entry, own: string | undefined): boolean {
  return firmware === undefined || own === undefined || firmware.some((each) => each === own)
}

/** Whether the entry is for this processor. */
export function runsOn({ arch, type }: Entry, processor: Arch): boolean {
  if (arch === undefined && anywhere.has(type)) return true
  return (arch ?? ['x64', 'ia32']).includes(processor)
}
