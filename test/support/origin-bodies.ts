/** Sends payloads as a simulated origin does: in any framing, at any pace, broken as asked. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault, Variant } from './origin-faults.ts'
import { type Payload, payloadBlocks } from './origin-payloads.ts'

export interface Sending {
  readonly payload: Payload
  readonly fault: Fault
  readonly variant: Variant
  /** Told of every octet that was sent. */
  readonly sent: (octets: number) => void
}

export class PayloadSender {
  readonly #rate: number | undefined
  readonly #octets = new Map<string, readonly Buffer[]>()
  /** When the line is free again, `performance.now()`. */
  #lineFreeAt = 0

  /** `rate`: octets per second, over all connections. */
  constructor(rate?: number) {
    this.#rate = rate
  }

  async send(request: IncomingMessage, response: ServerResponse, sending: Sending): Promise<void> {
    const { payload, fault, variant } = sending
    const { framing = 'length', headers = {}, ranges = false } = variant
    response.statusCode = 200
    response.setHeader('content-type', 'application/octet-stream')
    response.setHeader('last-modified', 'Tue, 02 Jan 2024 03:04:05 GMT')
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    const first = ranges ? rangeHead(request, response, payload) : 0
    if (framing === 'length') {
      response.setHeader('content-length', fault.saysLength ?? payload.size - first)
    }
    if (framing === 'close') {
      response.shouldKeepAlive = false
      response.useChunkedEncodingByDefault = false
      response.setHeader('connection', 'close')
      response.removeHeader('transfer-encoding')
    }
    if (request.method === 'HEAD') return void response.end()
    response.flushHeaders()
    await this.#sendBody(response, sending, first)
    await endAs(response, fault)
  }

  async #sendBody(response: ServerResponse, sending: Sending, first: number): Promise<void> {
    const { payload, fault, sent } = sending
    const { cutAfter, stallAfter, endAfter, rate } = fault
    const end = Math.min(payload.size, cutAfter ?? stallAfter ?? endAfter ?? payload.size)
    const pieceSize = rate === undefined ? 65_536 : Math.ceil(rate / 20)
    for (let at = first; at < end;) {
      const piece = this.#piece(payload, at, Math.min(pieceSize, end - at))
      const octets = fault.differs === true ? spoiled(piece, payload.size / 2 - at) : piece
      at += piece.length
      if (rate !== undefined) await sleep(50)
      await this.#lineFree(piece.length)
      if (response.destroyed) return
      sent(piece.length)
      if (!response.write(octets)) await drained(response)
    }
  }

  /** At most `length` octets from `at` on. */
  #piece(payload: Payload, at: number, length: number): Buffer {
    const blocks = this.#octets.get(payload.path) ?? [...payloadBlocks(payload)]
    this.#octets.set(payload.path, blocks)
    const inBlock = at % (1 << 20)
    return blocks[at >> 20]?.subarray(inBlock, inBlock + length) ?? Buffer.alloc(0)
  }

  async #lineFree(length: number): Promise<void> {
    if (this.#rate === undefined) return
    const now = performance.now()
    this.#lineFreeAt = Math.max(now, this.#lineFreeAt) + (length / this.#rate) * 1000
    if (this.#lineFreeAt - now > 5) await sleep(this.#lineFreeAt - now)
  }
}

/** Says what part of a payload follows and answers where it begins. */
function rangeHead(request: IncomingMessage, response: ServerResponse, payload: Payload): number {
  const etag = `"${payload.path.split('/')[4] ?? ''}"`
  response.setHeader('etag', etag).setHeader('accept-ranges', 'bytes')
  const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (first === 0 || first >= payload.size || request.headers['if-range'] !== etag) return 0
  response.statusCode = 206
  response.setHeader('content-range', `bytes ${first}-${payload.size - 1}/${payload.size}`)
  return first
}

async function endAs(response: ServerResponse, { cutAfter, stallAfter }: Fault): Promise<void> {
  if (stallAfter !== undefined) return
  if (cutAfter === undefined) return void response.end()
  await sleep(5) // so that what was written leaves before the cut
  response.destroy()
}

/** A copy with another octet at `place`, if that is in it. */
function spoiled(piece: Buffer, place: number): Buffer {
  const index = Math.floor(place)
  const octet = piece[index]
  if (octet === undefined) return piece
  const copy = Buffer.from(piece)
  copy[index] = octet ^ 1
  return copy
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.once('drain', done).once('close', done)
  })
}
