/**
 * GRUB's script language: quotes, names of devices and the commands that boot one entry.
 *
 * Between single quotes everything means itself, so all text of people's own stands there. What a
 * kernel is given GRUB writes into one line again: it puts `"` round an argument with a space in it,
 * as the kernel reads it, and a `\` before a quote of its own, which no kernel reads. So arguments
 * come here word by word, without their quotes.
 *
 * GRUB 2.12: docs/grub.texi "Quoting", grub-core/lib/cmdline.c, grub-core/net/net.c.
 */
import type { Arch, BootEntry, LinuxEntry } from './catalog.ts'
import { type Ability, type MenuContext, argumentsOf } from './menu.ts'

/** What else can be started on a processor, by UEFI. */
interface Programs {
  readonly memtest?: string
  readonly autodeploy?: string
  /** Loaders of systems on a disk, the most special first; `BOOT` is everybody's fallback. */
  readonly disk: readonly string[]
}

const programs: Partial<Record<Arch, Programs>> = {
  x64: {
    memtest: 'memtest64.efi',
    autodeploy: 'snponly64.efi.vmw-hardwired',
    disk: [
      'Microsoft/Boot/bootmgfw.efi',
      ...['debian', 'ubuntu', 'fedora', 'redhat', 'centos', 'rocky', 'almalinux'].map(
        (system) => `${system}/shimx64.efi`,
      ),
      ...['sles', 'opensuse'].map((system) => `${system}/shim.efi`),
      'BOOT/BOOTX64.EFI',
    ],
  },
  ia32: {
    memtest: 'memtest32.efi',
    autodeploy: 'snponly32.efi.vmw-hardwired',
    disk: ['BOOT/BOOTIA32.EFI'],
  },
  arm64: {
    disk: [
      ...['debian', 'ubuntu', 'fedora', 'redhat', 'centos', 'rocky', 'almalinux'].map(
        (system) => `${system}/shimaa64.efi`,
      ),
      'BOOT/BOOTAA64.EFI',
    ],
  },
}

export function grubAbility({ architecture, loaders, trampUrl }: MenuContext): Ability {
  const has = (path = '') => loaders.has(path)
  const own = programs[architecture]
  return {
    boots: (entry) => {
      switch (entry.type) {
        case 'linux':
          return [entry.kernel, ...entry.initrd].every((path) => !path.startsWith('https:'))
        case 'memtest':
          return has(own?.memtest)
        case 'autodeploy':
          return trampUrl !== undefined && has(own?.autodeploy)
        case 'disk':
          return true
        case 'esxi': // mboot loads by the firmware's network, which GRUB has taken
        case 'wimboot': // it finds no files where GRUB is on UEFI, and on BIOS there is no GRUB of ours
        case 'shell': // GRUB's own is behind the key c, in each of its menus
          return false
      }
    },
    asks: ({ pbkdf2 }) => pbkdf2 !== undefined,
  }
}

/** Lines of a `menuentry`; `$files` is the device that the boot tree is on. */
export function grubCommands(entry: BootEntry, context: MenuContext): string[] {
  switch (entry.type) {
    case 'linux':
      return linux(entry, context)
    case 'disk':
      return disk(context)
    case 'memtest':
      return [`${chain(entry.type, context)} console=ttyS0,115200`]
    case 'autodeploy':
      return [chain(entry.type, context)]
    case 'esxi':
    case 'wimboot':
    case 'shell':
      return []
  }
}

function chain(program: 'memtest' | 'autodeploy', { architecture }: MenuContext): string {
  return `chainloader ${fileWord(programs[architecture]?.[program] ?? '')}`
}

/** Programs that nobody signed: Secure Boot refuses them. */
export function isUnsigned({ type }: BootEntry): boolean {
  return type === 'memtest' || type === 'autodeploy'
}

/** One word that means itself. */
export function quoted(text: string): string {
  return `'${text
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, ' ')
    .replaceAll("'", "'\\''")}'`
}

/**
 * The HTTP device of our URL: `(http,192.168.50.1)`, `(http,192.168.50.1:8080)`, `(http,fd77::1)`.
 * Without brackets: where the firmware's own HTTP is used, GRUB adds them; a port is told from an
 * IPv6 address only by them. Debian's GRUB reads a port behind a colon, and one behind a comma, as
 * GRUB's manual has it, not.
 */
export function httpDevice(url: string): string {
  const { hostname, port } = new URL(url)
  return port === '' ? `(http,${hostname.replaceAll(/[[\]]/g, '')})` : `(http,${hostname}:${port})`
}

function linux(entry: LinuxEntry, context: MenuContext): string[] {
  const { kernel, initrd } = entry
  const words = argumentWords(argumentsOf(entry, context))
  return [
    ['linux', fileWord(kernel), ...words.map(quoted)].join(' '),
    ...(initrd.length > 0 ? [['initrd', ...initrd.map(fileWord)].join(' ')] : []),
  ]
}

/** A path in the tree, from the device it came from; a URL as GRUB names it. */
function fileWord(path: string): string {
  if (!path.startsWith('http://')) return `"$files"${quoted(`/${escaped(path)}`)}`
  const url = URL.parse(path)
  return url === null ? quoted(path) : quoted(httpDevice(path) + url.pathname + url.search)
}

/** GRUB sends a path over HTTP as it is. */
function escaped(path: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/')
}

/** Split at spaces outside of double quotes, which fall away. */
export function argumentWords(args: string): readonly string[] {
  const words = args.match(/(?:"[^"]*"|[^ "]|")+/g) ?? []
  return words.map((word) => word.replaceAll('"', ''))
}

/**
 * GRUB cannot tell the firmware to go on with the next boot device: after its `exit` UEFI firmware
 * takes the boot for done and opens its own menu. So it looks for what a disk has.
 */
function disk({ architecture }: MenuContext): string[] {
  const loaders = programs[architecture]?.disk ?? ['BOOT/BOOT.EFI']
  return [
    // On whichever disk and partition; where none has it, the pattern stays and names no file.
    `for loader in ${loaders.map((path) => `(hd*)/EFI/${path}`).join(' ')}; do`,
    '  if [ -f "$loader" ]; then',
    '    if chainloader "$loader"; then boot; fi',
    '  fi',
    'done',
    "echo 'There is no system on a disk of this machine.'",
    'sleep --interruptible 5',
    'exit 1',
  ]
}
