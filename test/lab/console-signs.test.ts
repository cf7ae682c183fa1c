import { expect, test } from 'vitest'
import { readSigns } from '../../src/lab/console-signs.ts'

const refused =
  'BdsDxe: failed to load Boot0001 "UEFI PXEv4 (MAC:525400B00701)" from PciRoot(0x0): Access Denied\n'

test('a boot that goes well shows no sign', () => {
  const console =
    '>>Start PXE over IPv4.\n  Station IP address is 192.168.50.100\nWelcome to GRUB!\n'
  expect(readSigns(console)).toEqual({ end: undefined, hints: [] })
})

test('a refused boot program is a hint: the next boot entry may get another', () => {
  expect(readSigns(refused)).toEqual({
    end: undefined,
    hints: ['Secure Boot refused its boot program: no key vouches for it'],
  })
})

test('a first boot entry that fails is no end, in the firmware’s own words', () => {
  const { end, hints } = readSigns(
    'PXE-E18: Server response timeout.\r\n>>Start HTTP Boot over IPv4',
  )
  expect(end).toBeUndefined()
  expect(hints).toEqual(['its firmware says: PXE-E18: Server response timeout.'])
})

test.for([
  [`${refused}BdsDxe: Press any key to enter the Boot Manager Menu.\n`, 'its boot manager waits'],
  ['BdsDxe: starting Boot0000 "UiApp" from Fv(7CB8BDC9)', 'it ended in its setup screens'],
  ['UEFI Interactive Shell v2.2\nShell> ', 'it ended in the UEFI shell'],
  ['GNU GRUB  version 2.12\n\ngrub> ', 'GRUB found no menu'],
  ['error: unknown filesystem.\ngrub rescue> ', 'GRUB found no menu'],
  ['Booting from Hard Disk...\nNo bootable device.\n', 'nothing more to boot from'],
  ['[    1.2] Kernel panic - not syncing: No init found', 'the kernel panicked'],
] as const)('%j is an end', ([console, says]) => {
  expect(readSigns(console).end).toContain(says)
})

test('a prompt in the middle of a line is only talk', () => {
  expect(readSigns('press e for the grub> prompt, or use the Shell> later').end).toBeUndefined()
})
