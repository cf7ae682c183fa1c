/**
 * The same entry in each of the three menus: in a group in a group, behind a password that is asked
 * for. `geheim7` is the password; its hashes are what `hash-password` printed.
 */
import { expect, test } from 'vitest'
import type { LabResult } from '../../src/lab/boot-run.ts'
import type { LabOptions } from '../../src/lab/lab.ts'
import { cryptHash, grubHash } from '../../src/io/password-hash.ts'
import { deliveries, eventsOf } from './lab-boot.ts'
import { type MenuStep, walkMenus } from './menu-walk.ts'

const password = ['g', 'e', 'h', 'e', 'i', 'm', '7', 'ret']

async function walk(
  options: Pick<LabOptions, 'firmware' | 'loader'>,
  steps: readonly MenuStep[],
): Promise<LabResult> {
  const wipe = {
    name: 'wipe',
    title: 'Wipe all disks',
    key: 'w',
    kernel: 'boot/tinyvm/vmlinuz',
    initrd: ['boot/tinyvm/initrd'],
    args: 'bootlace=${server} console=tty0 console=ttyS0,115200 quiet',
    password: [cryptHash('geheim7'), await grubHash('geheim7')],
  }
  const inner = { name: 'dangerous', title: 'Dangerous things', key: 'x', entries: [wipe] }
  const outer = { name: 'tools', title: 'Tools', key: 'g', entries: [inner] }
  const menu = { title: 'Bootlace lab', timeout: '0s', default: 'disk', entries: [outer] }
  return await walkMenus({ ...options, boot: 'menu', config: { menu } }, steps)
}

test('PXELINUX asks by itself', async () => {
  const result = await walk({ firmware: 'bios', loader: 'pxelinux' }, [
    // Here a group's hotkey only moves the bar.
    { sees: 'Tools', keys: ['g', 'ret'] },
    { sees: 'Dangerous things', keys: ['x', 'ret'] },
    { sees: 'Wipe all disks', keys: ['w'] },
    { sees: 'Password required', keys: password },
  ])
  expect(deliveries(result)).toContain('tftp boot/tinyvm/vmlinuz')
})

test('iPXE asks us, after a wrong password once more', async () => {
  const result = await walk({ firmware: 'ipxe' }, [
    { sees: 'Tools', keys: ['g'] },
    { sees: 'Dangerous things', keys: ['x'] },
    { sees: 'Wipe all disks', keys: ['w'] },
    { sees: 'Username', keys: ['tab', 'x', 'ret'] },
    // Any key leads back to the menu, which tells why.
    { sees: 'The password was not accepted', keys: ['spc'] },
    { sees: 'Last try', keys: ['g'] },
    { sees: 'Dangerous things', keys: ['x'] },
    { sees: 'Wipe all disks', keys: ['w'] },
    { sees: 'Username', keys: ['tab', ...password] },
  ])
  expect(eventsOf(result, 'menu.refused', 'menu.opened')).toMatchObject([
    { type: 'menu.refused', entry: 'wipe', reason: 'wrong password' },
    { type: 'menu.opened', entry: 'wipe' },
  ])
  expect(JSON.stringify(result.steps)).not.toContain('geheim')
})

test('GRUB asks by itself, for a user, too', async () => {
  const result = await walk({ firmware: 'uefi', loader: 'grub' }, [
    { sees: 'Tools', keys: ['g'] },
    { sees: 'Dangerous things', keys: ['x'] },
    { sees: 'Wipe all disks', keys: ['w'] },
    { sees: 'Enter username', keys: ['w', 'i', 'p', 'e', 'ret'] },
    { sees: 'Enter password', keys: password },
  ])
  expect(deliveries(result)).toContain('http boot/tinyvm/vmlinuz')
})
