/**
 * The catalog as an iPXE script. Nothing in it may end the script by an error: every command that
 * can fail says where to go on, and a failed boot comes back to the menu with its reason.
 *
 * iPXE has no quotes: a line is split at white space, `||`, `&&`, `;` and words that begin with `#`
 * are special as whole words, and `${…}` is expanded in each word afterwards (ipxe src/core/exec.c).
 * So a special word is hidden behind a setting that does not exist.
 */
import type { Entry } from './catalog.ts'
import { type MenuContext, type MenuView, kernelArguments, menuView } from './menu.ts'

export function renderIpxeMenu(context: MenuContext): string {
  const view = menuView(context, (entry) => entry.type !== 'autodeploy' || hasMirror(context))
  const lines = view.type === 'fixed' ? fixed(view.entry, context) : menu(view, context)
  return ['#!ipxe', ...forcedLoader(context), ...lines, ''].join('\n')
}

/** For an iPXE that came without our address book: it says who it is and asks again. */
export function renderIpxeWho(url: string): string {
  return `#!ipxe\nchain --autofree --replace ${url}/menu.ipxe?mac=\${netX/mac}\n`
}

/**
 * `autoexec.ipxe`, which EFI builds of iPXE run before they ask DHCP: so this one asks. With no
 * address the machine goes on to its next boot device.
 */
export function renderAutoexec(url: string): string {
  return [
    '#!ipxe',
    'dhcp || dhcp || dhcp || exit 1',
    `chain --autofree --replace ${url}/menu.ipxe?mac=\${netX/mac} || exit 1`,
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

function hasMirror({ trampUrl }: MenuContext): boolean {
  return trampUrl !== undefined
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
function fixed(entry: Entry, context: MenuContext): string[] {
  const again = `${context.url}/menu.ipxe?mac=${context.mac ?? '${netX/mac}'}`
  return [
    ...steps(entry, context),
    ':failed',
    'echo ${problem}',
    'prompt --key s --timeout 10000 Next try in 10 seconds, s for the iPXE command line && shell ||',
    ':back',
    `chain --autofree --replace ${again} || goto failed`,
  ]
}

function menu(view: Extract<MenuView, { type: 'menu' }>, context: MenuContext): string[] {
  const timeout = view.timeout > 0 ? ` --timeout ${Math.round(view.timeout * 1000)}` : ''
  return [
    ':back',
    `menu -- ${words(view.title)}`,
    ...view.lines.map(({ entry, key, title }) =>
      key === ''
        ? `item ${entry.name} ${words(title)}`
        : `item --key ${key} ${entry.name} ${words(`[${key}] ${title}`)}`,
    ),
    'isset ${problem} && item --gap -- ||',
    'isset ${problem} && item --gap -- Last try: ${problem} ||',
    `choose --default ${view.default}${timeout} selected || goto back`,
    'clear problem ||',
    'goto boot_${selected}',
    ...view.lines.flatMap(({ entry }) => ['', ...steps(entry, context)]),
    '',
    ':failed',
    'echo ${problem}',
    'prompt --timeout 5000 Press any key for the menu ||',
    'goto back',
  ]
}

/** From the entry's label to a started system, or to `failed` with the reason in `problem`. */
function steps(entry: Entry, context: MenuContext): string[] {
  return [`:boot_${entry.name}`, ...actions(entry, context)]
}

function actions(entry: Entry, context: MenuContext): string[] {
  switch (entry.type) {
    case 'linux':
      return linux(entry, context)
    case 'disk':
      return [
        // On UEFI, `exit 1` makes the boot manager go on; a plain `exit` may stop in its menu.
        'iseq ${platform} efi && exit 1 ||',
        'sanboot --no-describe --drive 0x80 || exit 1',
      ]
    case 'shell':
      return ['echo Type exit to come back', 'shell ||', 'goto back']
    case 'autodeploy':
      return [
        'set problem The Auto Deploy mirror gave no boot script',
        `chain --autofree ${context.trampUrl ?? ''} || goto failed`,
      ]
  }
}

/** EFI kernels find their initrds by name, so each has one and the arguments list them. */
function linux(entry: Extract<Entry, { type: 'linux' }>, context: MenuContext): string[] {
  const initrds = entry.initrd.map((path, index) => ({ path, name: `initrd${index}` }))
  const args = [
    ...initrds.map(({ name }) => `initrd=${name}`),
    words(kernelArguments(entry.args, context.variables)),
  ]
  return [
    'imgfree',
    `set problem Could not load ${words(entry.kernel)}`,
    `kernel ${link(entry.kernel, context)} ${args.join(' ').trim()}`.trimEnd() + ' || goto failed',
    ...initrds.flatMap(({ path, name }) => [
      `set problem Could not load ${words(path)}`,
      `initrd --name ${name} ${link(path, context)} || goto failed`,
    ]),
    `set problem Could not start ${words(entry.kernel)}`,
    'boot || goto failed',
  ]
}

/** A path in the tree as a URL, a URL as it is; neither with anything that ends a word. */
function link(path: string, { url }: MenuContext): string {
  if (/^https?:\/\//.test(path)) return visible(path)
  const parts = path.split('/').filter((part) => part !== '')
  return `${url}/${parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/')}`
}

/** The user's own escapes stay; what cannot stand in a word, or begins a setting, becomes one. */
function visible(url: string): string {
  return url
    .toWellFormed()
    .replaceAll(/[^!-~]|[{}]/gu, (character) => encodeURIComponent(character))
}

/** Words that mean themselves: no operator, no comment, no setting. */
function words(text: string): string {
  return text
    .toWellFormed()
    .split(/[\s\p{Cc}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.replaceAll('${', '$%7B'))
    .map((word) => (/^(#|\|\|$|&&$|;$)/.test(word) ? `\${nothing}${word}` : word))
    .join(' ')
}
