/** A UEFI machine in a network without any IPv4, from its firmware's first TFTP to its report. */
import { expect, test } from 'vitest'
import { boot, deliveries, eventsOf, sawMenu } from './lab-boot.ts'

test(
  'UEFI over IPv6: firmware by TFTP, iPXE by HTTP, and TinyVM reports',
  { timeout: 250_000 },
  async () => {
    const result = await boot('ipv6', {
      firmware: 'uefi',
      family: 'ipv6',
      config: { dhcp: { mode: 'off' } },
      until: /TINYVM-UP .*report=sent/,
      timeout: 240_000,
    })
    expect(deliveries(result)).toEqual([
      'tftp snponly.efi',
      'http menu.ipxe',
      'http boot/tinyvm/vmlinuz',
      'http boot/tinyvm/initrd',
    ])
    expect(sawMenu(result)).toBe(true)
    const about = eventsOf(result, 'tftp.done', 'menu.served', 'http.done', 'machine.up')
    expect(new Set(about.map(({ mac }) => mac))).toEqual(new Set(['52:54:00:b0:07:01']))
    for (const { ip } of about) expect(ip).toMatch(/^fd77:1::/)
    expect(eventsOf(result, 'machine.up')).toHaveLength(1)
  },
)
