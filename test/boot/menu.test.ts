import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIpv4, parseMac } from '../../src/core/address.ts'
import type { Catalog, Entry } from '../../src/boot/catalog.ts'
import type { Host } from '../../src/boot/host.ts'
import { type MenuContext, kernelArguments, plainText } from '../../src/boot/menu.ts'
import {
  renderAutoexec,
  renderIpxeMenu,
  renderIpxeWho,
  renderTramp,
} from '../../src/boot/menu-ipxe.ts'
import { renderPxelinuxMenu } from '../../src/boot/menu-pxelinux.ts'
import { parsePxelinuxName, pxelinuxSearch } from '../../src/boot/pxelinux-names.ts'

const mac = parseMac('52:54:00:12:34:56')!
const url = 'http://192.168.50.1'
const trampUrl = 'http://192.168.50.1:5100/vmw/rbd/tramp'

const catalog: Catalog = {
  title: 'Lab boot menu',
  timeout: 20,
  default: 'disk',
  entries: [
    {
      type: 'linux',
      name: 'rescue',
      title: 'Rescue system',
      key: 'r',
      kernel: 'rescue/vmlinuz',
      initrd: ['rescue/initrd', 'rescue/extra'],
      args: 'quiet console=ttyS0 --- x',
    },
    {
      type: 'linux',
      name: 'tinyvm',
      title: 'TinyVM',
      kernel: 'boot/tinyvm/vmlinuz',
      initrd: ['boot/tinyvm/initrd'],
      args: 'bootlace=${server}',
    },
    { type: 'autodeploy', name: 'autodeploy', title: 'vSphere Auto Deploy', key: 'a' },
    { type: 'disk', name: 'disk', title: 'Local disk', key: 'd' },
    { type: 'shell', name: 'shell', title: 'iPXE command line', key: 's' },
  ],
}

function contextWith(context: Partial<MenuContext> = {}): MenuContext {
  return {
    catalog,
    url,
    trampUrl,
    loaders: new Set(['ipxe.lkrn', 'undionly.kpxe']),
    architecture: 'x64',
    variables: { server: url, network: '' },
    mac,
    ...context,
  }
}

function hostWith(boot: string, loader: Host['loader'] = 'auto'): Host {
  return { name: 'web-01', mac, boot, loader }
}

const fixtures = '../fixtures/menus'

describe('golden menus', () => {
  test.for([
    { name: 'menu', context: contextWith() },
    { name: 'fixed-tinyvm', context: contextWith({ host: hostWith('tinyvm') }) },
    { name: 'fixed-disk', context: contextWith({ host: hostWith('disk') }) },
    { name: 'fixed-autodeploy', context: contextWith({ host: hostWith('autodeploy') }) },
    { name: 'menu-undionly', context: contextWith({ host: hostWith('menu', 'undionly') }) },
    { name: 'menu-without-mirror', context: contextWith({ trampUrl: undefined }) },
  ])('$name', async ({ name, context }) => {
    await expect(renderPxelinuxMenu(context)).toMatchFileSnapshot(`${fixtures}/${name}.cfg`)
    await expect(renderIpxeMenu(context)).toMatchFileSnapshot(`${fixtures}/${name}.ipxe`)
  })

  test('the small scripts', async () => {
    await expect(renderAutoexec(url)).toMatchFileSnapshot(`${fixtures}/autoexec.ipxe`)
    await expect(renderIpxeWho(url)).toMatchFileSnapshot(`${fixtures}/who.ipxe`)
    await expect(renderTramp(trampUrl)).toMatchFileSnapshot(`${fixtures}/tramp`)
  })
})

function pxelinuxLines(text: string): string[] {
  return [...text.matchAll(/MENU LABEL (.*)/g)].map((match) => (match[1] ?? '').replace('^', ''))
}

