/**
 * What calls into the C library are for, all in this one file: what Node cannot do and we need.
 * `SO_BINDTODEVICE` ties a socket to an interface, so that the interface a packet came in on is
 * known and a broadcast leaves by it; `SIOCSARP` names the Ethernet address of a client that cannot
 * answer ARP yet (RFC 2131 §4.1); `UDP_SEGMENT` makes many datagrams of one send; `SIOCGSTAMP` says
 * when a datagram came in; netlink has the tables that `/proc` lacks; `capset` puts granted
 * capabilities into effect; `sendfile` hands a file to a socket without a copy. Loaded at the
 * first use, because a system without koffi still has everything else: `native.lacks` says in words
 * what is missing then.
 *
 * Sources: Linux socket(7), ip(7), ipv6(7), udp(7), arp(7), netlink(7), capabilities(7), capset(2),
 * sendfile(2),
 * <linux/if_arp.h>, <asm-generic/sockios.h>, <linux/capability.h>.
 */
import { type Mac, macOctets } from '../../core/address.ts'
import { library, NativeError } from './native-library.ts'
import { AF_INET, AF_INET6, type SocketAddress, socketAddress } from './socket-address.ts'

export interface BoundUdpSocketOptions {
  readonly address: string
  readonly port: number
  /** Name of the interface; without one, any. */
  readonly device?: string | undefined
  readonly broadcast?: boolean | undefined
  readonly reuse?: boolean | undefined
}

/** What this machine can do. Reading it loads the library, once. */
export const native = {
  get available(): boolean {
    return library().calls !== undefined
  },
  /** What does not work without the library, one sentence each; empty when it is there. */
  get lacks(): readonly string[] {
    const { calls, problem } = library()
    if (calls !== undefined) return []
    return [
      `a socket cannot be tied to one interface (${problem})`,
      'a client without an address cannot be answered by unicast: it is answered by broadcast',
      'the packets of a TFTP window leave one by one, which costs more processor time',
      'files leave by HTTP through buffers of ours, which costs more processor time',
    ]
  },
}

/**
 * A UDP socket bound to an address, and to an interface if one is named, as a file descriptor for `dgram`'s
 * `bind({ fd })`, which owns it from then on.
 *
 * @throws NativeError when the system refuses, and with code `ENOSYS` when there is no library.
 */
export function openBoundUdpSocket(options: BoundUdpSocketOptions): number {
  const { calls } = library()
  if (calls === undefined) throw new NativeError('ENOSYS', 'SO_BINDTODEVICE')
  const address = socketAddress(options.address, options.port)
  if (address === undefined) throw new NativeError('EADDRNOTAVAIL', 'bind')
  const { family, octets } = address
  const fd = calls.checked('socket', calls.socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0))
  try {
    const set = (call: string, option: number, value: Uint8Array, level = SOL_SOCKET): void => {
      calls.checked(call, calls.setsockopt(fd, level, option, value, value.length))
    }
    if (family === AF_INET6) set('IPV6_V6ONLY', IPV6_V6ONLY, int32(1), IPPROTO_IPV6)
    if (options.device !== undefined) {
      set('SO_BINDTODEVICE', SO_BINDTODEVICE, deviceName(options.device))
    }
    if (options.reuse === true) set('SO_REUSEADDR', SO_REUSEADDR, int32(1))
    if (options.broadcast === true) set('SO_BROADCAST', SO_BROADCAST, int32(1))
    calls.checked('bind', calls.bind(fd, octets, octets.length))
    return fd
  } catch (error) {
    calls.close(fd)
    throw error
  }
}

/**
 * Sends the pieces of `octets`, `size` octets each and the last perhaps shorter, as a datagram each
 * by one call: the way through the kernel is paid once. At most 64 pieces and 65507 octets. Answers
 * false, with nothing sent, where that is not possible: no library, an old kernel, pieces above the
 * MTU, a full socket buffer. Then each piece is sent by itself.
 */
export function sendSegments(
  fd: number,
  octets: Uint8Array,
  size: number,
  to: { readonly address: string; readonly port: number },
): boolean {
  const { calls } = library()
  const target = targetOf(to)
  if (calls === undefined || target === undefined) return false
  const send = (): boolean =>
    calls.sendto(fd, octets, octets.length, MSG_DONTWAIT, target, target.length) >= 0
  if (octets.length <= size) return send()
  const segment = (value: number): number =>
    calls.setsockopt(fd, SOL_UDP, UDP_SEGMENT, int32(value), 4)
  if (segment(size) !== 0) return false
  try {
    return send()
  } finally {
    // Whatever else leaves by this socket is one datagram, however long.
    segment(0)
  }
}

/** A transfer sends thousands of times to the same object. */
const targets = new WeakMap<object, Uint8Array>()

function targetOf(to: { readonly address: string; readonly port: number }): Uint8Array | undefined {
  const known = targets.get(to)
  if (known !== undefined) return known
  const target = socketAddress(to.address, to.port)?.octets
  if (target !== undefined) targets.set(to, target)
  return target
}

/**
 * Enters a neighbour into the kernel's ARP table, so that the next datagram to `ip` leaves by
 * `device` for `mac` without a question. The kernel forgets it again in its own time. Answers
 * false when that is not possible (no library, no privilege, not Ethernet): broadcast instead.
 */
export function setNeighbour(device: string, ip: string, mac: Mac): boolean {
  const { calls } = library()
  const address = socketAddress(ip, 0)
  if (calls === undefined || address?.family !== AF_INET) return false
  const fd = calls.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) return false
  try {
    return calls.ioctl(fd, SIOCSARP, arpRequest(device, address, mac)) === 0
  } finally {
    calls.close(fd)
  }
}

