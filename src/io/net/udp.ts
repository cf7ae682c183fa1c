/**
 * UDP sockets as the servers see them: datagrams in with their time of arrival, datagrams out, and
 * errors that say who is in the way. Decides nothing about their contents.
 *
 * Node's `dgram` tells neither the interface a datagram came in on nor lets the source address be
 * chosen: open one socket for each interface (`device`) or for each local address instead. A socket
 * bound to an address of ours does not hear broadcasts; one bound to 0.0.0.0 does.
 *
 * A socket has the family of its address; one on `::` hears IPv6 alone. A link-local address is
 * written with its interface, `fe80::1%eth0`, also that of a sender.
 */
import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import type { Clock } from '../../core/clock.ts'
import { isIpv6 } from '../../core/ipv6.ts'
import { native, openBoundUdpSocket, sendSegments, waitedInKernel } from './native.ts'
import { portError } from './port-holder.ts'
import { segmentRuns } from './segment-runs.ts'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

export interface Datagram {
  /** Ours to keep: not reused by the socket. */
  readonly octets: Uint8Array
  readonly from: Endpoint
  /** When it was read, or with `arrivals` when it came in: a server can drop what waited too long. */
  readonly at: number
}

export interface UdpPort {
  /** The local address. */
  readonly address: string
  readonly port: number
  /**
   * Sends one datagram; a list of parts is sent as one. The octets must not be changed afterwards:
   * they may wait in a queue. A failure is told to `failed`.
   */
  send(octets: Uint8Array | readonly Uint8Array[], to: Endpoint): void
  /**
   * Sends several datagrams in order; those side by side in memory leave together (`segments`).
   * Answers true when nothing waits in a queue: then the octets may be changed again.
   */
  sendAll(datagrams: readonly Uint8Array[], to: Endpoint): boolean
  /** May be called twice. */
  close(): Promise<void>
}

export interface UdpOptions {
  readonly address: string
  /** 0 takes any free one. */
  readonly port: number
  /** Only datagrams of this interface, and everything leaves by it (`SO_BINDTODEVICE`). */
  readonly device?: string | undefined
  /** May send to 255.255.255.255. */
  readonly broadcast?: boolean | undefined
  /** Several sockets may share the port (`SO_REUSEADDR`), e.g. one for each interface. */
  readonly reuse?: boolean | undefined
  /** Makes `sendAll` cheap (`UDP_SEGMENT`) where the system can. */
  readonly segments?: boolean | undefined
  /** `at` of a datagram is when it came in (`SIOCGSTAMP`), where the system can. */
  readonly arrivals?: boolean | undefined
  readonly clock: Clock
  readonly receive: (datagram: Datagram) => void
  /** A datagram could not be sent, or the interface went away; the socket stays open. */
  readonly failed?: ((error: Error) => void) | undefined
}

/**
 * Opens a socket. Without the native library `device` is not possible, and only one socket can be
 * on 0.0.0.0: `native.lacks` says so, for the log.
 *
 * @throws SystemError which names the process that holds the port, or what to run.
 */
export async function openUdp(options: UdpOptions): Promise<UdpPort> {
  const socket = createSocket({
    ...(isIpv6(options.address) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' }),
    reuseAddr: options.reuse === true,
    lookup: addressesOnly,
  })
  let fd: number | undefined
  try {
    fd = await bind(socket, options)
  } catch (error) {
    socket.close()
    throw portError(error, { transport: 'udp', ...options })
  }
  const waited = options.arrivals === true ? arrivalsOf(fd) : () => 0
  socket.on('error', (error) => options.failed?.(error))
  socket.on('message', (octets, from) => {
    if (from.port === nowhere) return
    options.receive({ octets, from, at: options.clock() - waited() })
  })
  return portOf(socket, options.segments === true ? fd : undefined, options.failed)
}

/** RFC 768 lets a sender name no port: it wants no answer, and `dgram` throws when it gets one. */
const nowhere = 0

/** Every destination is an address: skipping the resolver keeps sends in order and in this turn. */
const addressesOnly: SocketOptions['lookup'] = (hostname, _options, callback) => {
  callback(null, hostname, isIpv6(hostname) ? 6 : 4)
}

/** How long the datagram just read had waited: `dgram` hands each on before it reads the next. */
function arrivalsOf(fd: number | undefined): () => number {
  if (fd === undefined) return () => 0
  waitedInKernel(fd)
  return () => waitedInKernel(fd) ?? 0
}

/** Answers the file descriptor where it is known: `dgram` does not tell its own. */
async function bind(socket: Socket, options: UdpOptions): Promise<number | undefined> {
  const { address, port, device, segments, arrivals } = options
  const listening = once(socket, 'listening')
  let fd: number | undefined
  try {
    const isOurs = device !== undefined || segments === true || arrivals === true
    if (isOurs && native.available) {
      fd = openBoundUdpSocket(options)
      socket.bind({ fd, exclusive: true })
    } else {
      socket.bind({ address, port, exclusive: true })
    }
  } catch (error) {
    listening.catch(() => undefined)
    throw error
  }
  await listening
  if (options.broadcast === true) socket.setBroadcast(true)
  return fd
}

function portOf(socket: Socket, fd: number | undefined, failed: UdpOptions['failed']): UdpPort {
  const { address, port } = socket.address()
  // Without a callback dgram says nothing when a send fails.
  const sent = (error: Error | null): void => {
    if (error !== null) failed?.(error)
  }
  let closed: Promise<void> | undefined
  return {
    address,
    port,
    send: (octets, to) => {
      if (closed !== undefined) return
      socket.send(octets, to.port, to.address, sent)
    },
    sendAll: (datagrams, to) => {
      if (closed !== undefined) return true
      let isGone = true
      for (const { octets, size } of segmentRuns(datagrams)) {
        if (fd !== undefined && sendSegments(fd, octets, size, to)) continue
        isGone = false
        let at = 0
        do {
          socket.send(octets.subarray(at, at + size), to.port, to.address, sent)
          at += size
        } while (at < octets.length)
      }
      return isGone
    },
    close: () => {
      closed ??= new Promise((resolve) => {
        socket.close(() => resolve())
      })
      return closed
    },
  }
}
