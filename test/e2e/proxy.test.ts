/** Beside somebody else's DHCP server, a real dnsmasq that gives addresses and nothing else. */
import { expect, test } from 'vitest'
import { boot, deliveries, eventsOf } from './lab-boot.ts'

const never = ['dhcp.offer', 'dhcp.ack', 'dhcp.nak'] as const

test.for([
  { name: 'BIOS by lpxelinux', firmware: 'bios', loader: 'tftp lpxelinux.0' },
  { name: 'BIOS by an iPXE ROM', firmware: 'ipxe', loader: undefined },
  { name: 'UEFI by snponly', firmware: 'uefi', loader: 'tftp snponly.efi' },
] as const)('$name boots, and Bootlace gives no address', async ({ firmware, loader }) => {
  const result = await boot(`proxy-${firmware}`, { firmware, mode: 'proxy', boot: 'tinyvm' })
  expect(eventsOf(result, ...never)).toEqual([])
  expect(eventsOf(result, 'proxy.offer').length).toBeGreaterThan(0)
  if (loader !== undefined) expect(deliveries(result)).toContain(loader)
})
