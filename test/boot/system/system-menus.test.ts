/** Entries of images in the three menus: what of their arguments a loader might read itself. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parseMac } from '../../../src/core/address.ts'
import type { BootEntry } from '../../../src/boot/menu/catalog.ts'
import type { MenuContext } from '../../../src/boot/menu/menu.ts'
import { renderGrubMenu } from '../../../src/boot/menu/menu-grub.ts'
import { renderIpxeMenu } from '../../../src/boot/menu/menu-ipxe.ts'
import { renderPxelinuxMenu } from '../../../src/boot/menu/menu-pxelinux.ts'
import { systemOf } from '../../../src/boot/system/systems.ts'

const url = 'http://192.168.50.1'
const mac = parseMac('52:54:00:12:34:56')!

function contextOf(entry: BootEntry, host?: { readonly answers: string }): MenuContext {
  return {
    catalog: { title: 'Menu', timeout: 0, default: 'disk', entries: [entry] },
    url,
    loaders: new Set(['wimboot']),
    architecture: 'x64',
    variables: { server: url },
    mac,
    host: host && { name: 'web-01', mac, boot: entry.name, loader: 'auto', ...host },
  }
}

function ubuntu(): BootEntry {
  const facts = { id: 'ubuntu', version: '24.04', label: '', name: 'it', isDisc: true, discSize: 1 }
  const [boot] = systemOf('ubuntu')?.boots({ ...facts, has: () => false }) ?? []
  const { args = '', install } = boot ?? {}
  const files = { kernel: 'boot/it/casper/vmlinuz', initrd: ['boot/it/casper/initrd'] }
  return { type: 'linux', name: 'it', title: 'Ubuntu', ...files, args, install }
}

const line =
  'ip=dhcp BOOTIF=01-52-54-00-12-34-56 url=http://192.168.50.1/boot/it/disc.iso ' +
  'cloud-config-url=/dev/null autoinstall ds=nocloud-net;s=http://192.168.50.1/ks/0123/'

test('a semicolon reaches the kernel by PXELINUX and iPXE as it is, by GRUB in quotes', () => {
  const context = contextOf(ubuntu(), { answers: '/ks/0123' })
  expect(renderPxelinuxMenu(context, '')).toContain(`  APPEND ${line}\n`)
  expect(renderIpxeMenu(context)).toContain(
    `kernel ${url}/boot/it/casper/vmlinuz initrd=initrd0 ${line} || goto failed\n`,
  )
  const linux = /linux .*/.exec(renderGrubMenu(context))?.[0] ?? ''
  expect(linux).toContain(`'ds=nocloud-net;s=${url}/ks/0123/'`)
  // Single quotes are those of any shell.
  const words = linux.replace(/^linux \S+ /, '')
  expect(execFileSync('sh', ['-c', `printf '%s ' ${words}`], { encoding: 'utf8' }).trim()).toBe(
    line,
  )
})

test('a machine that nobody knows gets no card named, and no answers', () => {
  const { mac: _mac, ...context } = contextOf(ubuntu())
  expect(renderPxelinuxMenu(context, '')).toContain(
    '  APPEND ip=dhcp url=http://192.168.50.1/boot/it/disc.iso cloud-config-url=/dev/null\n',
  )
})

const windows: BootEntry = {
  type: 'wimboot',
  name: 'it',
  title: 'Windows',
  arch: ['x64'],
  needs: ['wimboot'],
  program: 'wimboot',
  files: { bcd: 'boot/it/boot/bcd', 'boot.wim': 'boot/it/sources/boot.wim' },
  archive: 'boot/it/windows.cpio',
}

test('Windows by iPXE has its files by name, by PXELINUX on BIOS as one initrd', () => {
  const context = contextOf(windows)
  expect(renderIpxeMenu(context)).toContain(
    [
      `kernel ${url}/wimboot || goto failed`,
      'set problem Could not load boot/it/boot/bcd',
      `initrd --name bcd ${url}/boot/it/boot/bcd || goto failed`,
      'set problem Could not load boot/it/sources/boot.wim',
      `initrd --name boot.wim ${url}/boot/it/sources/boot.wim || goto failed`,
    ].join('\n'),
  )
  expect(renderPxelinuxMenu(context, '')).toContain(
    '  LINUX wimboot\n  INITRD boot/it/windows.cpio\n',
  )
})

test('where Windows cannot start it is not shown', () => {
  const context = contextOf(windows)
  expect(renderPxelinuxMenu(context, 'efi64/')).not.toContain('windows.cpio')
  expect(renderGrubMenu(context)).not.toContain('Windows')
  const without = { ...context, loaders: new Set<string>() }
  expect(renderIpxeMenu(without)).not.toContain('wimboot')
})
