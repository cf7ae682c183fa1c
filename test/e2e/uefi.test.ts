/** UEFI machines: snponly iPXE and its menu. HTTP boot is in the matrix. */
import { expect, test } from 'vitest'
import { boot, deliveries, eventsOf, sawMenu } from './lab-boot.ts'

test('PXE loads snponly iPXE, which shows the menu and starts the default', async () => {
  const result = await boot('uefi-menu', { firmware: 'uefi' })
  expect(sawMenu(result)).toBe(true)
  expect(deliveries(result)).toEqual(
    expect.arrayContaining(['tftp snponly.efi', 'http boot/tinyvm/vmlinuz']),
  )
  // The firmware asks for the size first and leaves: that is no failure.
  expect(eventsOf(result, 'tftp.probe').length).toBeGreaterThan(0)
  expect(eventsOf(result, 'tftp.abort')).toEqual([])
})

test('192 MB of memory are enough for a fixed choice', async () => {
  const result = await boot('uefi-fixed-192', { firmware: 'uefi', boot: 'tinyvm', memory: 192 })
  expect(sawMenu(result)).toBe(false)
})
