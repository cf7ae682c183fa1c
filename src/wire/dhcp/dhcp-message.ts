/**
 * A DHCP message and its octets: forgiving when reading, careful when writing.
 *
 * Reading takes whatever real firmware sends: any hardware length, PAD anywhere, no END, options in
 * `file` and `sname` (52), options in parts (RFC 3396). Writing never surprises a client: 53 and 54
 * first, then what it asked for in its order, 82 last, at least 300 octets, never more than it takes.
 * What a message means is decided in protocol/dhcp. RFC 2131 §2, RFC 951.
 */
import type { Ipv4 } from '../../core/address.ts'
import { ProtocolError } from '../../core/errors.ts'
import { ByteReader, ByteWriter, fromLatin1, latin1 } from '../bytes.ts'
import { layOutOptions } from './dhcp-layout.ts'
import { dhcpOption, OptionSet } from './dhcp-options.ts'
import { end, readOptionArea } from './option-area.ts'

export interface DhcpMessage {
  /** `op`. */
  readonly operation: 'request' | 'reply'
  /** `htype`, `hlen` and all 16 octets of `chaddr`: a reply gives them back unchanged. */
  readonly hardware: HardwareAddress
  readonly hops: number
  readonly xid: number
  /** Seconds since the client began; iPXE keeps flags in it. */
  readonly secs: number
  /** The B flag: the client cannot take unicast before it has its address. */
  readonly broadcast: boolean
  /** `ciaddr`: the address that the client already uses. */
  readonly clientAddress: Ipv4
  /** `yiaddr`: the address given to the client. */
  readonly yourAddress: Ipv4
  /** `siaddr`: where the boot file is. */
  readonly nextServer: Ipv4
  /** `giaddr`: the relay's address. */
  readonly relayAddress: Ipv4
  /** `sname`, at most 63 octets. */
  readonly serverName: string
  /** `file`, at most 127 octets. U-Boot fills it in its own requests. */
  readonly bootFile: string
  readonly options: OptionSet
}

export interface HardwareAddress {
  readonly type: number
  /** As the peer said; may be 0 or more than 16. */
  readonly length: number
  readonly octets: Uint8Array
}

/** How much may leave, and what first. */
export interface DhcpEncoding {
  /** Octets of UDP payload. */
  readonly limit?: number
  /** The client's parameter list (55). Without one, `file` and `sname` never carry options. */
  readonly order?: readonly number[] | undefined
}

const cookie = 0x63825363
const fixedSize = 240
const serverNameSize = 64
const bootFileSize = 128
const smallestMessage = 300
const datagramHeaders = 28

/** RFC 2131 §2 figure 1. */
export function decodeDhcp(octets: Uint8Array): DhcpMessage {
  const reader = new ByteReader(octets, 'header')
  const operation = operationOf(reader.u8())
  const type = reader.u8()
  const length = reader.u8()
  const hops = reader.u8()
  const xid = reader.u32()
  const secs = reader.u16()
  const broadcast = (reader.u16() & 0x8000) !== 0
  const clientAddress = reader.ipv4()
  const yourAddress = reader.ipv4()
  const nextServer = reader.ipv4()
  const relayAddress = reader.ipv4()
  const hardware = { type, length, octets: reader.octets(16) }
  const sname = reader.octets(serverNameSize)
  const file = reader.octets(bootFileSize)
  reader.field = 'magic cookie'
  if (reader.u32() !== cookie) throw new ProtocolError('magic cookie', 'not 63825363')
  const { options, overload } = readOptions(reader.rest(), file, sname)
  return {
    operation,
    hardware,
    hops,
    xid,
    secs,
    broadcast,
    clientAddress,
    yourAddress,
    nextServer,
    relayAddress,
    serverName: overload & 2 ? '' : untilNul(sname),
    bootFile: overload & 1 ? '' : untilNul(file),
    options,
  }
}

function operationOf(op: number): DhcpMessage['operation'] {
  if (op === 1) return 'request'
  if (op === 2) return 'reply'
  throw new ProtocolError('op', `${op} is neither request nor reply`)
}

/** Options, then `file`, then `sname`: the order in which RFC 3396 §7 puts parts together. */
function readOptions(area: Uint8Array, file: Uint8Array, sname: Uint8Array) {
  const found = readOptionArea(area, 'options')
  const overload = found.get(dhcpOption.overload.code)?.[0] ?? 0
  found.delete(dhcpOption.overload.code)
  if (overload & 1) readOptionArea(file, 'file', found)
  if (overload & 2) readOptionArea(sname, 'sname', found)
  found.delete(dhcpOption.overload.code)
  return { options: new OptionSet(found), overload }
}

function untilNul(octets: Uint8Array): string {
  const stop = octets.indexOf(0)
  return latin1(stop < 0 ? octets : octets.subarray(0, stop))
}

/**
 * Largest UDP payload for a client that states this maximum message size (57). EDK2 states 65280 in
 * its REQUEST and keeps a buffer of 1472, so the statement is clamped; it counts the IP and UDP
 * headers, because RFC 2132 §9.10 allows no less than 576, the smallest datagram of every host.
 */
export function payloadLimit(maxMessageSize: number | undefined): number {
  const stated = Math.min(Math.max(maxMessageSize ?? 0, 576), 1472)
  return stated - datagramHeaders
}

/** Throws RangeError when `serverName` or `bootFile` do not fit their fields. */
export function encodeDhcp(message: DhcpMessage, encoding: DhcpEncoding = {}): Uint8Array {
  const { limit = payloadLimit(undefined), order } = encoding
  const areas = layOutOptions(message.options, order ?? [], {
    options: limit - fixedSize - 1,
    bootFile: spareRoom(message.bootFile, bootFileSize, order),
    serverName: spareRoom(message.serverName, serverNameSize, order),
  })
  const writer = new ByteWriter(limit)
  writer.u8(message.operation === 'request' ? 1 : 2)
  writer.u8(message.hardware.type).u8(message.hardware.length).u8(message.hops)
  writer
    .u32(message.xid)
    .u16(message.secs)
    .u16(message.broadcast ? 0x8000 : 0)
  writer.u32(message.clientAddress).u32(message.yourAddress)
  writer.u32(message.nextServer).u32(message.relayAddress)
  writer.octets(message.hardware.octets.subarray(0, 16)).zeros(28 + 16 - writer.length)
  writeFixed(writer, areas.serverName ?? fromLatin1(message.serverName), serverNameSize)
  writeFixed(writer, areas.bootFile ?? fromLatin1(message.bootFile), bootFileSize)
  writer.u32(cookie).octets(areas.options).u8(end)
  return writer.zeros(Math.max(0, smallestMessage - writer.length)).finish()
}

/** Octets that a field may lend to options: none when it is in use or the client is BOOTP's. */
function spareRoom(content: string, size: number, order: readonly number[] | undefined): number {
  return content === '' && order !== undefined ? size - 1 : 0
}

/** The field with at least one zero behind its content. */
function writeFixed(writer: ByteWriter, content: Uint8Array, size: number): void {
  if (content.length >= size) throw new RangeError(`${content.length} octets in a field of ${size}`)
  writer.octets(content).zeros(size - content.length)
}
