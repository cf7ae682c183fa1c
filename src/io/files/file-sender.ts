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
import { native, sendFileOctets, sendOctets } from '../net/native.ts'

export interface FilePart {
  readonly descriptor: number
  /** Octets. */
  readonly first: number
  readonly length: number
}

/** One call at most; also the turn of one connection. */
const step = 2 << 20
/** Written in the ordinary way while the connection is full: it is copied, and tried three times. */
const waitingPiece = 4 << 10

/** Whether this connection can be sent a file: asked before each. */
export function takesFiles(socket: Socket | null | undefined): socket is Socket {
  return (
    socket !== null &&
    socket !== undefined &&
    native.available &&
    descriptorOf(socket) !== undefined
  )
}

/**
 * Answers how many octets the connection took: fewer when it broke or the file became shorter. At
 * once, if it took all of them at once. Rejects when the file cannot be read.
 */
export function sendFilePart(socket: Socket, part: FilePart): number | Promise<number> {
  if (socket.writableLength > 0) return sendAfterOthers(socket, part)
  const took = sendStep(socket, part)
  return took === part.length ? took : sendRest(socket, part, took)
}

async function sendAfterOthers(socket: Socket, part: FilePart): Promise<number> {
  return (await written(socket, nothing)) ? await sendFilePart(socket, part) : 0
}

/** `took`: the octets of the call before. */
async function sendRest(socket: Socket, part: FilePart, took: number): Promise<number> {
  let piece: Buffer | undefined
  for (let sent = took; ;) {
    if (took === step) await turn()
    else {
      piece ??= Buffer.allocUnsafeSlow(waitingPiece)
      const wrote = await writePiece(socket, piece, after(part, sent))
      sent += wrote
      if (wrote === 0 || sent === part.length) return sent
    }
    took = sendStep(socket, after(part, sent))
    sent += took
    if (took > 0) socket.setTimeout(socket.timeout ?? 0) // it is not silent, though Node sees nothing
    if (sent === part.length) return sent
  }
}

function after(part: FilePart, sent: number): FilePart {
  return { ...part, first: part.first + sent, length: part.length - sent }
}

/** In the ordinary way: done when the connection takes more. */
async function writePiece(
  socket: Socket,
  buffer: Buffer,
  { descriptor, first, length }: FilePart,
): Promise<number> {
  const filled = readSync(descriptor, buffer, 0, Math.min(buffer.length, length), first)
  const octets = buffer.subarray(0, filled)
  return filled > 0 && (await written(socket, octets)) ? filled : 0
}

function sendStep(socket: Socket, { descriptor, first, length }: FilePart): number {
  const target = descriptorOf(socket)
  if (target === undefined) return 0
  return sendFileOctets(target, descriptor, { position: first, length: Math.min(step, length) })
}

/**
 * Octets straight into a connection that has nothing else to send; those that it does not take go
 * the ordinary way. `more`: a body follows at once. True when they are all with the system already;
 * else `done` is called then.
 */
export function sendAtOnce(
  socket: Socket,
  octets: Uint8Array,
  { more, done }: { readonly more: boolean; readonly done?: (error?: Error | null) => void },
): boolean {
  const target = socket.writableLength === 0 ? descriptorOf(socket) : undefined
  const sent = target === undefined ? 0 : sendOctets(target, octets, more)
  if (sent === octets.length) return true
  socket.write(octets.subarray(sent), done)
  return false
}

/** The connection's own, asked anew at each step: another may have its number once it is closed. */
function descriptorOf(socket: Socket): number | undefined {
  if (socket.destroyed || socket instanceof TLSSocket) return undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of Node's own, without a public name
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } }
  return handle?.fd === undefined || handle.fd < 0 ? undefined : handle.fd
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
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
