/**
 * The boot part of an answer, in the fields and options that each kind of client reads. PXE 2.1,
 * RFC 2132 §9.4-9.5, RFC 4578, RFC 5071; the devices are named where they made the rule.
 */
import { anyAddress, formatIpv4, type Ipv4 } from '../../core/address.ts'
import { fromLatin1 } from '../../wire/bytes.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption, type OptionSet } from '../../wire/dhcp/dhcp-options.ts'
import { encodeNoPxeDhcp } from '../../wire/dhcp/ipxe-options.ts'
import { encodeLoadAtOnce } from '../../wire/dhcp/pxe-options.ts'
import type { BootReply } from './boot-reply.ts'
import { bootClassOf } from './client.ts'

export interface BootFields {
  readonly nextServer: Ipv4
  readonly bootFile: string
}

/** RFC 5071 §3: old pxelinux reads 209 to 211 only behind these octets. */
const pxelinuxMagic = Uint8Array.of(0xf1, 0x00, 0x74, 0x7e)
const longestBootFile = 127

/**
 * What an answer with an address says of booting. Firmware that sees PXEClient without option 43
 * would go on to port 4011 (EDK2), so 43.6 = 8 goes with it; iPXE is told not to wait for a proxy.
 */
export function addBoot(
  options: OptionSet,
  request: DhcpMessage,
  boot: BootReply | undefined,
): BootFields {
  if (boot === undefined) return { nextServer: anyAddress, bootFile: '' }
  const bootClass = bootClassOf(request)
  if (boot.kind === 'http') {
    if (bootClass === 'HTTPClient') options.set(dhcpOption.vendorClass, bootClass)
  } else if (boot.kind !== 'plain' && bootClass === 'PXEClient') {
    options.set(dhcpOption.vendorClass, bootClass)
    options.set(dhcpOption.vendorSpecific, encodeLoadAtOnce())
  }
  if (boot.kind === 'ipxe') options.set(dhcpOption.ipxe, encodeNoPxeDhcp())
  return addFile(options, boot)
}

/**
 * What a proxy says of booting. UEFI firmware gets no option 43: then it asks again on port 4011,
 * which works with old and new EDK2 alike. BIOS ROMs and iPXE are told to load the file at once.
 */
export function addProxyBoot(
  options: OptionSet,
  request: DhcpMessage,
  boot: BootReply,
): BootFields {
  const bootClass = bootClassOf(request)
  options.set(dhcpOption.vendorClass, bootClass)
  const loadsAtOnce = boot.kind === 'ipxe' || isBios(request)
  if (bootClass === 'PXEClient' && loadsAtOnce) {
    options.set(dhcpOption.vendorSpecific, encodeLoadAtOnce())
  }
  return addFile(options, boot)
}

/** Architecture 0, or none stated: PXE without option 93 is older than UEFI. */
function isBios(request: DhcpMessage): boolean {
  const codes = request.options.get(dhcpOption.architectures) ?? []
  return codes.every((code) => code === 0)
}

/**
 * The name stands in the field and in option 67: shim takes its folder from the field, UEFI and
 * iPXE prefer the option. A name that is too long for the field stands in the option only.
 */
function addFile(options: OptionSet, boot: BootReply): BootFields {
  const { nextServer, bootFile, kind, pxelinux } = boot
  options.set(dhcpOption.bootFileName, bootFile)
  if (kind !== 'http') options.set(dhcpOption.tftpServerName, formatIpv4(nextServer))
  if (pxelinux !== undefined) {
    options.set(dhcpOption.pxelinuxMagic, pxelinuxMagic)
    options.set(dhcpOption.pxelinuxConfigFile, pxelinux.configFile)
    options.set(dhcpOption.pxelinuxPathPrefix, pxelinux.pathPrefix)
  }
  const fits = fromLatin1(bootFile).length <= longestBootFile
  return { nextServer, bootFile: fits ? bootFile : '' }
}
