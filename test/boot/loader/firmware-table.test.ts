import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { quirks, unfit } from '../../../src/boot/loader/firmware-quirks.ts'
import { bootClients } from '../../../src/boot/loader/firmware-table.ts'
import { loaderNames } from '../../../src/boot/loader/loader-files.ts'
import { clientName } from '../../../src/protocol/tftp/client-names.ts'
import { decodeDhcp } from '../../../src/wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../../src/wire/dhcp/dhcp-options.ts'
import { decodeTftp } from '../../../src/wire/tftp/tftp-packet.ts'
import { dhcpFixture } from '../../support/dhcp-fixture.ts'
import { hex } from '../../support/hex.ts'

const client = (name: string) => bootClients.find((row) => row.name === name)!

test.for([
  ['EDK2', 'edk2-x64-pxe-discover'],
  ['EDK2', 'edk2-ia32-pxe-discover'],
  ['EDK2', 'edk2-arm64-pxe-discover'],
  ['EDK2 HTTP boot', 'edk2-x64-http-discover'],
  ['Intel Boot Agent', 'intel-discover'],
  ['iPXE', 'ipxe-bios-discover'],
  ['iPXE', 'ipxe-efi-discover'],
  ['iPXE of 2025', 'ipxe-2025-bios-discover'],
  ['iPXE of 2025', 'ipxe-2025-efi-discover'],
  ['iPXE of 2025', 'ipxe-2025-efi-after-pxe-discover'],
  ['syslinux.efi', 'syslinux-efi-discover'],
  ['udhcpc', 'udhcpc-discover'],
] as const)('%s asks DHCP as in %s', ([name, fixture]) => {
  const { options } = decodeDhcp(dhcpFixture(fixture))
  const { dhcp } = client(name)
  expect(dhcp?.wants).toEqual(options.get(dhcpOption.parameterList))
  expect(dhcp?.largest).toBe(options.get(dhcpOption.maxMessageSize))
  const vendorClass = options.get(dhcpOption.vendorClass)
  if (dhcp?.vendorClass === undefined) expect(vendorClass).toBeUndefined()
  else expect(vendorClass?.startsWith(dhcp.vendorClass)).toBe(true)
})

test.for([
  ['EDK2', 'edk2-x64-probe', 'EDK2'],
  ['EDK2', 'edk2-x64-read', 'EDK2'],
  ['Intel Boot Agent', 'intel-bios-probe', undefined],
  ['Intel Boot Agent', 'intel-bios-read', 'Intel Boot Agent'],
  ['iPXE', 'ipxe-bios-e1000', 'iPXE'],
  ['iPXE of 2025', 'ipxe-2025-autoexec', 'iPXE'],
  ['PXELINUX', 'pxelinux-config', 'PXELINUX'],
  ['shim', 'shim-read', 'shim'],
  ['GRUB', 'grub-config', 'GRUB'],
] as const)('%s reads by TFTP as in %s, and is known by it', ([name, fixture, known]) => {
  const file = new URL(`../../fixtures/tftp/${fixture}.hex`, import.meta.url)
  const packet = decodeTftp(hex(readFileSync(file, 'utf8')))
  if (packet.type !== 'readRequest') throw new Error(`a ${packet.type}`)
  const options = [...packet.options].map(([option, value]) => `${option}=${value}`).join(' ')
  expect(client(name).tftp).toContain(options)
  expect(clientName(packet.options)).toBe(known)
})

test('every oddity names a file that is there, every failure a loader that exists', () => {
  const absent = quirks.filter(
    ({ file }) => !existsSync(new URL(`../../../src/${file}`, import.meta.url)),
  )
  expect(absent).toEqual([])
  for (const { loader } of unfit) expect(loaderNames('uefi-x64')).toContain(loader)
})
