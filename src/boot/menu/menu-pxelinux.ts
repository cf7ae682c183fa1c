/**
 * The catalog as a PXELINUX configuration: menu.c32 or vesamenu.c32, on screen and serial line
 * alike. File names are relative, so the same text serves TFTP and, by option 210, HTTP.
 *
 * SYSLINUX for UEFI reads the same; its modules and everything else it asks for in its own folder.
 *
 * Syslinux 6.04: doc/menu.txt, com32/menu/readconfig.c, com32/menu/menumain.c.
 */
import { pxelinuxEsxi } from '../esxi/esxi-boot.ts'
import { type BootEntry, type LinuxEntry, asksPassword } from './catalog.ts'
import {
  type Ability,
  type MenuContext,
  type MenuLine,
  type MenuView,
  argumentsOf,
  menuView,
} from './menu.ts'

/** Where it was loaded from: the root on BIOS, a folder of its own on UEFI. */
export type SyslinuxFolder = '' | 'efi64/' | 'efi32/'

export function renderPxelinuxMenu(context: MenuContext, folder: SyslinuxFolder = ''): string {
  const ability: Ability = {
    boots: (entry) => body(entry, context, folder) !== undefined,
    asks: ({ crypt }) => crypt !== undefined,
  }
  const view = menuView(context, ability)
  const render = (entry: BootEntry) => body(entry, context, folder) ?? []
  const lines =
    view.type === 'fixed'
      ? fixed(view.entry, render)
      : [...menuProgram(context, folder), ...menu(view, render)]
  const closed = asksPassword(context.catalog) ? closedTo[view.type] : []
  // SERIAL has to be the very first directive.
  return ['SERIAL 0 115200', ...closed, ...lines, ''].join('\n')
}

/**
 * Where an entry asks for a password: else Tab would show what it does, and Esc or Shift lead to a
 * prompt that asks nothing. A boot that failed leads to that prompt, too: there labels alone start.
 */
const closedTo: Readonly<Record<MenuView['type'], readonly string[]>> = {
  menu: ['NOESCAPE 1', 'ALLOWOPTIONS 0'],
  fixed: ['NOESCAPE 1', 'ALLOWOPTIONS 0', 'IMPLICIT 0'],
}

type Render = (entry: BootEntry) => readonly string[]

/** No menu: the label starts at once. After a failure the prompt waits `TIMEOUT`, then tries again. */
function fixed(entry: BootEntry, render: Render): string[] {
  return [
    `DEFAULT ${entry.name}`,
    'PROMPT 0',
    'TIMEOUT 100',
    `LABEL ${entry.name}`,
    ...render(entry),
  ]
}

/** Dark, and the bar in one colour: as the other two menus look in graphics. */
const colours: readonly (readonly [element: string, ansi: string, ink: string, paper: string])[] = [
  ['screen', '37;40', '#ffd0d7de', '#00000000'],
  ['border', '30;44', '#40d0d7de', '#00000000'],
  ['title', '1;36;44', '#ffffffff', '#00000000'],
  ['unsel', '37;44', '#ffd0d7de', '#00000000'],
  ['hotkey', '1;37;44', '#ffffffff', '#00000000'],
  ['sel', '7;37;40', '#ff0d1520', '#ff58c4dc'],
  ['hotsel', '1;7;37;40', '#ff0d1520', '#ff58c4dc'],
  ['timeout_msg', '37;40', '#80d0d7de', '#00000000'],
  ['timeout', '1;37;40', '#ffffffff', '#00000000'],
  ['tabmsg', '31;40', '#80d0d7de', '#00000000'],
]

/** vesamenu.c32 where it is wanted and there; else the menu in text. */
function menuProgram({ catalog, loaders }: MenuContext, folder: SyslinuxFolder): string[] {
  const modules = ['vesamenu.c32', 'libcom32.c32'].map((name) => folder + name)
  if (catalog.graphical !== true || !modules.every((path) => loaders.has(path))) {
    return ['UI menu.c32']
  }
  return [
    'UI vesamenu.c32',
    'MENU RESOLUTION 800 600',
    `MENU BACKGROUND ${fileName(catalog.background ?? '#ff0d1520')}`,
    ...colours.map(([element, ansi, ink, paper]) => {
      return `MENU COLOR ${element} ${ansi} ${ink} ${paper} none`
    }),
  ]
}

function menu(view: Extract<MenuView, { type: 'menu' }>, render: Render): string[] {
  return [
    'PROMPT 0',
    `MENU TITLE ${withoutCarets(view.title)}`,
    // A hotkey boots, as it does in iPXE, instead of only moving the bar.
    'MENU IMMEDIATE',
    ...items(view.lines, { timeout: view.timeout, path: view.default }, render),
  ]
}

