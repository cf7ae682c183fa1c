import { expect, test } from 'vitest'
import { ipv4 } from '../../../src/core/address.ts'
import {
  decodeIpxeFeatures,
  encodeNoPxeDhcp,
  ipxeFeature,
} from '../../../src/wire/dhcp/ipxe-options.ts'
import { dhcpOption } from '../../../src/wire/dhcp/dhcp-options.ts'
import { decodeDhcp } from '../../../src/wire/dhcp/dhcp-message.ts'
import {
  decodeBootItem,
  encodeBootItem,
  encodeLoadAtOnce,
} from '../../../src/wire/dhcp/pxe-options.ts'
import { decodeRelayAgent } from '../../../src/wire/dhcp/relay-options.ts'
import { dhcpFixture } from '../../support/dhcp-fixture.ts'
import { hex } from '../../support/hex.ts'

test('"load it at once" is 43.6 = 8', () => {
  expect(encodeLoadAtOnce()).toEqual(hex('06 01 08 ff'))
})

test('a boot item is read as iPXE sends it and written as Pixiecore does', () => {
  const { options } = decodeDhcp(dhcpFixture('ipxe-bios-4011-request'))
  const item = decodeBootItem(options.get(dhcpOption.vendorSpecific))
  expect(item).toEqual({ type: 0x8000, layer: 0 })
  expect(encodeBootItem(item!)).toEqual(hex('47 04 8000 0000 ff'))
})

test.for([
  ['nothing', undefined],
  ['no octets', ''],
  ['text of a Raspberry Pi', '526173706265727279205069'],
  ['an item that is too short', '47 02 8000 ff'],
  ['a length past the end', '47 08 8000'],
] as const)('no boot item in %s', ([, digits]) => {
  expect(decodeBootItem(digits === undefined ? undefined : hex(digits))).toBeUndefined()
})

test('features of an iPXE build', () => {
  const { options } = decodeDhcp(dhcpFixture('ipxe-efi-discover'))
  const features = decodeIpxeFeatures(options.get(dhcpOption.ipxe)!)
  expect(features.has(ipxeFeature.http)).toBe(true)
  expect(features.has(ipxeFeature.https)).toBe(false)
  expect(decodeIpxeFeatures(hex('1309')).size).toBe(0)
})

test('no-pxedhcp is 175.176 = 1', () => {
  expect(encodeNoPxeDhcp()).toEqual(hex('b0 01 01'))
})

test('a relay names the subnet and the server id', () => {
  expect(decodeRelayAgent(hex('0104abcdef01 05040a1e0000 0b040a1e0001'))).toEqual({
    linkSelection: ipv4(0x0a1e0000),
    serverIdOverride: ipv4(0x0a1e0001),
  })
})

test.for(['', '0104', '05020a1e'])('option 82 with octets "%s" says nothing', (digits) => {
  expect(decodeRelayAgent(hex(digits))).toEqual({
    linkSelection: undefined,
    serverIdOverride: undefined,
  })
})
