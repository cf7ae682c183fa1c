/**
 * The octets of an open file into a TCP connection by sendfile(2): the kernel hands its pages over,
 * and nothing is copied here, which halves the cost of a gigabyte. In steps, so that each connection
 * gets its turn and a slow disk holds up nobody for long. Refuses TLS, whose octets must pass
 * through here, and a connection that still has something else to send.
 *
 * Source: sendfile(2). The call does not wait; that the connection takes more is heard by writing the
 * next piece in the ordinary way: Node has no other word for it.
 */
import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { native, sendFileOctets } from './native.ts'

export interface FilePart {
  readonly descriptor: number
  /** Octets. */
  readonly first: number
  readonly length: number
}

/** One call at most; also the turn of one connection. */
const step = 1 << 20
/** Written in the ordinary way while the connection is full. */
const waitingPiece = 64 << 10

/** Whether this connection can be sent a file: asked before each. */
export function takesFiles(socket: Socket | null | undefined): socket is Socket {
  return (
    socket !== null &&
    socket !== undefined &&
    native.available &&
    !(socket instanceof TLSSocket) &&
    descriptorOf(socket) !== undefined
  )
}

/**
 * Resolves with how many octets the connection took: fewer when it broke or the file became shorter.
 * Never rejects for what the client did.
 */
export async function sendFilePart(socket: Socket, part: FilePart): Promise<number> {
  if (!(await drained(socket))) return 0
  const buffer = { octets: undefined as Buffer | undefined }
  let sent = 0
  while (sent < part.length) {
    const took = sendStep(socket, { ...part, first: part.first + sent, length: part.length - sent })
    if (took === undefined) return sent
    sent += took
    if (sent === part.length) break
    if (took === step) await turn()
    else {
      buffer.octets ??= Buffer.allocUnsafeSlow(waitingPiece)
      const octets = buffer.octets.subarray(0, Math.min(waitingPiece, part.length - sent))
      const filled = readSync(part.descriptor, octets, 0, octets.length, part.first + sent)
      if (filled === 0 || !(await written(socket, octets.subarray(0, filled)))) return sent
      sent += filled
    }
  }
  return sent
}

/** How many octets it took; undefined when there is nothing more to do. */
function sendStep(socket: Socket, { descriptor, first, length }: FilePart): number | undefined {
  const target = descriptorOf(socket)
  if (target === undefined) return undefined
  try {
    return sendFileOctets(target, descriptor, { position: first, length: Math.min(step, length) })
  } catch {
    socket.destroy() // the other end is gone, or the file cannot be read: the answer is broken
    return undefined
  }
}

/** The connection's own, asked anew at each step: another may have its number once it is closed. */
function descriptorOf(socket: Socket): number | undefined {
  if (socket.destroyed) return undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of Node's own, without a public name
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } }
  return handle?.fd === undefined || handle.fd < 0 ? undefined : handle.fd
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function drained(socket: Socket): Promise<boolean> {
  return socket.writableLength === 0 && !socket.destroyed
    ? Promise.resolve(true)
    : written(socket, nothing)
}

const nothing = Buffer.alloc(0)

/** Whether the octets are with the system. */
function written(socket: Socket, octets: Uint8Array): Promise<boolean> {
  if (socket.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => {
    const closed = (): void => resolve(false)
    socket.once('close', closed)
    socket.write(octets, (error) => {
      socket.off('close', closed)
      resolve(error === undefined || error === null)
    })
  })
}
