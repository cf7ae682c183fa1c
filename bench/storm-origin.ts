/**
 * The origin of the boot storm: `node storm-origin.ts PORT OCTETS-PER-SECOND` serves any path that
 * ends in `-SIZE`, whole or a range of it, to all who ask together at no more than that rate, each in
 * turn. `/counters` tells what it has sent since it was asked for that last.
 */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

const [port = 0, rate = 0] = process.argv.slice(2).map(Number)
/** Octets that are sent in one turn. */
const step = 64 << 10
/** Each file is a window of these, at a place that its path says. */
const octets = randomBytes(100_000_000)

let sent = { requests: 0, bytes: 0 }

/** Lets octets through at the rate; who comes first leaves first. */
class Throttle {
  #turn = Promise.resolve()
  /** When what was let through until now has left at the rate. */
  #clearAt = 0

  take(length: number): Promise<void> {
    this.#turn = this.#wait(this.#turn, length)
    return this.#turn
  }

  async #wait(earlier: Promise<void>, length: number): Promise<void> {
    await earlier
    const now = performance.now()
    this.#clearAt = Math.max(this.#clearAt, now) + (length / rate) * 1000
    // Timers are late by a millisecond or so: what is due before that leaves at once.
    if (this.#clearAt - now > 2) await delay(this.#clearAt - now - 1)
  }
}

const throttle = new Throttle()

interface Part {
  readonly first: number
  readonly end: number
  /** Of the whole file. */
  readonly size: number
  readonly isRange: boolean
}

function partOf({ url = '', headers }: IncomingMessage): Part | undefined {
  const size = Number(/-(\d+)$/.exec(url)?.[1] ?? Number.NaN)
  if (Number.isNaN(size)) return undefined
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  if (from === undefined) return { first: 0, end: size, size, isRange: false }
  return { first: Number(from), end: Math.min(size, Number(to) + 1), size, isRange: true }
}

function head({ first, end, size, isRange }: Part, response: ServerResponse): void {
  response.writeHead(isRange ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': end - first,
    'last-modified': 'Sat, 21 Nov 2026 10:00:00 GMT',
    'accept-ranges': 'bytes',
    ...(isRange ? { 'content-range': `bytes ${first}-${end - 1}/${size}` } : {}),
  })
}

async function send(path: string, { first, end }: Part, response: ServerResponse): Promise<void> {
  const place = createHash('sha256').update(path).digest().readUInt16BE(0)
  for (let at = first; at < end && !response.destroyed; at += step) {
    const octetsNow = octets.subarray(place + at, place + Math.min(at + step, end))
    await throttle.take(octetsNow.length)
    sent.bytes += octetsNow.length
    if (!response.write(octetsNow)) {
      await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
  }
  response.end()
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/counters') {
    response.end(JSON.stringify(sent))
    sent = { requests: 0, bytes: 0 }
    return
  }
  const part = partOf(request)
  if (part === undefined) return void response.writeHead(404).end()
  sent.requests += 1
  head(part, response)
  if (request.method === 'HEAD') response.end()
  else void send(request.url ?? '', part, response)
}

createServer(answer).listen(port, '127.0.0.1')
