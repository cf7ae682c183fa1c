/**
 * The catalog as a PXELINUX configuration: menu.c32, on screen and serial line alike. File names
 * are relative, so the same text serves TFTP and, by option 210, HTTP.
 *
 * Syslinux 6.04: doc/menu.txt, com32/menu/readconfig.c.
 */
import type { Entry } from './catalog.ts'
import { type MenuContext, type MenuView, kernelArguments, menuView } from './menu.ts'

export function renderPxelinuxMenu(context: MenuContext): string {
  const view = menuView(context, (entry) => body(entry, context) !== undefined)
  const lines = view.type === 'fixed' ? fixed(view.entry, context) : menu(view, context)
  // SERIAL has to be the very first directive.
  return ['SERIAL 0 115200', ...lines, ''].join('\n')
}

/** No menu: the label starts at once. After a failure the prompt waits `TIMEOUT`, then tries again. */
function fixed(entry: Entry, context: MenuContext): string[] {
  return [
    `DEFAULT ${entry.name}`,
    'PROMPT 0',
    'TIMEOUT 100',
    `LABEL ${entry.name}`,
    ...(body(entry, context) ?? []),
  ]
}

function menu(view: Extract<MenuView, { type: 'menu' }>, context: MenuContext): string[] {
  return [
    'UI menu.c32',
    'PROMPT 0',
    // In tenths of a second; 0 waits for ever.
    `TIMEOUT ${Math.round(view.timeout * 10)}`,
    `MENU TITLE ${withoutCarets(view.title)}`,
    // A hotkey boots, as it does in iPXE, instead of only moving the bar.
    'MENU IMMEDIATE',
    ...view.lines.flatMap(({ entry, key, title }) => [
      '',
      `LABEL ${entry.name}`,
      // The caret marks the hotkey in this directive.
      `  MENU LABEL ${key === '' ? '' : `[^${key}] `}${withoutCarets(title)}`,
      ...(entry.name === view.default ? ['  MENU DEFAULT'] : []),
      ...(body(entry, context) ?? []),
    ]),
  ]
}

/** What an entry does; undefined when PXELINUX cannot do it here. */
function body(entry: Entry, context: MenuContext): string[] | undefined {
  switch (entry.type) {
    case 'linux': {
      const args = kernelArguments(entry.args, context.variables)
      return [
        // LINUX, not KERNEL: the type does not depend on the file's name.
        `  LINUX ${fileName(entry.kernel)}`,
        ...(entry.initrd.length > 0 ? [`  INITRD ${entry.initrd.map(fileName).join(',')}`] : []),
        ...(args === '' ? [] : [`  APPEND ${args}`]),
      ]
    }
    case 'disk':
      // 0 returns to the PXE stack, which goes on to the next boot device (pxelinux.asm).
      return ['  LOCALBOOT 0']
    case 'autodeploy':
      return autodeploy(context)
    case 'shell':
      return undefined
  }
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
