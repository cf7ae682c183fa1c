/** BIOS machines whose card’s ROM is an iPXE, as in QEMU: its own menu script by HTTP. */
import { expect, test } from 'vitest'
import { boot, deliveries, eventsOf, sawMenu } from './lab-boot.ts'

test('the ROM shows the menu, and keys pick what is not the default', async () => {
  const result = await boot('ipxe-menu-keys', {
    firmware: 'ipxe',
    config: { menu: { title: 'Bootlace lab', timeout: '60s', default: 'disk' } },
    keys: ['up', 'up', 'ret'], // over the memory test, to TinyVM
  })
  expect(sawMenu(result)).toBe(true)
  expect(deliveries(result)).toEqual(
    expect.arrayContaining(['http boot/tinyvm/vmlinuz', 'http boot/tinyvm/initrd']),
  )
  expect(eventsOf(result, 'tftp.done')).toEqual([])
})

test('a host with a fixed choice goes straight from the lease to its kernel', async () => {
  const result = await boot('ipxe-fixed', { firmware: 'ipxe', boot: 'tinyvm' })
  expect(sawMenu(result)).toBe(false)
  const [offer, ack] = eventsOf(result, 'dhcp.offer', 'dhcp.ack')
  // No second look for a proxy: the answer says that there is none.
  expect(ack!.at - offer!.at).toBeLessThan(1000)
})
