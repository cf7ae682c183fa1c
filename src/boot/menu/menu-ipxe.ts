/**
 * The catalog as an iPXE script. Nothing in it may end the script by an error: every command that
 * can fail says where to go on, and a failed boot comes back to the menu with its reason.
 *
 * What asks for a password is not in the script. iPXE cannot check a hash: it asks us for the rest,
 * with the password in a header of that request (RFC 7617), and we check it.
 */
import { type BootEntry, type Entry, asksPassword } from './catalog.ts'
import { ipxeAbility, ipxeCommands, link, words } from './ipxe-commands.ts'
import {
  type MenuContext,
  type MenuLine,
  type MenuView,
  findEntry,
  groupLines,
  menuView,
  plainText,
} from './menu.ts'

export function renderIpxeMenu(context: MenuContext): string {
  const view = menuView(context, ipxeAbility(context))
  const lines = view.type === 'fixed' ? fixed(view.entry, context) : whole(view, context)
  return ['#!ipxe', ...forcedLoader(context), ...lines, ''].join('\n')
}

/**
 * An entry or a group whose password was right; from a group, and from a boot that failed, the way
 * leads back to the whole menu. Undefined where this machine has no such entry.
 */
export function renderIpxeOpened(name: string, context: MenuContext): string | undefined {
  const entry = findEntry(name, context)
  const lines = entry === undefined ? undefined : opened(entry, context)
  if (lines === undefined) return undefined
  const again = `chain --autofree --replace ${menuUrl(context)} || goto failed`
  return ['#!ipxe', 'clear password ||', ...lines, ...failure, ':back', again, ''].join('\n')
}

/** For an iPXE that came without our address book: it says who it is and asks again. */
export function renderIpxeWho(url: string): string {
  return `#!ipxe\nchain --autofree --replace ${menuUrl({ url })}\n`
}

/**
 * `autoexec.ipxe`, which EFI builds of iPXE run before they ask DHCP: so this one asks. With no
 * address the machine goes on to its next boot device.
 */
export function renderAutoexec(url: string): string {
  return [
    '#!ipxe',
    'dhcp || dhcp || dhcp || exit 1',
    `chain --autofree --replace ${menuUrl({ url })} || exit 1`,
    '',
  ].join('\n')
}

/**
 * The script that VMware's loaders ask for by TFTP. In the words of gPXE, from which those loaders
 * come: no `||`, no options.
 */
export function renderTramp(trampUrl: string): string {
  return `#!gpxe\nchain ${trampUrl}\n`
}

type Address = Pick<MenuContext, 'url' | 'mac'>

function menuUrl(context: Address): string {
  return `${context.url}/menu.ipxe?${identity(context)}`
}

/** Who asks, in its own words where we do not know. */
function identity({ mac }: Address): string {
  return `mac=${mac ?? '${netX/mac}'}&arch=\${buildarch}-\${platform}`
}

/**
 * The user wants undionly.kpxe and the ROM is an iPXE itself. Only the driver tells the two apart,
 * and undionly.kpxe has one driver only, so this is done once. Not on UEFI: snponly.efi has several
 * drivers (SNP was seen, NII exists), so no check there could promise to end, and an iPXE that
 * already runs does as well.
 */
function forcedLoader({ host, loaders, url }: MenuContext): string[] {
  const file = 'undionly.kpxe'
  if (host === undefined || !['undionly', 'snponly'].includes(host.loader)) return []
  if (!loaders.has(file)) return []
  return [
    'iseq ${platform} efi && goto begin ||',
    'iseq ${netX/chip} undionly && goto begin ||',
    `chain --autofree ${url}/${file} || goto begin`,
    ':begin',
  ]
}

/** No menu: one entry, again and again, each time by a fresh script. */
function fixed(entry: BootEntry, context: MenuContext): string[] {
  const pause = asksPassword(context.catalog)
    ? 'prompt --timeout 10000 Next try in 10 seconds ||'
    : 'prompt --key s --timeout 10000 Next try in 10 seconds, s for the iPXE command line && shell ||'
  return [
    ...steps(entry, context),
    ':failed',
    'echo ${problem}',
    pause,
    ':back',
    `chain --autofree --replace ${menuUrl(context)} || goto failed`,
  ]
}

/** What is on the screen at one time. */
interface Menu {
  /** The group's; empty for the one above all. */
  readonly name: string
  readonly title: string
  readonly lines: readonly MenuLine[]
  /** The label that Back and Esc lead to; the one above all has none. */
  readonly back?: string | undefined
  /** Where the bar stands. */
  readonly choice: string
  /** Seconds until that starts; 0 waits for ever. */
  readonly timeout: number
}

