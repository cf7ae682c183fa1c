/**
 * Who is asking. A machine is its MAC address: firmware, iPXE and the installed system send three
 * different client ids, and unrelated boards carry the same UUID.
 */
import { type Mac, macFromOctets } from '../core/address.ts'
import { bootClassOf, macOf } from '../protocol/dhcp/client.ts'
import { latin1, toHex } from '../wire/bytes.ts'
import type { DhcpMessage } from '../wire/dhcp/dhcp-message.ts'
import { dhcpOption, type OptionSet } from '../wire/dhcp/dhcp-options.ts'
import { decodeIpxeFeatures, ipxeFeature } from '../wire/dhcp/ipxe-options.ts'
import { type Architecture, chooseArchitecture } from './loader/firmware.ts'

/** Which program of the machine asks: its firmware, an iPXE, or an operating system. */
export type Stage = 'firmware' | 'ipxe' | 'system'

export interface Machine {
  readonly mac: Mac
  readonly stage: Stage
  /** From option 93; kept from an earlier stage where a later one does not send it. */
  readonly architecture?: Architecture | undefined
  /** Option 97, as text. A hint, never a key. */
  readonly uuid?: string | undefined
  /** The firmware wants UEFI HTTP boot (vendor class HTTPClient). */
  readonly httpBoot: boolean
  /** iPXE only: it can fetch http:// URLs (option 175 feature 19). */
  readonly ipxeHttp: boolean
}

/**
 * The machine behind a DHCP request. `before` is what an earlier stage of it said: operating
 * systems and syslinux.efi send neither architecture nor UUID, yet are the same machine.
 */
export function identifyMachine(request: DhcpMessage, before?: Machine): Machine {
  const { options } = request
  const architecture = chooseArchitecture(options.get(dhcpOption.architectures) ?? [])
  const stage = stageOf(options)
  return {
    mac: macOf(request) ?? standInMac(request),
    stage,
    architecture: architecture ?? before?.architecture,
    uuid: uuidOf(options) ?? before?.uuid,
    httpBoot: bootClassOf(request) === 'HTTPClient',
    ipxeHttp: stage === 'ipxe' && canFetchHttp(options),
  }
}

/** RFC 3004 wants counted strings; iPXE sends its bare name. Some builds send only 175. */
function stageOf(options: OptionSet): Stage {
  const userClass = latin1(options.get(dhcpOption.userClass) ?? new Uint8Array())
  if (options.has(dhcpOption.ipxe) || userClass === 'iPXE' || userClass === '\x04iPXE')
    return 'ipxe'
  const vendorClass = options.get(dhcpOption.vendorClass) ?? ''
  const isFirmware = /^(PXEClient|HTTPClient|U-Boot)/.test(vendorClass)
  return isFirmware || options.has(dhcpOption.architectures) ? 'firmware' : 'system'
}

/**
 * A build that does not list its features, or whose list was cut on the way, is taken for an
 * ordinary one, which can: given an iPXE instead, it would come back the same, for ever.
 */
function canFetchHttp(options: OptionSet): boolean {
  const features = decodeIpxeFeatures(options.get(dhcpOption.ipxe) ?? new Uint8Array())
  return features.size === 0 || features.has(ipxeFeature.http)
}

/** RFC 4578 §2.3: type 0 and 16 octets, of which the first three fields are little-endian. */
function uuidOf(options: OptionSet): string | undefined {
  const octets = options.get(dhcpOption.machineId)
  if (octets?.length !== 17 || octets[0] !== 0) return undefined
  const order = [4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16]
  const digits = toHex(Uint8Array.from(order, (index) => octets[index] ?? 0))
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/**
 * EDK2 can be built to send its GUID as hardware address, and some clients send none: a client id
 * of Ethernet type holds the MAC then, else the first six octets have to serve.
 */
function standInMac(request: DhcpMessage): Mac {
  const clientId = request.options.get(dhcpOption.clientId)
  if (clientId?.length === 7 && clientId[0] === 1) return macFromOctets(clientId.subarray(1))
  return macFromOctets(request.hardware.octets)
}
