/**
 * The octets of an open file into an HTTP answer. What is in memory leaves with the head in one
 * write; of a plain file the kernel sends the rest. Where it cannot, two buffers: one being read
 * while the other is being written, never more in memory however slow the client is. Knows nothing
 * of requests or headers.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FilePlace } from '../../wire/byte-source.ts'
import { bufferSize, giveBuffer, takeBuffer } from '../../io/files/buffer-pool.ts'
import { sendFilePart, takesFiles } from '../../io/files/file-sender.ts'
import type { OpenFile } from '../../io/files/file-tree.ts'

export interface BodyPart {
  readonly first: number
  readonly length: number
}

/** Answers how many octets were written, fewer when the client left or the file became shorter. */
export async function writeBody(
  response: ServerResponse,
  file: OpenFile,
  part: BodyPart,
): Promise<number> {
  const { octets } = file
  if (octets !== undefined) return writeOctets(response, octets, part)
  if (part.length <= smallBody) return writeSmall(response, file, part)
  const sent = await sendByKernel(response, file, part)
  return sent ?? (await writeByBuffers(response, file, part))
}

async function writeOctets(
  response: ServerResponse,
  octets: Uint8Array,
  { first, length }: BodyPart,
): Promise<number> {
  if (first + length > octets.length) return cutOff(response, 0)
  return (await finish(response, octets.subarray(first, first + length))) ? length : 0
}

/** Undefined, with nothing sent, where that is not possible. */
async function sendByKernel(
  response: ServerResponse,
  { descriptor, place }: OpenFile,
  { first, length }: BodyPart,
): Promise<number | undefined> {
  const { socket } = response // none while an earlier answer has the connection
  const from = descriptor ?? place?.descriptor
  if (from === undefined || !response.headersSent || !takesFiles(socket)) return undefined
  response.flushHeaders()
  const sent =
    descriptor === undefined && place !== undefined
      ? await sendFromWithin(socket, place, { first, length })
      : await sendFilePart(socket, { descriptor: from, first, length })
  if (sent < length) return cutOff(response, sent)
  response.end()
  return sent
}

/** Octets after which a file that others lie in is looked at: somebody may write into it. */
const unwatched = 8 << 20

/**
 * A part of a larger file, as an image is; ends early where that was changed. The last octet leaves
 * by itself, when all before it has been taken and the file is still the same.
 */
async function sendFromWithin(
  socket: Socket,
  { descriptor, position, isUnchanged }: FilePlace,
  { first, length }: BodyPart,
): Promise<number> {
  let sent = 0
  while (sent < length && (await isUnchanged())) {
    const piece = Math.min(unwatched, Math.max(1, length - sent - 1))
    const part = { descriptor, first: position + first + sent, length: piece }
    const took = await sendFilePart(socket, part)
    sent += took
    if (took < piece) return sent
  }
  return sent
}

async function writeByBuffers(
  response: ServerResponse,
  file: OpenFile,
  part: BodyPart,
): Promise<number> {
  const buffers: Buffer[] = []
  const take = (): Buffer => {
    const buffer = takeBuffer()
    buffers.push(buffer)
    return buffer
  }
  const written = await writeInTurns(response, file, part, take)
  // A connection that broke may still hold a buffer: then it is not used again.
  if (written === part.length) for (const buffer of buffers) giveBuffer(buffer)
  return written
}

/** Up to here a buffer of its own is cheaper than two of the pool. */
const smallBody = 64 * 1024

async function writeSmall(
  response: ServerResponse,
  file: OpenFile,
  { first, length }: BodyPart,
): Promise<number> {
  const octets = Buffer.allocUnsafe(length)
  const filled = await file.read(octets, first)
  if (filled < length) return cutOff(response, 0)
  return (await finish(response, octets)) ? length : 0
}

async function writeInTurns(
  response: ServerResponse,
  file: OpenFile,
  { first, length }: BodyPart,
  take: () => Buffer,
): Promise<number> {
  const next = (at: number, buffer: Buffer) =>
    file.read(buffer.subarray(0, Math.min(bufferSize, length - at)), first + at)
  let written = 0
  let reading = take()
  let idle: Buffer | undefined
  let filled = await next(0, reading)
  while (filled > 0) {
    const octets = reading.subarray(0, filled)
    const end = written + filled
    if (end >= length) return (await finish(response, octets)) ? end : written
    const other = idle ?? take() // what one buffer holds needs no second one
    const [isSent, ahead] = await Promise.all([send(response, octets), next(end, other)])
    idle = reading
    reading = other
    if (!isSent) return written
    written = end
    filled = ahead
  }
  return cutOff(response, written)
}

/** The promised length cannot be kept any more: the client must see a broken answer, not an end. */
function cutOff(response: ServerResponse, written: number): number {
  response.destroy()
  return written
}

/** Waits until the octets are with the system, so that the buffer may be filled again. */
function send(response: ServerResponse, octets: Buffer): Promise<boolean> {
  return settle(response, (done) => void response.write(octets, done))
}

function finish(response: ServerResponse, octets: Uint8Array): Promise<boolean> {
  return settle(response, (done) => void response.end(octets, () => done()))
}

/** False when the client left first: then no callback may ever come. */
function settle(
  response: ServerResponse,
  act: (done: (error?: Error | null) => void) => void,
): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => {
    const closed = () => resolve(response.writableFinished)
    response.once('close', closed)
    act((error) => {
      response.off('close', closed)
      resolve(error === undefined || error === null)
    })
  })
}
