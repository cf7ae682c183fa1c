/**
 * The catalog as a GRUB configuration, in two stages. The first is the same for every machine and is
 * what GRUB asks for by itself; it asks for the second by the machine's address and processor, which
 * GRUB knows best, over HTTP where it can and else from where it was loaded.
 *
 * GRUB checks passwords by itself, against hashes of its own kind, and asks for a user, too: that is
 * the name of the entry. Who may edit entries or use the command line once there is a password is
 * nobody: the superuser has none.
 *
 * GRUB 2.12: docs/grub.texi, "Security", "Network".
 */
import { type BootEntry, asksPassword } from './catalog.ts'
import { grubAbility, grubCommands, httpDevice, isUnsigned, quoted } from './grub-script.ts'
import { type MenuContext, type MenuLine, type MenuView, menuView } from './menu.ts'

/** Asked for under this name, whatever GRUB's search order is: the last name of all. */
export const grubStartName = 'grub/grub.cfg'

/**
 * The first stage. A machine that boots one entry is back here after a failure, and asks anew.
 * `$root` is the device that GRUB itself came from. GRUB's `source` ends well whatever becomes of
 * the file, so the second stage says by `found` that it was read.
 */
export function renderGrubStart(url: string): string {
  const source = 'source "$files/grub/machine/${net_default_mac}/${grub_cpu}-${grub_platform}.cfg"'
  return [
    'insmod http',
    'export files',
    'set again=1',
    'while [ "$again" = 1 ]; do',
    '  set again=0',
    '  set found=0',
    `  set files=${quoted(httpDevice(url))}`,
    `  ${source}`,
    '  if [ "$found" = 0 ]; then',
    '    set files="($root)"',
    `    ${source}`,
    '  fi',
    'done',
    '',
  ].join('\n')
}

/** The second stage, for one machine. */
export function renderGrubMenu(context: MenuContext): string {
  const view = menuView(context, grubAbility(context))
  const lines = view.type === 'fixed' ? fixed(view.entry, context) : menu(view, context)
  return ['set found=1', ...lines, ''].join('\n')
}

function fixed(entry: BootEntry, context: MenuContext): string[] {
  return [
    'set again=1',
    ...grubCommands(entry, context),
    'boot',
    "echo 'Next try in 10 seconds.'",
    'sleep 10',
  ]
}

function menu(view: Extract<MenuView, { type: 'menu' }>, context: MenuContext): string[] {
  const closed = asksPassword(context.catalog) ? ["set superusers='..'", 'export superusers'] : []
  return [
    ...graphics(context),
    ...closed,
    ...allLocks(view.lines),
    ...(view.timeout > 0 ? [`set timeout=${Math.round(view.timeout)}`] : ['unset timeout']),
    // Names of groups and entry, as GRUB writes a path.
    `set default=${quoted(view.default.join('>'))}`,
    ...view.lines.flatMap((line) => item(line, context)),
  ]
}

/** One `password_pbkdf2` for each password, under the name of its entry. */
function allLocks(lines: readonly MenuLine[]): string[] {
  return lines.flatMap(({ entry, lines: inner }) => [
    ...(entry.lock?.pbkdf2 === undefined
      ? []
      : [`password_pbkdf2 ${quoted(entry.name)} ${quoted(entry.lock.pbkdf2)}`]),
    ...allLocks(inner ?? []),
  ])
}

function item(line: MenuLine, context: MenuContext): string[] {
  const { entry, lines } = line
  if (lines !== undefined) {
    return block(
      `submenu ${about(line)}`,
      lines.flatMap((inner) => item(inner, context)),
    )
  }
  const own = block(`menuentry ${about(line)}`, grubCommands(line.entry, context))
  return isUnsigned(entry) ? block('if [ "$lockdown" != y ]; then', own, 'fi') : own
}

function about({ entry, key, title }: MenuLine): string {
  const { name, lock } = entry
  const text = `${key === '' ? '' : `[${key}] `}${title}`
  return [
    quoted(lock === undefined ? text : `${text} (user: ${name})`),
    ...(key === '' ? [] : [`--hotkey=${key}`]),
    `--id=${quoted(name)}`,
    lock === undefined ? '--unrestricted' : `--users=${quoted(name)}`,
  ].join(' ')
}

function block(head: string, body: readonly string[], end = '}'): string[] {
  return [
    end === '}' ? `${head} {` : head,
    ...body.map((line) => (line === '' ? '' : `  ${line}`)),
    end,
  ]
}

/** The dark look of the other graphical menus, in the font that Debian's images bring along. */
function graphics({ catalog }: MenuContext): string[] {
  if (catalog.graphical !== true) return []
  const { background } = catalog
  const picture = background === undefined ? '' : quoted(`/${background}`)
  return block(
    'if loadfont (memdisk)/fonts/unicode.pf2; then',
    [
      'set gfxmode=800x600,auto',
      'terminal_output gfxterm',
      // In text UEFI firmware shows on the serial line what it shows on the screen; in pixels not.
      'if serial --unit=0 --speed=115200; then',
      '  terminal_output --append serial',
      '  terminal_input --append serial',
      'fi',
      "background_color '#0d1520'",
      ...(picture === '' ? [] : [`background_image "$files"${picture}`]),
      'set menu_color_normal=light-gray/black',
      'set menu_color_highlight=black/cyan',
    ],
    'fi',
  )
}