/** The menu that opens first is the one with the default in it; only there the time runs. */
interface Start {
  readonly timeout: number
  /** What is left of the path to the default; empty when it is not in this menu. */
  readonly path: readonly string[]
}

function items(lines: readonly MenuLine[], { timeout, path }: Start, render: Render): string[] {
  const [choice, ...rest] = path
  const isStart = choice !== undefined && rest.length === 0
  return [
    ...lines.flatMap((line) => {
      const start = { timeout, path: line.entry.name === choice ? rest : [] }
      return ['', ...item(line, { isDefault: line.entry.name === choice, start }, render)]
    }),
    '',
    // In tenths of a second; 0 waits for ever. At the end, or the menus below would inherit it.
    `TIMEOUT ${isStart ? Math.round(timeout * 10) : 0}`,
  ]
}

function item(
  line: MenuLine,
  { isDefault, start }: { readonly isDefault: boolean; readonly start: Start },
  render: Render,
): string[] {
  const { name, lock } = line.entry
  const about = [
    // The caret marks the hotkey in this directive.
    `  MENU LABEL ${line.key === '' ? '' : `[^${line.key}] `}${withoutCarets(line.title)}`,
    ...(isDefault ? ['  MENU DEFAULT'] : []),
    ...(lock?.crypt === undefined ? [] : [`  MENU PASSWD ${lock.crypt}`]),
  ]
  if (line.lines === undefined) return [`LABEL ${name}`, ...about, ...render(line.entry)]
  return [
    `MENU BEGIN ${name}`,
    `  MENU TITLE ${withoutCarets(line.title)}`,
    ...about,
    ...(start.path.length === 1 ? ['  MENU START'] : []),
    ...items(line.lines, start, render),
    `LABEL ..${name}`,
    '  MENU LABEL Back',
    '  MENU EXIT',
    'MENU END',
  ]
}

/** What an entry does; undefined when PXELINUX cannot do it here. */
function body(
  entry: BootEntry,
  context: MenuContext,
  folder: SyslinuxFolder,
): string[] | undefined {
  switch (entry.type) {
    case 'linux':
      return linux(entry, context)
    case 'disk':
      // Returns to the firmware, which goes on to the next boot device (pxelinux.asm, efi/main.c).
      return ['  LOCALBOOT 0']
    case 'shell':
      return undefined
    case 'memtest':
    case 'wimboot':
    case 'esxi':
    case 'autodeploy':
      return folder === '' ? onBios(entry, context) : undefined
  }
}

function linux(entry: LinuxEntry, context: MenuContext): string[] {
  const args = argumentsOf(entry, context)
  return [
    // LINUX, not KERNEL: the type does not depend on the file's name.
    `  LINUX ${fileName(entry.kernel)}`,
    ...(entry.initrd.length > 0 ? [`  INITRD ${entry.initrd.map(fileName).join(',')}`] : []),
    ...(args === '' ? [] : [`  APPEND ${args}`]),
  ]
}

/** What has programs of its own for BIOS and for UEFI, and PXELINUX those of BIOS. */
function onBios(
  entry: Exclude<BootEntry, { type: 'linux' | 'disk' | 'shell' }>,
  context: MenuContext,
): string[] | undefined {
  switch (entry.type) {
    case 'memtest':
      return memtest(context)
    case 'wimboot':
      return [`  LINUX ${fileName(entry.program)}`, `  INITRD ${fileName(entry.archive)}`]
    case 'esxi':
      return pxelinuxEsxi(entry, context)
    case 'autodeploy':
      return autodeploy(context)
  }
}

function memtest({ loaders }: MenuContext): string[] | undefined {
  if (!loaders.has('memtest64')) return undefined
  return ['  LINUX memtest64', '  APPEND console=ttyS0,115200']
}

/** VMware's loader finds `tramp` itself; an iPXE of ours takes its script as kernel arguments. */
function autodeploy({ loaders, trampUrl }: MenuContext): string[] | undefined {
  const vmware = 'undionly.kpxe.vmw-hardwired'
  if (trampUrl === undefined) return undefined
  if (loaders.has(vmware)) return [`  PXE ${vmware}`]
  if (!loaders.has('ipxe.lkrn')) return undefined
  return ['  LINUX ipxe.lkrn', `  APPEND dhcp && chain --autofree ${trampUrl}`]
}

/** PXELINUX splits at white space and commas and has no quotes; over HTTP an escape is as good. */
function fileName(path: string): string {
  const relative = /^https?:\/\//.test(path) ? path : path.replace(/^\/+/, '')
  return relative.replaceAll(/[\s,\p{Cc}]/gu, (character) => encodeURIComponent(character))
}

function withoutCarets(text: string): string {
  return text.replaceAll('^', "'")
}