/**
 * How long the datagram that was read last from this socket lay in the kernel, milliseconds. The
 * first call makes the kernel note arrivals. Undefined when it has noted none, or cannot.
 */
export function waitedInKernel(fd: number): number | undefined {
  const { calls } = library()
  const time = new BigInt64Array(2)
  const octets = new Uint8Array(time.buffer)
  if (calls === undefined || calls.ioctl(fd, SIOCGSTAMP, octets) !== 0) return undefined
  const [seconds = 0n, microseconds = 0n] = time
  return Math.max(0, Date.now() - Number(seconds) * 1000 - Number(microseconds) / 1000)
}

/**
 * Asks the kernel's routing tables: the datagrams of its answer, which is whole when the call comes
 * back. Empty where that is not possible.
 */
export function askKernel(question: Uint8Array): Uint8Array[] {
  const { calls } = library()
  const fd = calls?.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) ?? -1
  if (calls === undefined || fd < 0) return []
  try {
    const kernel = new Uint8Array(Uint32Array.of(AF_NETLINK, 0, 0).buffer) // struct sockaddr_nl
    calls.sendto(fd, question, question.length, MSG_DONTWAIT, kernel, kernel.length)
    const answer: Uint8Array[] = []
    for (;;) {
      const octets = new Uint8Array(longestAnswer)
      const length = calls.recv(fd, octets, octets.length, MSG_DONTWAIT)
      if (length <= 0) return answer
      answer.push(octets.subarray(0, length))
    }
  } finally {
    calls.close(fd)
  }
}

/** Octets; the kernel fits each datagram of a long answer to what it is offered, up to this. */
const longestAnswer = 32 * 1024

/**
 * Puts every capability into effect that this process is permitted, for this thread: the one that
 * opens sockets. A runtime with file capabilities that are not effective (`setcap …=p`, as in the
 * container image) starts also where some of them are not granted, but without any in effect.
 */
export function raiseCapabilities(): void {
  const { calls } = library()
  const header = new Uint8Array(Uint32Array.of(LINUX_CAPABILITY_VERSION_3, 0).buffer)
  const sets = new Uint32Array(2 * capabilitySets.length)
  if (calls?.capget(header, new Uint8Array(sets.buffer)) !== 0) return
  for (let word = 0; word < sets.length; word += capabilitySets.length) {
    sets[word + capabilitySets.effective] = sets[word + capabilitySets.permitted] ?? 0
  }
  calls.capset(header, new Uint8Array(sets.buffer))
}

/**
 * Octets of an open file into a TCP socket that does not wait, by one call: they never come here.
 * Answers how many the socket took; 0 when it is full or broken, at the end of the file, for a file
 * that cannot be sent like that, and where there is no library. What it was, an ordinary write says.
 */
export function sendFileOctets(
  socket: number,
  file: number,
  { position, length }: { readonly position: number; readonly length: number },
): number {
  sendPosition[0] = BigInt(position)
  return taken(library().calls?.sendfile(socket, file, sendPositionOctets, length))
}

/**
 * Octets into a TCP socket that does not wait. Answers how many it took, 0 as `sendFileOctets` does.
 * `more`: the rest of a packet follows at once.
 */
export function sendOctets(socket: number, octets: Uint8Array, more: boolean): number {
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0)
  return taken(library().calls?.send(socket, octets, octets.length, flags))
}

function taken(result: number | bigint | undefined): number {
  return Math.max(0, Number(result ?? 0))
}

/** The kernel writes the new position into it. */
const sendPosition = new BigInt64Array(1)
const sendPositionOctets = new Uint8Array(sendPosition.buffer)

/** `struct __user_cap_data_struct`, two of them: effective, permitted, inheritable. */
const capabilitySets = { effective: 0, permitted: 1, length: 3 }
const LINUX_CAPABILITY_VERSION_3 = 0x2008_0522

const AF_NETLINK = 16
const SOCK_DGRAM = 2
const SOCK_RAW = 3
const NETLINK_ROUTE = 0
const SOCK_CLOEXEC = 0o2_000_000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_BROADCAST = 6
const SO_BINDTODEVICE = 25
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const SOL_UDP = 17
const UDP_SEGMENT = 103
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const MSG_MORE = 0x8000
const SIOCSARP = 0x8955
/** Fills in a `struct timeval` by the day's clock: two 64-bit numbers. */
const SIOCGSTAMP = 0x8906
const ARPHRD_ETHER = 1
const ATF_COM = 0x02
/** Octets of a device name with its NUL. */
const IFNAMSIZ = 16

/** `struct arpreq`: protocol address, hardware address, flags, netmask, device. */
const arpFields = { protocol: 0, hardware: 16, flags: 32, netmask: 36, device: 52, length: 68 }

function arpRequest(device: string, address: SocketAddress, mac: Mac): Uint8Array {
  const octets = new Uint8Array(arpFields.length)
  const view = new DataView(octets.buffer)
  octets.set(address.octets, arpFields.protocol)
  view.setUint16(arpFields.hardware, ARPHRD_ETHER, true)
  octets.set(macOctets(mac), arpFields.hardware + 2)
  view.setInt32(arpFields.flags, ATF_COM, true)
  octets.set(deviceName(device), arpFields.device)
  return octets
}

/** The kernel knows no alias labels: `eth0:1` is an address of the device `eth0`. */
function deviceName(name: string): Uint8Array {
  const octets = new Uint8Array(IFNAMSIZ)
  const text = new TextEncoder().encode(name.replace(/:.*$/, ''))
  if (text.length >= IFNAMSIZ) throw new NativeError('ENODEV', `device ${name}`)
  octets.set(text)
  return octets
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}