/** The menu that opens first is the one with the default in it; only there the time runs. */
function whole(view: Extract<MenuView, { type: 'menu' }>, context: MenuContext): string[] {
  const { title, lines, timeout, default: path } = view
  const start = path.at(-2) ?? ''
  const all = withInner({ name: '', title, lines, choice: path[0] ?? '', timeout: 0 }, path)
  const timed = all.map((menu) => (menu.name === start ? { ...menu, timeout } : menu))
  return [
    ...graphics(context),
    ':back',
    ...(start === '' ? [] : [`goto menu_${start}`]),
    ...timed.flatMap((menu) => commands(menu, context)),
    ...failure,
    'goto back',
  ]
}

function opened(entry: Entry, context: MenuContext): string[] | undefined {
  const ability = ipxeAbility(context)
  if (entry.type !== 'group') return ability.boots(entry) ? steps(entry, context) : undefined
  const lines = groupLines(entry, context, ability)
  if (lines === undefined) return undefined
  const title = plainText(entry.title)
  const first = { name: entry.name, title, lines, choice: '', timeout: 0, back: 'back' }
  return withInner(first, []).flatMap((menu) => commands(menu, context))
}

/** A menu and those below it that need no password. */
function withInner(menu: Menu, path: readonly string[]): readonly Menu[] {
  const inner = menu.lines.flatMap(({ entry, title, lines }) => {
    if (lines === undefined || entry.lock !== undefined) return []
    const choice = lines.find((line) => path.includes(line.entry.name))?.entry.name ?? ''
    const back = `menu_${menu.name}`
    return withInner({ name: entry.name, title, lines, back, choice, timeout: 0 }, path)
  })
  return [menu, ...inner]
}

/** The screen, then what each of its lines does. */
function commands(menu: Menu, context: MenuContext): string[] {
  const { name, title, lines, back, choice, timeout } = menu
  const bar = choice === '' ? '' : ` --default ${choice}`
  const time = timeout > 0 ? ` --timeout ${Math.round(timeout * 1000)}` : ''
  return [
    `:menu_${name}`,
    `menu -- ${words(title)}`,
    ...lines.map(item),
    // No entry's name begins with a dot.
    ...(back === undefined ? [] : [`item ..${name} Back`]),
    'isset ${problem} && item --gap -- ||',
    'isset ${problem} && item --gap -- Last try: ${problem} ||',
    `choose${bar}${time} selected || goto ${back ?? `menu_${name}`}`,
    'clear problem ||',
    'goto boot_${selected}',
    ...(back === undefined ? [] : ['', `:boot_..${name}`, `goto ${back}`]),
    ...lines.flatMap((line) => ['', ...lineSteps(line, name, context)]),
    '',
  ]
}

function item({ entry, key, title }: MenuLine): string {
  return key === ''
    ? `item ${entry.name} ${words(title)}`
    : `item --key ${key} ${entry.name} ${words(`[${key}] ${title}`)}`
}

function lineSteps({ entry }: MenuLine, menu: string, context: MenuContext): string[] {
  if (entry.lock !== undefined) return [`:boot_${entry.name}`, ...unlock(entry, menu, context)]
  if (entry.type === 'group') return [`:boot_${entry.name}`, `goto menu_${entry.name}`]
  return steps(entry, context)
}

/** From the entry's label to a started system, or to `failed` with the reason in `problem`. */
function steps(entry: BootEntry, context: MenuContext): string[] {
  return [`:boot_${entry.name}`, ...ipxeCommands(entry, context)]
}

/** iPXE asks for a name, too; the one that it shows is as good as any. */
function unlock({ name }: Entry, menu: string, context: MenuContext): string[] {
  const server = context.url.replace('://', '://${username:uristring}:${password:uristring}@')
  return [
    `set username ${name}`,
    'clear password ||',
    `login || goto menu_${menu}`,
    'set problem The password was not accepted',
    `chain --autofree --replace ${server}/menu/${name}.ipxe?${identity(context)} || goto failed`,
  ]
}

/** Words that lead back to the menu. */
const failure = [
  ':failed',
  'isset ${password} && clear password ||',
  'echo ${problem}',
  'prompt --timeout 5000 Press any key for the menu ||',
]

/** Builds without a console of pixels stay in text. */
function graphics(context: MenuContext): string[] {
  const { graphical, background } = context.catalog
  if (graphical !== true) return []
  const picture = background === undefined ? '' : ` --picture ${link(background, context)}`
  return [`console --x 800 --y 600${picture} ||`, ...colours.map((colour) => `${colour} ||`)]
}

/** The colours of the graphical PXELINUX menu: 4 is the paper, 6 the bar, and pair 2 what is on it. */
const colours = [
  'colour --rgb 0x0d1520 4',
  'colour --rgb 0x58c4dc 6',
  'cpair --foreground 0 --background 6 2',
]
