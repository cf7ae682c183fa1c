/**
 * The kernel's IPv6 neighbour table as netlink messages: the question for all of it, and the rows of
 * an answer. `/proc` has no such table. Opens nothing: `native.ts` carries the octets.
 *
 * Linux netlink(7), rtnetlink(7): `struct nlmsghdr`, `struct ndmsg`, `struct rtattr`, all in the
 * host's order and padded to four octets.
 */
import { type Mac, macFromOctets } from '../../core/address.ts'
import { formatIpv6 } from '../../core/ipv6.ts'
import { AF_INET6 } from './socket-address.ts'

export interface Neighbour {
  /** Without a zone; `link` is the number of the interface. */
  readonly address: string
  readonly link: number
  readonly mac: Mac
}

const RTM_NEWNEIGH = 28
const RTM_GETNEIGH = 30
const NLM_F_REQUEST = 0x001
const NLM_F_DUMP = 0x300
const NDA_DST = 1
const NDA_LLADDR = 2
/** Reachable, stale, delay, probe, permanent: its Ethernet address is known. */
const known = 0x02 | 0x04 | 0x08 | 0x10 | 0x80

const header = { length: 0, type: 4, flags: 6, size: 16 } as const
const entry = { family: 16, link: 20, state: 24, size: 28 } as const
const attribute = { length: 0, type: 2, size: 4 } as const

/** Every IPv6 neighbour, please. */
export function neighbourQuestion(): Uint8Array {
  const octets = new Uint8Array(entry.size)
  const view = new DataView(octets.buffer)
  view.setUint32(header.length, entry.size, true)
  view.setUint16(header.type, RTM_GETNEIGH, true)
  view.setUint16(header.flags, NLM_F_REQUEST | NLM_F_DUMP, true)
  octets[entry.family] = AF_INET6
  return octets
}

/** The neighbours in one datagram of the answer; what does not fit its length ends it. */
export function parseNeighbourAnswer(octets: Uint8Array): Neighbour[] {
  const neighbours: Neighbour[] = []
  for (const message of cut(octets, header.size, (view, at) => view.getUint32(at, true))) {
    const view = viewOf(message)
    if (view.getUint16(header.type, true) !== RTM_NEWNEIGH || message.length < entry.size) continue
    if ((view.getUint16(entry.state, true) & known) === 0) continue
    const attributes = attributesOf(message.subarray(entry.size))
    const [address, mac] = [attributes.get(NDA_DST), attributes.get(NDA_LLADDR)]
    if (address?.length !== 16 || mac?.length !== 6) continue
    const link = view.getInt32(entry.link, true)
    neighbours.push({ address: formatIpv6(address), link, mac: macFromOctets(mac) })
  }
  return neighbours
}

function attributesOf(octets: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const parts = cut(octets, attribute.size, (view, at) => view.getUint16(at, true))
  return new Map(
    parts.map((part) => [
      viewOf(part).getUint16(attribute.type, true),
      part.subarray(attribute.size),
    ]),
  )
}

/** Pieces that each begin with their own length, padded to four octets. */
function cut(
  octets: Uint8Array,
  least: number,
  lengthAt: (view: DataView, at: number) => number,
): Uint8Array[] {
  const view = viewOf(octets)
  const parts: Uint8Array[] = []
  let at = 0
  while (at + least <= octets.length) {
    const length = lengthAt(view, at)
    if (length < least || at + length > octets.length) break
    parts.push(octets.subarray(at, at + length))
    at += Math.ceil(length / 4) * 4
  }
  return parts
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}
