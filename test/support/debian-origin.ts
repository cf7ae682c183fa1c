/**
 * The origin that a mirror of Debian has in the lab: a folder, and behind it, where one is given, the
 * archive that this computer's apt uses, which the lab's network does not reach by itself.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { once } from 'node:events'
import {
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
  request,
} from 'node:http'
import { join, normalize } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { LabNetwork } from '../../src/lab/network.ts'
import { type LabChild, startIn, stop } from '../../src/lab/processes.ts'

const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))
const address = '192.168.50.3'

/** What the mirror's configuration says. */
export const debianOrigin = `http://${address}`

export interface OriginPlace {
  /** Its `debian/` is an archive. */
  readonly folder: string
  /** Of the machine's archive, ending in `/debian`. */
  readonly upstream?: string | undefined
  /** A path for a socket between the lab's network and this process. */
  readonly socket: string
}

export class DebianOrigin implements AsyncDisposable {
  /** `GET /debian/…`, in order. */
  readonly asked: string[] = []
  /** Octets that were sent. */
  bytes = 0
  readonly #place: OriginPlace
  readonly #server: Server
  #door: LabChild | undefined

  private constructor(place: OriginPlace) {
    this.#place = place
    this.#server = createServer((incoming, answer) => {
      void this.#answer(incoming, answer).catch(() => answer.destroy())
    })
  }

  static async start(network: LabNetwork, place: OriginPlace): Promise<DebianOrigin> {
    const origin = new DebianOrigin(place)
    origin.#server.listen(place.socket)
    await once(origin.#server, 'listening')
    const namespace = await network.attach('archive', `${address}/24`)
    origin.#door = startIn(namespace, [node, '--eval', doorTo(place.socket)])
    await once(origin.#door.stdout, 'data')
    return origin
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#door !== undefined) await stop(this.#door)
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #answer(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = incoming
    this.asked.push(`${method} ${url}`)
    const file = join(this.#place.folder, normalize(decodeURIComponent(url)))
    const found = await stat(file).catch(() => undefined)
    if (found?.isFile() === true) {
      const changed = found.mtime.toUTCString()
      answer.writeHead(200, { 'Content-Length': found.size, 'Last-Modified': changed })
      this.bytes += found.size
      await pipeline(createReadStream(file), answer)
    } else if (this.#place.upstream === undefined) {
      answer.writeHead(404, { 'Content-Length': 0 }).end()
    } else {
      // So `/debian-security` is beside it.
      const target = new URL(`${this.#place.upstream}${url.replace(/^\/debian/, '')}`)
      await this.#relay(target, incoming, answer)
    }
  }

  async #relay(target: URL, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const headers = { ...incoming.headers, host: target.host }
    const asking = request(target, { method: incoming.method, headers }).end()
    const [found] = (await once(asking, 'response')) as [IncomingMessage]
    answer.writeHead(found.statusCode ?? 502, found.headers)
    found.on('data', (octets: Buffer) => (this.bytes += octets.length))
    await pipeline(found, answer)
  }
}

/** A program for the lab's network: what comes in goes through the socket. */
function doorTo(socket: string): string {
  return `
    const net = require('node:net')
    net.createServer((one) => {
      const other = net.connect(${JSON.stringify(socket)})
      one.on('error', () => other.destroy())
      other.on('error', () => one.destroy())
      one.pipe(other).pipe(one)
    }).listen(80, '${address}', () => console.log('open'))`
}