function ipxeLines(text: string): string[] {
  return [...text.matchAll(/^item (?:--key \S+ )?\S+ (\[.*)$/gm)].map((match) => match[1] ?? '')
}

test('both menus show the same lines in the same order; the command line is iPXE’s alone', () => {
  const ipxe = ipxeLines(renderIpxeMenu(contextWith()))
  expect(ipxe).toEqual([
    '[r] Rescue system',
    '[1] TinyVM',
    '[a] vSphere Auto Deploy',
    '[d] Local disk',
    '[s] iPXE command line',
  ])
  expect(pxelinuxLines(renderPxelinuxMenu(contextWith()))).toEqual(ipxe.slice(0, 4))
})

test('the serial line comes first, or PXELINUX does not use it', () => {
  expect(renderPxelinuxMenu(contextWith()).split('\n')[0]).toBe('SERIAL 0 115200')
})

test('a menu that waits for ever has no timer', () => {
  const context = contextWith({ catalog: { ...catalog, timeout: 0 } })
  expect(renderPxelinuxMenu(context)).toContain('TIMEOUT 0\n')
  expect(renderIpxeMenu(context)).not.toContain('--timeout 0')
})

test('a default that this loader does not have becomes the disk', () => {
  const context = contextWith({ catalog: { ...catalog, default: 'shell' } })
  expect(renderPxelinuxMenu(context)).toMatch(/LABEL disk\n.*\n {2}MENU DEFAULT/)
  expect(renderIpxeMenu(context)).toContain('choose --default shell')
})

test('VMware’s own loader is preferred where the user has it', () => {
  const loaders = new Set(['ipxe.lkrn', 'undionly.kpxe.vmw-hardwired'])
  expect(renderPxelinuxMenu(contextWith({ loaders }))).toContain('PXE undionly.kpxe.vmw-hardwired')
  expect(renderPxelinuxMenu(contextWith({ loaders: new Set() }))).not.toContain('autodeploy')
})

test('with no entries at all there is the local disk', () => {
  const context = contextWith({ catalog: { ...catalog, entries: [] } })
  expect(renderPxelinuxMenu(context)).toContain('LOCALBOOT 0')
  expect(renderIpxeMenu(context)).toContain('item --key 1 disk [1] Local disk')
})

test('a choice that cannot be had here shows the menu', () => {
  const context = contextWith({ trampUrl: undefined, host: hostWith('autodeploy') })
  expect(renderIpxeMenu(context)).toContain('choose')
  expect(renderPxelinuxMenu(contextWith({ host: hostWith('shell') }))).toContain('UI menu.c32')
})

describe('entries for a processor', () => {
  const linux = { type: 'linux', kernel: 'k', initrd: [], args: '' } as const
  const entries: readonly Entry[] = [
    { ...linux, name: 'tiny', title: 'Tiny x64', arch: ['x64'], kernel: 'k-x64' },
    { ...linux, name: 'tiny', title: 'Tiny arm64', arch: ['arm64'], kernel: 'k-arm64' },
    { ...linux, name: 'any', title: 'Any x86' },
    { type: 'disk', name: 'disk', title: 'Local disk' },
  ]
  const shown = (context: Partial<MenuContext>) =>
    ipxeLines(renderIpxeMenu(contextWith({ catalog: { ...catalog, entries }, ...context })))

  test('are seen by machines with such a one; what does not say is for x86', () => {
    expect(shown({})).toEqual(['[1] Tiny x64', '[2] Any x86', '[3] Local disk'])
    expect(shown({ architecture: 'ia32' })).toEqual(['[1] Any x86', '[2] Local disk'])
    expect(shown({ architecture: 'arm64' })).toEqual(['[1] Tiny arm64', '[2] Local disk'])
  })

  test('may share a name: a host boots the one that it can run', () => {
    const context = contextWith({ catalog: { ...catalog, entries }, host: hostWith('tiny') })
    expect(renderIpxeMenu(context)).toContain('kernel http://192.168.50.1/k-x64 ')
    expect(renderIpxeMenu({ ...context, architecture: 'arm64' })).toContain('/k-arm64 ')
  })

  test('an entry whose files are not there is not shown', () => {
    const needy: Entry = { ...linux, name: 'x', title: 'Needy', needs: ['boot/x/vmlinuz'] }
    const own = { catalog: { ...catalog, entries: [needy] } }
    expect(shown(own)).toEqual(['[1] Local disk'])
    expect(shown({ ...own, loaders: new Set(['boot/x/vmlinuz']) })).toEqual(['[1] Needy'])
  })
})

test('variables are filled in; what is none stays, and cannot come back', () => {
  const variables = { server: url, network: '', odd: '${server}' }
  expect(kernelArguments('a=${server}/x ${network} b', variables)).toBe(`a=${url}/x b`)
  expect(kernelArguments('${nothing} ${toString} ${odd}', variables)).toBe(
    '${nothing} ${toString} ${server}',
  )
})

test('titles become one line of printable ASCII', () => {
  expect(plainText(' Système\tde\nsecours ☃ ')).toBe('Systeme de secours ?')
})

/** The commands that a script of ours is made of, by the rules of iPXE’s `exec.c`. */
const ownCommands = new Set([
  'imgfree', 'set', 'kernel', 'initrd', 'boot', 'iseq', 'isset', 'item', 'menu', 'choose', 'clear',
  'goto', 'echo', 'prompt', 'exit', 'sanboot', 'shell', 'chain', '#!ipxe',
]) // prettier-ignore

function commandsOf(line: string): string[] {
  const words = line.split(/\s+/).filter((word) => word !== '')
  const commands: string[] = []
  let isFirst = true
  for (const word of words) {
    if (word.startsWith('#') && word !== '#!ipxe') break
    if (['||', '&&', ';'].includes(word)) isFirst = true
    else if (isFirst) {
      commands.push(word)
      isFirst = false
    }
  }
  return commands
}

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        '\n', '\r', ' ', '\t', '||', '&&', ';', '#', '${', '}', '^', '"', "'", '--', ',', '%', '/',
        'exit', 'LABEL', 'APPEND', '\u2028', '\u0085', '\u0000', 'reboot', '\ud800', '${server}',
      ), // prettier-ignore
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
)
const nastyEntry = fc
  .record({ title: nasty, kernel: nasty, initrd: fc.array(nasty, { maxLength: 3 }), args: nasty })
  .map((entry): Entry => ({ ...entry, type: 'linux', name: 'odd' }))

