import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIpv4, parseMac } from '../../../src/core/address.ts'
import type { BootEntry, Catalog, Entry, Lock } from '../../../src/boot/menu/catalog.ts'
import type { Host } from '../../../src/boot/host.ts'
import { argumentWords } from '../../../src/boot/menu/grub-script.ts'
import {
  type MenuContext,
  argumentsOf,
  kernelArguments,
  plainText,
} from '../../../src/boot/menu/menu.ts'
import { renderGrubMenu, renderGrubStart } from '../../../src/boot/menu/menu-grub.ts'
import {
  renderAutoexec,
  renderIpxeMenu,
  renderIpxeOpened,
  renderIpxeWho,
  renderTramp,
} from '../../../src/boot/menu/menu-ipxe.ts'
import { renderPxelinuxMenu } from '../../../src/boot/menu/menu-pxelinux.ts'
import { parsePxelinuxName, pxelinuxSearch } from '../../../src/boot/menu/pxelinux-names.ts'

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

const lock: Lock = {
  crypt: `$6$salt$${'a'.repeat(86)}`,
  pbkdf2: `grub.pbkdf2.sha512.10000.${'AB'.repeat(64)}.${'CD'.repeat(64)}`,
}

function linux(name: string, about: Partial<BootEntry> = {}): Entry {
  const files = { kernel: `${name}/vmlinuz`, initrd: [], args: '' }
  return { title: name.toUpperCase(), ...about, name, type: 'linux', ...files }
}

/** A menu whose first entry asks for this password. */
function lockedBy(own: Lock): MenuContext {
  const entries = [linux('install', { lock: own }), ...catalog.entries]
  return contextWith({ catalog: { ...grouped, entries } })
}

/** A group in a group, one that asks for a password, and an entry that does. */
const grouped: Catalog = {
  title: 'Lab boot menu',
  timeout: 20,
  default: 'debian',
  entries: [
    {
      type: 'group',
      name: 'systems',
      title: 'Systems',
      key: 's',
      entries: [
        linux('photon', { key: 'p' }),
        { type: 'group', name: 'older', title: 'Older ones', entries: [linux('debian')] },
      ],
    },
    {
      type: 'group',
      name: 'tools',
      title: 'Tools',
      lock,
      entries: [linux('wipe', { key: 'w' }), { type: 'memtest', name: 'memtest', title: 'Memory' }],
    },
    linux('install', { lock }),
    { type: 'disk', name: 'disk', title: 'Local disk', key: 'd' },
  ],
}

function contextWith(context: Partial<MenuContext> = {}): MenuContext {
  return {
    catalog,
    url,
    trampUrl,
    loaders: new Set([
      'ipxe.lkrn',
      'undionly.kpxe',
      'vesamenu.c32',
      'libcom32.c32',
      'memtest64',
      'memtest64.efi',
    ]),
    architecture: 'x64',
    variables: { server: url, network: '' },
    mac,
    ...context,
  }
}

function hostWith(boot: string, loader: Host['loader'] = 'auto'): Host {
  return { name: 'web-01', mac, boot, loader }
}

const fixtures = '../../fixtures/menus'

