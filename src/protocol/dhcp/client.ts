/**
 * Which client a message is from, and what kind of client it says it is. Only what the DHCP rules
 * need; what the machine can boot is boot/machine.ts.
 */
import { type Mac, macFromOctets } from '../../core/address.ts'
import { visible } from '../../core/visible.ts'
import { toHex } from '../../wire/bytes.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../wire/dhcp/dhcp-options.ts'

export interface Client {
  /** The key of its leases. */
  readonly key: string
  readonly mac?: Mac | undefined
  readonly hostName?: string | undefined
}

/** How long an Ethernet address is; only then `chaddr` is a machine's name. */
const ethernetLength = 6
/** RFC 1035 §2.3.4. */
const longestHostName = 255
/** More is no id of any client, and every lease keeps its own. */
const longestId = 255

/**
 * A machine is its MAC address: firmware, iPXE and the installed system send three client ids, and
 * keyed by those (RFC 2131 §4.2) one machine would take three addresses. Only a client without an
 * Ethernet address is keyed by its client id. Undefined when it has neither.
 */
export function clientOf(request: DhcpMessage): Client | undefined {
  const hostName = hostNameOf(request)
  const mac = macOf(request)
  if (mac !== undefined) return { key: mac, mac, hostName }
  const clientId = request.options.get(dhcpOption.clientId)
  if (clientId !== undefined && clientId.length > 0)
    return { key: `id:${toHex(clientId.subarray(0, longestId))}`, hostName }
  const { type, length, octets } = request.hardware
  const address = octets.subarray(0, length)
  if (address.every((octet) => octet === 0)) return undefined
  return { key: `hw:${type}:${toHex(address)}`, hostName }
}

/** For people only: it goes into the log, onto the page, into the store. */
function hostNameOf({ options }: DhcpMessage): string | undefined {
  const name = options.get(dhcpOption.hostName)
  return name === undefined ? undefined : visible(name, longestHostName)
}

/** The Ethernet address in `chaddr`, when there is one. */
export function macOf({ hardware }: DhcpMessage): Mac | undefined {
  const octets = hardware.octets.subarray(0, ethernetLength)
  const isEthernet = hardware.length === ethernetLength && octets.some((octet) => octet !== 0)
  return isEthernet ? macFromOctets(octets) : undefined
}

/**
 * The network boot client that speaks, by the start of option 60: what follows differs between
 * devices, and iPXE sends nothing more than `PXEClient` to port 4011.
 */
export function bootClassOf(request: DhcpMessage): 'PXEClient' | 'HTTPClient' | undefined {
  const vendorClass = request.options.get(dhcpOption.vendorClass) ?? ''
  if (vendorClass.startsWith('PXEClient')) return 'PXEClient'
  return vendorClass.startsWith('HTTPClient') ? 'HTTPClient' : undefined
}
