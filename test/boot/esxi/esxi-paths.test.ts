import { describe, expect, test } from 'vitest'
import { parseMac } from '../../../src/core/address.ts'
import { esxiPath, machineFolder } from '../../../src/boot/esxi/esxi-paths.ts'

const mac = parseMac('52:54:00:12:34:56')!

describe('in the folder of an image mboot asks for', () => {
  test.for([
    ['mboot.efi', { type: 'file', path: 'efi/boot/bootx64.efi' }],
    ['MBOOT.EFI', { type: 'file', path: 'efi/boot/bootx64.efi' }],
    ['crypto64.efi', { type: 'file', path: 'efi/boot/crypto64.efi' }],
    ['safeboot.efi', { type: 'file', path: 'efi/boot/safeboot.efi' }],
    ['boot.cfg', { type: 'boot.cfg' }],
    ['BOOT.CFG', { type: 'boot.cfg' }],
    ['efi/boot/boot.cfg', { type: 'boot.cfg' }],
    ['01-52-54-00-12-34-56/boot.cfg', { type: 'boot.cfg', mac }],
    ['EFI/BOOT/01-52-54-00-12-34-56/BOOT.CFG', { type: 'boot.cfg', mac }],
    ['01-52-54-00-12-34-56/pxelinux.cfg', { type: 'pxelinux.cfg', mac }],
  ] as const)('%s', ([path, asked]) => {
    expect(esxiPath(path)).toEqual(asked)
  })

  test.for([
    '', 'b.b00', 's.v00', 'efi/boot/bootx64.efi', 'efi/boot/crypto64.efi', 'mboot.c32', 'upgrade/boot.cfg',
    '06-52-54-00-12-34-56/boot.cfg', '01-52:54:00:12:34:56/boot.cfg', '01-52-54-00-12-34/boot.cfg',
    '01-52-54-00-12-34-56/b.b00', 'constructor', '__proto__',
  ])('%s is as it lies on the disc', (path) => {
    expect(esxiPath(path)).toBeUndefined()
  }) // prettier-ignore
})

test('the folder of a machine is the one that mboot asks for', () => {
  expect(machineFolder(mac)).toBe('01-52-54-00-12-34-56')
})