describe('golden menus', () => {
  test.for([
    { name: 'menu', context: contextWith() },
    { name: 'fixed-tinyvm', context: contextWith({ host: hostWith('tinyvm') }) },
    { name: 'fixed-disk', context: contextWith({ host: hostWith('disk') }) },
    { name: 'fixed-autodeploy', context: contextWith({ host: hostWith('autodeploy') }) },
    { name: 'menu-undionly', context: contextWith({ host: hostWith('menu', 'undionly') }) },
    { name: 'menu-without-mirror', context: contextWith({ trampUrl: undefined }) },
    { name: 'groups', context: contextWith({ catalog: grouped }) },
    {
      name: 'graphical',
      context: contextWith({ catalog: { ...catalog, graphical: true, background: 'lab.png' } }),
    },
  ])('$name', async ({ name, context }) => {
    await expect(renderPxelinuxMenu(context)).toMatchFileSnapshot(`${fixtures}/${name}.cfg`)
    await expect(renderIpxeMenu(context)).toMatchFileSnapshot(`${fixtures}/${name}.ipxe`)
    await expect(renderGrubMenu(context)).toMatchFileSnapshot(`${fixtures}/${name}.grub.cfg`)
  })

  test.for(['tools', 'install'])('%s, when its password was right', async (name) => {
    const script = renderIpxeOpened(name, contextWith({ catalog: grouped }))
    await expect(script).toMatchFileSnapshot(`${fixtures}/opened-${name}.ipxe`)
  })

  test('the small scripts', async () => {
    await expect(renderAutoexec(url)).toMatchFileSnapshot(`${fixtures}/autoexec.ipxe`)
    await expect(renderGrubStart(url)).toMatchFileSnapshot(`${fixtures}/start.grub.cfg`)
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

function grubLines(text: string): string[] {
  return [...text.matchAll(/(?:menuentry|submenu) '(\[[^']*)'/g)].map((match) => match[1] ?? '')
}

test('all menus show the same lines in the same order; the command line is iPXE’s alone', () => {
  const ipxe = ipxeLines(renderIpxeMenu(contextWith()))
  expect(ipxe).toEqual([
    '[r] Rescue system',
    '[1] TinyVM',
    '[a] vSphere Auto Deploy',
    '[d] Local disk',
    '[s] iPXE command line',
  ])
  expect(pxelinuxLines(renderPxelinuxMenu(contextWith()))).toEqual(ipxe.slice(0, 4))
  const loaders = new Set(['snponly64.efi.vmw-hardwired'])
  expect(grubLines(renderGrubMenu(contextWith({ loaders })))).toEqual(ipxe.slice(0, 4))
})

describe('groups', () => {
  const context = contextWith({ catalog: grouped })

  test('are menus of their own, and each has its keys', () => {
    expect(pxelinuxLines(renderPxelinuxMenu(context))).toEqual([
      '[s] Systems', '[p] PHOTON', '[1] Older ones', '[1] DEBIAN', 'Back', 'Back',
      '[1] Tools', '[w] WIPE', '[1] Memory', 'Back', '[2] INSTALL', '[d] Local disk',
    ]) // prettier-ignore
    expect(grubLines(renderGrubMenu(context))).toEqual([
      '[s] Systems', '[p] PHOTON', '[1] Older ones', '[1] DEBIAN',
      '[1] Tools (user: tools)', '[w] WIPE', '[1] Memory', '[2] INSTALL (user: install)',
      '[d] Local disk',
    ]) // prettier-ignore
  })

  test('with a default in them open first, and only there the time runs', () => {
    expect(renderIpxeMenu(context)).toContain(':back\ngoto menu_older\n')
    expect(renderIpxeMenu(context).match(/--timeout 20000/g)).toHaveLength(1)
    const pxelinux = renderPxelinuxMenu(context)
    expect(pxelinux).toMatch(/MENU BEGIN older\n(.*\n)*? {2}MENU START\n/)
    expect(pxelinux.match(/TIMEOUT 200/g)).toHaveLength(1)
    expect(pxelinux.trimEnd().split('\n').at(-1)).toBe('TIMEOUT 0')
    expect(renderGrubMenu(context)).toContain("set default='systems>older>debian'")
  })

  test('with nothing in them for this machine are not shown', () => {
    const other = { ...context, architecture: 'arm64' } as const
    expect(grubLines(renderGrubMenu(other))).toEqual(['[d] Local disk'])
    expect(ipxeLines(renderIpxeMenu(other))).toEqual(['[d] Local disk'])
  })

  test('a host boots an entry of any depth, and one with a password without being asked', () => {
    for (const name of ['debian', 'wipe', 'install']) {
      const own = { ...context, host: hostWith(name) }
      expect(renderPxelinuxMenu(own)).toContain(`DEFAULT ${name}\n`)
      expect(renderIpxeMenu(own)).toMatch(new RegExp(`#!ipxe\n:boot_${name}\n`))
      expect(renderGrubMenu(own)).toMatch(
        new RegExp(`^set found=1\nset again=1\nlinux .*/${name}/vmlinuz'\n`),
      )
      for (const text of [renderPxelinuxMenu(own), renderIpxeMenu(own), renderGrubMenu(own)]) {
        expect(text).not.toMatch(/passw|login/i)
      }
    }
  })
})

describe('passwords', () => {
  const context = contextWith({ catalog: grouped })

  test('iPXE is not told what it may not boot, nor any hash', () => {
    const text = renderIpxeMenu(context)
    expect(text).not.toMatch(/wipe|install\/vmlinuz|\$6\$|pbkdf2/)
    expect(text.match(/^login \|\| goto menu_$/gm)).toHaveLength(2)
    expect(renderIpxeOpened('tools', context)).toContain('wipe/vmlinuz')
    expect(renderIpxeOpened('install', context)).toContain('install/vmlinuz')
    expect(renderIpxeOpened('nothing', context)).toBeUndefined()
  })

  test('PXELINUX lets nobody round its menu', () => {
    const text = renderPxelinuxMenu(context)
    expect(text.match(/MENU PASSWD \$6\$/g)).toHaveLength(2)
    expect(text).toContain('NOESCAPE 1\nALLOWOPTIONS 0\n')
    expect(renderPxelinuxMenu(contextWith())).not.toContain('ALLOWOPTIONS')
  })

  test('GRUB has a user for each, and everything else is for everybody but not to be edited', () => {
    const text = renderGrubMenu(context)
    expect(text).toContain("set superusers='..'\nexport superusers\npassword_pbkdf2 'tools' 'grub.")
    for (const line of text.match(/(menuentry|submenu) .*/g) ?? []) {
      expect(line).toMatch(/--unrestricted|--users=/)
    }
    expect(renderGrubMenu(contextWith())).not.toContain('superusers')
  })

  test('iPXE’s command line is nobody’s way round, unless a host is to have it', () => {
    const entries = [linux('install', { lock }), ...catalog.entries]
    const locked = (host?: Host) => contextWith({ catalog: { ...catalog, entries }, host })
    expect(renderIpxeMenu(contextWith())).toMatch(/^shell/m)
    expect(renderIpxeMenu(locked())).not.toMatch(/^shell/m)
    expect(renderIpxeMenu(locked(hostWith('tinyvm')))).not.toMatch(/&& shell/)
    expect(renderIpxeMenu(locked(hostWith('shell')))).toMatch(/^shell/m)
  })

  test('nor is a menu that does not show the entry, or a host that sees no menu', () => {
    expect(renderGrubMenu(lockedBy({ crypt: lock.crypt }))).toContain("set superusers='..'")
    expect(renderPxelinuxMenu(lockedBy({ pbkdf2: lock.pbkdf2 }))).toContain('NOESCAPE 1')
    const fixed = contextWith({ catalog: grouped, host: hostWith('disk') })
    expect(renderPxelinuxMenu(fixed)).toContain('NOESCAPE 1\nALLOWOPTIONS 0\nIMPLICIT 0\n')
  })

  test('what a menu cannot ask for it does not show', () => {
    expect(renderGrubMenu(lockedBy({ crypt: lock.crypt }))).not.toContain('install')
    expect(renderPxelinuxMenu(lockedBy({ pbkdf2: lock.pbkdf2 }))).not.toContain('install')
    expect(renderIpxeMenu(lockedBy({ pbkdf2: lock.pbkdf2 }))).toContain('install')
  })

  test('where everything asks for one, nothing starts by itself', () => {
    const entries = [linux('install', { lock })]
    const locked = contextWith({ catalog: { ...grouped, entries } })
    expect(renderPxelinuxMenu(locked)).toContain('TIMEOUT 0')
    expect(renderIpxeMenu(locked)).not.toContain('--timeout 20000')
    expect(renderGrubMenu(locked)).toContain('unset timeout')
  })
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
  const same = { type: 'linux', kernel: 'k', initrd: [], args: '' } as const
  const entries: readonly Entry[] = [
    { ...same, name: 'tiny', title: 'Tiny x64', arch: ['x64'], kernel: 'k-x64' },
    { ...same, name: 'tiny', title: 'Tiny arm64', arch: ['arm64'], kernel: 'k-arm64' },
    { ...same, name: 'any', title: 'Any x86' },
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
    const needy: Entry = { ...same, name: 'x', title: 'Needy', needs: ['boot/x/vmlinuz'] }
    const own = { catalog: { ...catalog, entries: [needy] } }
    expect(shown(own)).toEqual(['[1] Local disk'])
    expect(shown({ ...own, loaders: new Set(['boot/x/vmlinuz']) })).toEqual(['[1] Needy'])
  })
})

describe('an entry that can install', () => {
  const entry: Entry = {
    type: 'linux',
    name: 'photon',
    title: 'Photon',
    kernel: 'boot/photon/isolinux/vmlinuz',
    initrd: ['boot/photon/isolinux/initrd.img'],
    args: 'repo=${image}/RPMS ks=${answers}',
    install: 'repo=${image}/RPMS ks=${answers}/ks.json',
  }
  const own = contextWith({ catalog: { ...catalog, entries: [entry, ...catalog.entries] } })
  const armed = { ...hostWith('photon'), answers: '/ks/secret' }
  const renderers = [renderPxelinuxMenu, renderIpxeMenu, renderGrubMenu]

  test('gets its install arguments where the host is to install by it', () => {
    for (const render of renderers) {
      const menu = render({ ...own, host: armed })
      expect(menu).toContain(`repo=${url}/boot/photon/RPMS`)
      expect(menu).toContain(`ks=${url}/ks/secret/ks.json`)
    }
  })

  test('gets its ordinary arguments everywhere else, without the way to the answers', () => {
    const hosts = [
      undefined,
      hostWith('photon'),
      { ...armed, boot: 'menu' },
      { ...armed, boot: 'x' },
    ]
    for (const render of renderers) {
      for (const host of hosts) {
        const menu = render({ ...own, host })
        expect(menu).not.toContain('secret')
        expect(menu).toMatch(new RegExp(`repo=${url}/boot/photon/RPMS'? '?ks='?( \\|\\|.*)?$`, 'm'))
      }
    }
  })

  test('outside of images there is no folder of an image', () => {
    const context = { ...own, host: armed }
    expect(argumentsOf({ ...entry, kernel: 'http://elsewhere/boot/x/vmlinuz' }, context)).toBe(
      `repo=/RPMS ks=${url}/ks/secret/ks.json`,
    )
    expect(argumentsOf({ ...entry, kernel: 'boot/vmlinuz' }, context)).toContain('repo=/RPMS')
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
  'goto', 'echo', 'prompt', 'exit', 'sanboot', 'shell', 'chain', 'login', '#!ipxe',
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

const knownSettings =
  /\$\{(platform|buildarch|netX\/chip|netX\/mac|problem|selected|nothing|password)\}/g

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

/** What is left of a GRUB script when all that stands in quotes is taken out; by its lexer’s rules. */
function grubSkeleton(text: string): string {
  return text.replaceAll(/'[^']*'|"[^"\\]*"|\\'/g, 'Q')
}

test('no title, path or argument breaks out of its quotes in GRUB', () => {
  const command =
    /^(set (default|again|found)=\S+|(un)?set timeout(=\d+)?|menuentry Q+( --hotkey=\w)? --id=Q --unrestricted \{|\}|linux( Q+)+|initrd( Q+)+|boot|echo Q|sleep 10|)$/
  fc.assert(
    fc.property(nasty, nastyEntry, fc.boolean(), (title, entry, isFixed) => {
      const host = isFixed ? hostWith('odd') : undefined
      const own = { ...catalog, title, entries: [entry] }
      const text = renderGrubMenu(contextWith({ catalog: own, host }))
      if (!text.includes('odd')) return // https:// is beyond GRUB
      for (const line of grubSkeleton(text).split('\n')) expect(line.trim()).toMatch(command)
    }),
    { numRuns: 500 },
  )
})

test('GRUB gets arguments one by one, as the kernel will read them', () => {
  expect(argumentWords('a=b  c="d e" "f g"h x"')).toEqual(['a=b', 'c=d e', 'f gh', 'x'])
  expect(argumentWords('')).toEqual([])
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