const knownSettings = /\$\{(platform|netX\/chip|netX\/mac|problem|selected|nothing)\}/g

test('no title, path or argument breaks out of its line in iPXE', () => {
  fc.assert(
    fc.property(nasty, nastyEntry, fc.boolean(), (title, entry, isFixed) => {
      const host = isFixed ? hostWith('odd') : undefined
      const text = renderIpxeMenu(
        contextWith({ catalog: { ...catalog, title, entries: [entry] }, host }),
      )
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith(':'))
      for (const line of lines) {
        for (const command of commandsOf(line)) expect(ownCommands).toContain(command)
        expect(line.replaceAll(knownSettings, '')).not.toContain('${')
      }
      const loads = 1 + (entry.type === 'linux' ? entry.initrd.length : 0)
      expect(text.match(/^(kernel|initrd) .* \|\| goto failed$/gm)).toHaveLength(loads)
    }),
    { numRuns: 500 },
  )
})

test('no title, path or argument breaks out of its line in PXELINUX', () => {
  const ours =
    /^(SERIAL 0 115200|UI menu\.c32|PROMPT 0|TIMEOUT \d+|MENU TITLE .*|MENU IMMEDIATE|LABEL odd|DEFAULT odd| {2}(MENU LABEL .*|MENU DEFAULT|LINUX \S*|INITRD \S*|APPEND .*)|)$/
  fc.assert(
    fc.property(nasty, nastyEntry, fc.boolean(), (title, entry, isFixed) => {
      const host = isFixed ? hostWith('odd') : undefined
      const text = renderPxelinuxMenu(
        contextWith({ catalog: { ...catalog, title, entries: [entry] }, host }),
      )
      expect(text).not.toMatch(/[\r\0\v\f\t]/)
      for (const line of text.split('\n')) expect(line).toMatch(ours)
      expect(text.match(/^ {2}LINUX/gm)).toHaveLength(1)
      for (const label of text.match(/MENU (LABEL|TITLE) .*/g) ?? []) {
        expect(label.replace('[^', '[')).not.toContain('^')
      }
    }),
    { numRuns: 500 },
  )
})

describe('names under pxelinux.cfg/', () => {
  test.for([
    { path: 'pxelinux.cfg/default', name: { type: 'default' } },
    { path: 'pxelinux.cfg/01-52-54-00-12-34-56', name: { type: 'mac', mac } },
    { path: 'pxelinux.cfg/C0A83264', name: { type: 'address', digits: 'C0A83264' } },
    { path: 'pxelinux.cfg/C', name: { type: 'address', digits: 'C' } },
    {
      path: 'pxelinux.cfg/12345678-9abc-def0-1234-56789abcdef0',
      name: { type: 'uuid', uuid: '12345678-9abc-def0-1234-56789abcdef0' },
    },
    { path: 'pxelinux.cfg/20-52-54-00-12-34-56', name: undefined },
    { path: 'pxelinux.cfg/01-52-54-00-12-34', name: undefined },
    { path: 'pxelinux.cfg/graphics.conf', name: undefined },
    { path: 'default', name: undefined },
  ])('$path', ({ path, name }) => {
    expect(parsePxelinuxName(path)).toEqual(name)
  })

  test('are asked for in this order', () => {
    const uuid = '12345678-9ABC-def0-1234-56789abcdef0'
    const names = pxelinuxSearch({ uuid, mac, address: parseIpv4('10.0.2.91')! })
    expect(names.map((name) => name.replace('pxelinux.cfg/', ''))).toEqual([
      '12345678-9abc-def0-1234-56789abcdef0',
      '01-52-54-00-12-34-56',
      '0A00025B', '0A00025', '0A0002', '0A000', '0A00', '0A0', '0A', '0',
      'default',
    ]) // prettier-ignore
    expect(names.every((name) => parsePxelinuxName(name) !== undefined)).toBe(true)
    expect(pxelinuxSearch({})).toEqual(['pxelinux.cfg/default'])
  })
})
