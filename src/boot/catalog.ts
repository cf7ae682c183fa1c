/**
 * What can be booted: one catalog, rendered as a PXELINUX menu and as an iPXE script that look and
 * behave the same.
 */

interface EntryBase {
  /** Unique; the word a host's `boot:` uses. Letters, digits, `-`, `_`, `.`. */
  readonly name: string
  readonly title: string
  /** One hotkey, a letter or digit. */
  readonly key?: string | undefined
}

/** A Linux kernel with its initrds. */
export interface LinuxEntry extends EntryBase {
  readonly type: 'linux'
  /** A path in the boot tree (`boot/tinyvm/vmlinuz`) or an `http://` URL. */
  readonly kernel: string
  readonly initrd: readonly string[]
  /** Kernel arguments; `${server}` stands for our URL, e.g. `http://192.168.50.1`. */
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
