import { describe, expect, test } from 'vitest'
import { identifyMachine } from '../../src/boot/machine.ts'
import { dhcpOption } from '../../src/wire/dhcp/dhcp-options.ts'
import { captured, message, withOption } from '../support/dhcp-messages.ts'
import { hex } from '../support/hex.ts'

describe('who asks', () => {
  test.for([
    ['edk2-x64-pxe-discover', 'firmware', 'uefi-x64', false, false],
    ['edk2-x64-http-discover', 'firmware', 'uefi-x64', true, false],
    ['edk2-x64-4011-request', 'firmware', 'uefi-x64', false, false],
    ['intel-discover', 'firmware', 'bios', false, false],
    ['ipxe-bios-discover', 'ipxe', 'bios', false, true],
    ['ipxe-efi-discover', 'ipxe', 'uefi-x64', false, true],
    ['ipxe-bios-4011-request', 'ipxe', 'bios', false, true],
    ['edk2-x64-http-request', 'firmware', 'uefi-x64', true, false],
    ['ipxe-2025-bios-discover', 'ipxe', 'bios', false, true],
    ['ipxe-2025-bios-request', 'ipxe', 'bios', false, true],
    ['ipxe-2025-efi-discover', 'ipxe', 'uefi-x64', false, true],
    ['ipxe-2025-efi-after-pxe-discover', 'ipxe', 'uefi-x64', false, true],
    ['ipxe-2025-efi-after-pxe-request', 'ipxe', 'uefi-x64', false, true],
    ['udhcpc-discover', 'system', undefined, false, false],
    ['udhcpc-tinyvm-request', 'system', undefined, false, false],
  ] as const)('%s', ([name, stage, firmware, isHttpBoot, isIpxeHttp]) => {
    const machine = identifyMachine(captured(name))
    expect(machine).toMatchObject({ stage, httpBoot: isHttpBoot, ipxeHttp: isIpxeHttp })
    expect(machine.architecture?.firmware).toBe(firmware)
  })

  test('the UUID is mixed-endian', () => {
    expect(identifyMachine(captured('intel-discover')).uuid).toBe(
      '03000200-0400-0500-0006-000700080009',
    )
    for (const name of ['ipxe-2025-bios-discover', 'ipxe-2025-efi-discover']) {
      expect(identifyMachine(captured(name)).uuid).toBe('b0071ace-0000-4000-8000-525400b00701')
    }
  })

  test('what a later stage does not say is kept from before', () => {
    const before = identifyMachine(captured('edk2-x64-pxe-discover'))
    const system = identifyMachine(captured('udhcpc-discover'), before)
    expect(system.stage).toBe('system')
    expect(system.architecture?.firmware).toBe('uefi-x64')
    expect(system.uuid).toBe('00000000-0000-0000-0000-000000000000')
  })
})

describe('iPXE', () => {
  const plain = message('discover', { vendorClass: 'PXEClient' })

  test.for([
    ['bare', '69505845'],
    ['counted', '0469505845'],
  ] as const)('%s user class', ([, digits]) => {
    const machine = identifyMachine(withOption(plain, dhcpOption.userClass, hex(digits)))
    expect(machine).toMatchObject({ stage: 'ipxe', ipxeHttp: true })
  })

  test('by option 175 alone (Mellanox FlexBoot); a build without HTTP is known', () => {
    const machine = identifyMachine(withOption(plain, dhcpOption.ipxe, hex('150101')))
    expect(machine).toMatchObject({ stage: 'ipxe', ipxeHttp: false })
  })

  test.for(['', '150101 1301', 'b105'])(
    'a list of features that cannot be read (%j) forbids nothing',
    (list) => {
      const machine = identifyMachine(withOption(plain, dhcpOption.ipxe, hex(list)))
      expect(machine).toMatchObject({ stage: 'ipxe', ipxeHttp: true })
    },
  )

  test('another user class is no iPXE', () => {
    expect(identifyMachine(withOption(plain, dhcpOption.userClass, hex('78'))).stage).toBe(
      'firmware',
    )
  })
})

describe('no Ethernet address', () => {
  test('the client id may hold one', () => {
    const request = message('discover', { hlen: 0, clientId: hex('01525400abcdef') })
    expect(identifyMachine(request).mac).toBe('52:54:00:ab:cd:ef')
  })

  test('else the first six octets serve', () => {
    expect(identifyMachine(message('discover', { hlen: 16 })).mac).toBe('52:54:00:00:00:01')
  })

  test('a type of option 97 that does not exist says nothing', () => {
    const odd = withOption(message('discover'), dhcpOption.machineId, hex('01'.repeat(17)))
    expect(identifyMachine(odd).uuid).toBeUndefined()
  })
})
