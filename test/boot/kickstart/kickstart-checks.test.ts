import { expect, test } from 'vitest'
import { installers, isStrict } from '../../../src/boot/kickstart/installers.ts'
import { checkKickstart, hasErrors } from '../../../src/boot/kickstart/kickstart-checks.ts'
import { keysOf } from '../../../src/boot/kickstart/kickstart-keys.ts'
import { badKickstarts, withChange } from '../../support/bad-kickstarts.ts'

const strict = installers.filter(isStrict)

function errorsOf(value: unknown, installer: (typeof installers)[number]) {
  return checkKickstart(value, installer).filter(({ severity }) => severity === 'error')
}

function pathText(path: readonly (string | number)[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .slice(1)
}

function pathOf(text: string): (string | number)[] {
  const parts = text.split('.').flatMap((part) => part.split(/(?=\[)/))
  return parts.map((part) => (part.startsWith('[') ? Number(part.slice(1, -1)) : part))
}

test('there are at least a hundred bad ones, no two alike', () => {
  expect(badKickstarts.length).toBeGreaterThanOrEqual(150)
  expect(new Set(badKickstarts.map(({ name }) => name)).size).toBe(badKickstarts.length)
})

test.for(badKickstarts)('refuses $name', ({ installer, change, key, says }) => {
  const found = errorsOf(withChange(change), installer)
  expect(found).toContainEqual({
    severity: 'error',
    path: pathOf(key),
    says: expect.stringContaining(says),
  })
})

test.for(strict)('takes the good one that they are made of (%s)', (installer) => {
  expect(errorsOf(withChange({}), installer)).toEqual([])
})

test('tells everything at once', () => {
  const bad = { diskk: '/dev/sda', hostname: 'a b', bootmode: 'uefi', partitions: [{ size: '1' }] }
  const found = errorsOf(bad, '2.9').map(({ path }) => pathText(path))
  expect(found).toEqual([
    'diskk',
    'hostname',
    'bootmode',
    'partitions[0].size',
    'partitions[0].mountpoint',
    'disk',
    'partitions',
  ])
})

test('a password is never shown', () => {
  for (const password of ['ge:heim', { crypted: 'no', text: 'ge:heim' }, ['ge:heim']]) {
    const value = withChange({ password, shadow_password: 'ge:heim' })
    expect(JSON.stringify(checkKickstart(value, '2.7'))).not.toContain('heim')
  }
})

test.for([
  ['a password as it is typed', { password: { crypted: false, text: 'x' } }, 'stands in the file'],
  ['nobody who can log in', {}, 'nobody can log in'],
  ['a locked password beside a key', { public_key: 'ssh-rsa A' }, ''],
  ['no password and no key', { password: undefined }, 'nobody can log in'],
  ['text that is no hash', { password: { crypted: true, text: 'secret' } }, 'no password fits'],
  ['nothing to install', { packagelist_file: undefined }, 'little more than a kernel'],
  ['a script without its shell', { postinstall: ['true'] }, 'which shell'],
  ['a partition instead of a disk', { disk: '/dev/nvme0n1p1' }, 'the whole disk'],
  [
    'a slip inside of a partition',
    { partitions: [{ mountpoint: '/', size: 0, filesystem: 'ext4', mkfs_option: 'x' }] },
    'mkfs_options?',
  ],
  [
    'a key of later partitions',
    { partitions: [{ mountpoint: '/', size: 0, filesystem: 'ext4', readonly: true }] },
    'known from 2.8 on',
  ],
  [
    'a gateway elsewhere',
    {
      network: {
        type: 'static',
        ip_addr: '10.0.0.2',
        netmask: '255.255.255.0',
        gateway: '10.0.1.1',
      },
    },
    'outside of the network',
  ],
  ['a log level that is none', { log_level: 'loud' }, 'error, warning, info, debug'],
  ['true in quotes', { live: 'true' }, 'meant: true or false'],
] as const)('warns of %s', ([, change, says]) => {
  const findings = checkKickstart(withChange(change), '2.7')
  expect(hasErrors(findings)).toBe(false)
  expect(findings.map((one) => one.says).join('; ')).toContain(says)
  if (says === '') expect(findings).toEqual([])
})

test('no BIOS boots what 2.9 makes by default, and 2.8 makes both', () => {
  const value = withChange({ bootmode: undefined })
  expect(checkKickstart(value, '2.9').map(({ path }) => path[0])).toContain('bootmode')
  expect(checkKickstart(value, '2.8').map(({ path }) => path[0])).not.toContain('bootmode')
})

test('2.1 takes a hash for a variable', () => {
  const value = withChange({ password: { crypted: true, text: '$6$salt$hash' } })
  const said = strict.filter((installer) =>
    checkKickstart(value, installer).some((one) => one.says.includes('takes for a variable')),
  )
  expect(said).toEqual(['2.1'])
})

test('what a script fills in later is taken where the installer looks only then', () => {
  const change = {
    preinstall: ['#!/bin/sh', 'export DISK=/dev/sda'],
    disk: '$DISK',
    hostname: '$NAME',
    partitions: [{ mountpoint: '/', size: 0, filesystem: '$KIND' }],
  }
  expect(errorsOf(withChange(change), '2.7')).toEqual([])
  expect(errorsOf(withChange({ ...change, preinstall: undefined }), '2.7')).not.toEqual([])
  // 2.4 to 2.6 compare the word itself with a list.
  const flavor = { ...change, linux_flavor: '$KERNEL' }
  expect(errorsOf(withChange(flavor), '2.7')).toEqual([])
  expect(errorsOf(withChange(flavor), '2.5').map(({ path }) => path)).toEqual([['linux_flavor']])
})

test('plugins may know more', () => {
  const value = withChange({ plugins: ['example'], of_the_plugin: 1 })
  expect(errorsOf(value, '2.9')).toEqual([])
  expect(errorsOf(value, '2.8').map(({ path }) => path[0])).toEqual(['plugins', 'of_the_plugin'])
})

test('installers that check nothing ignore what they do not know', () => {
  const value = withChange({ type: 'minimal' })
  const found = checkKickstart(value, 'photon2.0')
  expect(hasErrors(found)).toBe(false)
  expect(found.map(({ path }) => path[0])).toEqual(['bootmode', 'packagelist_file', 'linux_flavor'])
  expect(hasErrors(checkKickstart(value, 'photon2.0', 'error'))).toBe(true)
})

test('as many keys as each installer lists itself', () => {
  // The four for one processor are added to those by the installers from 2.4 on.
  const counts = strict.map((installer) => keysOf(installer).length)
  expect(counts).toEqual([31, 29, 31, 31, 32, 32, 36, 36, 38, 45, 52, 55, 55])
})
