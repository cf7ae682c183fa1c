/**
 * Sends a client what a fill has received so far and what is still arriving, at the client's pace.
 * The header goes out as soon as the length is known; a range waits for its own octets only. If the
 * download breaks, a client that has some of the body is cut, one that has none may be given another.
 */
import type { ServerResponse } from 'node:http'
import { sendFilePart, takesFiles } from '../../io/files/file-sender.ts'
import type { Fill, SharedAnswer } from '../../io/cache/fill.ts'
import type { Follower } from '../../io/cache/growing-file.ts'
import { type Manner, fitsHead, headFor, sendHead } from './mirror-answer.ts'
import type { Exchange } from './mirror-exchange.ts'

export interface Following {
  readonly fill: Fill
  readonly answer: SharedAnswer
  readonly manner: Manner
  readonly now: number
}

export type FollowEnd =
  /** The client has been served, has left, or has been cut. */
  | 'done'
  /** It has not got an octet of the body yet: try another fill. */
  | 'again'
  /** The fill cannot be joined any more. */
  | 'late'

/** Two of these per client: one is read into while the other is sent. */
const bufferSize = 128 << 10

/** Before the download is whole, its length is unknown here, and this client must have one. */
export function mustWait({ request }: Exchange, answer: SharedAnswer): boolean {
  if (answer.size !== undefined) return false
  const { headers, raw } = request
  // esx-boot refuses chunked bodies; HTTP/1.0 has none; a range of an unknown length has no place.
  const refusesChunked = headers['user-agent']?.toLowerCase().startsWith('esx-boot') === true
  return refusesChunked || raw.httpVersion === '1.0' || headers.range !== undefined
}

/** Also called for a second fill after `again`, with the header of the answer already sent. */
export async function followFill(exchange: Exchange, following: Following): Promise<FollowEnd> {
  const { fill, answer, manner, now } = following
  const { reply } = exchange
  const head = headFor(exchange, answer, { manner, now })
  const first = head.body?.first ?? 0
  const follower = fill.follow(first)
  if (follower === undefined) return 'late'
  const response = reply.raw
  const place = new Place(follower, response)
  try {
    if (response.headersSent) {
      if (!fitsHead(reply, head)) return 'again'
    } else {
      sendHead(reply, head)
      response.flushHeaders()
    }
    const end = await pump(place, head.body === undefined ? 0 : head.body.length)
    if (end === 'whole') response.end()
    else if (end === 'nothing') return 'again'
    else if (end === 'broken') exchange.cut()
    const reason = reasons[end] ?? manner.reason
    const bytes = follower.position - first
    exchange.end({ service: manner.service, status: response.statusCode, bytes, reason })
    return 'done'
  } finally {
    place.leave()
  }
}

/** Where one client is in the file. */
class Place {
  readonly follower: Follower
  readonly response: ServerResponse
  /** The kernel has the file's descriptor in hand: it must stay open. */
  #isSending = false
  readonly #left = (): void => {
    if (!this.#isSending) this.follower.leave()
  }

  constructor(follower: Follower, response: ServerResponse) {
    this.follower = follower
    this.response = response
    response.once('close', this.#left)
  }

  leave(): void {
    this.response.off('close', this.#left)
    this.follower.leave()
  }

  /** The kernel sends what is on disk, as it gets there; answers how many of `length` octets. */
  async sendFromDisk(length: number): Promise<number> {
    const { follower, response } = this
    const { descriptor } = follower
    const { socket } = response
    if (descriptor === undefined || !takesFiles(socket)) return 0
    let sent = 0
    while (sent < length) {
      const part = Math.min(await follower.onDisk(), length - sent)
      if (part === 0 || response.destroyed) break
      const took = await this.#send(socket, { descriptor, first: follower.position, length: part })
      follower.skip(took)
      sent += took
      if (took < part) break
    }
    return sent
  }

  async #send(...[socket, part]: Parameters<typeof sendFilePart>): Promise<number> {
    this.#isSending = true
    try {
      return await sendFilePart(socket, part)
    } finally {
      this.#isSending = false
    }
  }
}

type PumpEnd = 'whole' | 'nothing' | 'broken' | 'gone'

const reasons: Readonly<Record<PumpEnd, string | undefined>> = {
  whole: undefined,
  nothing: undefined,
  broken: 'cut: the download broke off',
  gone: 'the client left',
}

/** Sends `length` octets, or all there are. */
async function pump(place: Place, length: number | undefined): Promise<PumpEnd> {
  const { follower, response } = place
  const start = follower.position
  try {
    // Chunks of a body without a length need marks between them, which the kernel cannot make.
    const ahead = length === undefined ? 0 : await place.sendFromDisk(length)
    const isWhole = await copy(place, (length ?? Number.POSITIVE_INFINITY) - ahead)
    if (response.destroyed) return 'gone'
    return isWhole || length === undefined ? 'whole' : 'broken'
  } catch {
    // The reason is told once, by the fill; what counts here is what this client has.
    if (response.destroyed) return 'gone'
    return follower.position === start ? 'nothing' : 'broken'
  }
}

/** By way of memory; false when the file ended before. */
async function copy({ follower, response }: Place, length: number): Promise<boolean> {
  if (length === 0) return true
  let [filling, sending] = [Buffer.allocUnsafe(bufferSize), Buffer.allocUnsafe(bufferSize)]
  let sent: Promise<void> | undefined
  try {
    for (let rest = length; rest > 0 && !response.destroyed;) {
      const read = await follower.read(filling.subarray(0, Math.min(rest, bufferSize)))
      await sent
      if (read === 0) return false
      sent = write(response, filling.subarray(0, read))
      rest -= read
      ;[filling, sending] = [sending, filling]
    }
    return true
  } finally {
    await sent
  }
}

/** Resolves when the kernel has it, so that the buffer is free, or when the client is gone. */
function write(response: ServerResponse, octets: Uint8Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => {
    response.off('close', done)
    resolve()
  }
  response.once('close', done)
  response.write(octets, done)
  return promise
}
