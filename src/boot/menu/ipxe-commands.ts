/**
 * The iPXE commands that boot one entry, and how text of people's own stands in a script.
 *
 * iPXE has no quotes: a line is split at white space, `||`, `&&`, `;` and words that begin with `#`
 * are special as whole words, and `${…}` is expanded in each word afterwards (ipxe src/core/exec.c).
 * So a special word is hidden behind a setting that does not exist.
 */
import { oldPxelinux, oldPxelinuxMissing } from '../esxi/esxi-boot.ts'
import { machineFolder } from '../esxi/esxi-paths.ts'
import {
  type BootEntry,
  type EsxiEntry,
  type LinuxEntry,
  type WimbootEntry,
  asksPassword,
} from './catalog.ts'
import { type Ability, type MenuContext, argumentsOf } from './menu.ts'

export function ipxeAbility({ trampUrl, loaders, catalog, host }: MenuContext): Ability {
  return {
    boots: ({ type }) => {
      if (type === 'autodeploy') return trampUrl !== undefined
      if (type === 'memtest') return loaders.has('memtest64') || loaders.has('memtest64.efi')
      // From the command line everything can be started, without being asked for anything.
      if (type === 'shell') return !asksPassword(catalog) || host?.boot === 'shell'
      return true
    },
    asks: () => true,
  }
}

/** To a started system, to the label `failed` with the reason in `problem`, or to `back`. */
export function ipxeCommands(entry: BootEntry, context: MenuContext): string[] {
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
    case 'memtest':
      return [
        'imgfree',
        'set problem Could not load the memory test',
        'set memtest memtest64',
        'iseq ${platform} efi && set memtest memtest64.efi ||',
        `kernel ${context.url}/\${memtest} console=ttyS0,115200 || goto failed`,
        'boot || goto failed',
      ]
    case 'wimboot':
      return wimboot(entry, context)
    case 'esxi':
      return ipxeEsxi(entry, context)
    case 'autodeploy':
      return [
        'set problem The Auto Deploy mirror gave no boot script',
        `chain --autofree ${context.trampUrl ?? ''} || goto failed`,
      ]
  }
}

/** EFI kernels find their initrds by name, so each has one and the arguments list them. */
function linux(entry: LinuxEntry, context: MenuContext): string[] {
  const initrds = entry.initrd.map((path, index) => ({ path, name: `initrd${index}` }))
  const args = [...initrds.map(({ name }) => `initrd=${name}`), words(argumentsOf(entry, context))]
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

/** Files by their names: on UEFI wimboot sees them as a folder, on BIOS as an archive. */
function wimboot({ program, files }: WimbootEntry, context: MenuContext): string[] {
  return [
    'imgfree',
    `set problem Could not load ${words(program)}`,
    `kernel ${link(program, context)} || goto failed`,
    ...Object.entries(files).flatMap(([name, path]) => [
      `set problem Could not load ${words(path)}`,
      `initrd --name ${name} ${link(path, context)} || goto failed`,
    ]),
    'set problem Could not start Windows',
    'boot || goto failed',
  ]
}

/**
 * On UEFI mboot itself: it cannot tell where iPXE had it from, so it is told its configuration whole. On
 * BIOS PXELINUX 3.86, which reads options 209 and 210 out of what iPXE says DHCP had answered.
 */
function ipxeEsxi({ name, image }: EsxiEntry, context: MenuContext): string[] {
  const { url, loaders } = context
  const folder = `${image}/${context.mac === undefined ? '01-${netX/mac:hexhyp}' : machineFolder(context.mac)}`
  const bios = loaders.has(oldPxelinux)
    ? [
        `set 209:string ${folder}/pxelinux.cfg`,
        `set 210:string ${url}/`,
        `set problem Could not start ${oldPxelinux}`,
        `chain --autofree ${url}/${oldPxelinux} || goto failed`,
      ]
    : [`set problem ${oldPxelinuxMissing}`]
  return [
    'imgfree',
    `iseq \${platform} efi && goto efi_${name} ||`,
    ...bios,
    'goto failed',
    `:efi_${name}`,
    `set problem Could not load ${image}/mboot.efi`,
    `kernel ${url}/${image}/mboot.efi -c ${url}/${folder}/boot.cfg || goto failed`,
    'set problem mboot came back',
    'boot || goto failed',
  ]
}

/** A path in the tree as a URL, a URL as it is; neither with anything that ends a word. */
export function link(path: string, { url }: Pick<MenuContext, 'url'>): string {
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
export function words(text: string): string {
  return text
    .toWellFormed()
    .split(/[\s\p{Cc}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.replaceAll('${', '$%7B'))
    .map((word) => (/^(#|\|\|$|&&$|;$)/.test(word) ? `\${nothing}${word}` : word))
    .join(' ')
}
