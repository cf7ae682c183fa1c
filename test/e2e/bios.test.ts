/** BIOS machines whose card has an ordinary PXE ROM: PXELINUX, by TFTP and by HTTP. */
import { expect, test } from 'vitest'
import { boot, deliveries, eventsOf, sawMenu } from './lab-boot.ts'

test('PXELINUX shows its menu and starts the default, all by TFTP', async () => {
  const result = await boot('bios-pxelinux-menu', { firmware: 'bios', loader: 'pxelinux' })
  expect(sawMenu(result)).toBe(true)
  expect(deliveries(result)).toEqual(
    expect.arrayContaining(['tftp pxelinux.0', 'tftp menu.c32', 'tftp boot/tinyvm/vmlinuz']),
  )
  expect(eventsOf(result, 'http.done').filter(({ file }) => file !== '/api/report')).toEqual([])
})

test('lpxelinux takes everything after itself by HTTP, and a key press decides', async () => {
  const result = await boot('bios-lpxelinux-keys', {
    firmware: 'bios',
    config: { menu: { title: 'Bootlace lab', timeout: '60s', default: 'disk' } },
    keys: ['t'],
  })
  expect(sawMenu(result)).toBe(true)
  expect(deliveries(result)).toEqual(
    expect.arrayContaining([
      'tftp lpxelinux.0',
      'http ldlinux.c32',
      'http menu.c32',
      'http boot/tinyvm/vmlinuz',
      'http boot/tinyvm/initrd',
    ]),
  )
  expect(eventsOf(result, 'tftp.done')).toHaveLength(1)
})

test('a host with a fixed choice sees no menu; 192 MB of memory are enough', async () => {
  const result = await boot('bios-fixed-192', { firmware: 'bios', boot: 'tinyvm', memory: 192 })
  expect(sawMenu(result)).toBe(false)
  expect(deliveries(result)).not.toContain('http menu.c32')
  expect(eventsOf(result, 'menu.served').map(({ entry }) => entry)).toContain('tinyvm')
})
