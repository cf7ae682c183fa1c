/**
 * The short way for requests whose answer is at hand: read from the connection, looked up by their
 * octets, answered in one write. Node's parser and fastify cost several times what sending a kilobyte
 * does. The first request that is anything else goes the usual way with its connection, which stays
 * there. Knows nothing of what is answered.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { plainAddress } from '../../core/ipv6.ts'
import { sendAtOnce, sendFilePart, takesFiles } from '../../io/files/file-sender.ts'
import type { OpenFile } from '../../io/files/file-tree.ts'

/** Who asked, and since when; `performance.now()`. */
export interface FastClient {
  readonly ip: string
  readonly startedAt: number
}

export type MayWait<T> = T | Promise<T>

export interface FastAnswer {
  /** With a short body behind it. */
  readonly head: Uint8Array
  /** The body, where it is in memory and not that short. */
  readonly body?: Uint8Array | undefined
  /** The connection ends with it. */
  readonly isLast: boolean
  /** Octets of the body. */
  readonly size: number
  /** The body, where it is not in memory. Undefined when it has gone: then the usual way is taken. */
  readonly open?: (() => MayWait<OpenFile | undefined>) | undefined
  /** Told once: how many octets of the body left. */
  readonly done: (client: FastClient, bytes: number) => void
}

/** The answer to the head of a request, one character for each octet; undefined: the usual way. */
export type FindAnswer = (head: string) => FastAnswer | undefined

/** Octets of a head, at most. */
const longestHead = 4096

/** How long a client may take nothing of its answer, milliseconds: far beyond a machine's own patience. */
const longestPause = 300_000

/** Puts the lane in front of a server that does not listen yet. Answers how to end what is in it. */
export function openFastLane(server: Server, find: FindAnswer): () => void {
  const connections = new Set<Connection>()
  const usual = server.listeners('connection')
  server.removeAllListeners('connection')
  const handOver = (socket: Socket): void => {
    for (const listener of usual) Reflect.apply(listener, server, [socket])
  }
  server.on('connection', (socket: Socket) => {
    if (socket instanceof TLSSocket) return handOver(socket) // nothing is to be won there
    const connection = new Connection(socket, {
      find,
      patience: server.keepAliveTimeout,
      ended: () => connections.delete(connection),
      handOver: () => {
        connections.delete(connection)
        handOver(socket)
      },
    })
    connections.add(connection)
  })
  return () => {
    for (const connection of connections) connection.cut()
  }
}

interface ConnectionOptions {
  readonly find: FindAnswer
  /** How long it may be silent between requests, milliseconds. */
  readonly patience: number
  readonly ended: () => void
  /** To those who usually take connections; what was read has been given back. */
  readonly handOver: () => void
}

class Connection {
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #ip: string
  /** What is being sent, and to whom. */
  #sending: { readonly answer: FastAnswer; readonly client: FastClient } | undefined
  /** What came meanwhile. */
  #ahead: Buffer | undefined
  #isEnding = false

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.#ip = plainAddress(socket.remoteAddress ?? '')
    socket.setTimeout(options.patience)
    for (const [name, listener] of this.#listeners) socket.on(name, listener)
  }

  cut(): void {
    this.#socket.destroy()
  }

  readonly #onData = (octets: Buffer): void => {
    if (this.#sending === undefined) this.#take(octets)
    else this.#keep(octets)
  }

  readonly #onEnd = (): void => {
    this.#isEnding = true
    if (this.#sending === undefined) this.#socket.end()
  }

  /** Between requests, or in the middle of an answer that nobody takes. */
  readonly #onSilence = (): void => this.cut()

  readonly #onError = (): void => this.cut()

  readonly #onClose = (): void => {
    if (this.#sending?.answer.open === undefined) this.#over(0)
    this.#options.ended()
  }

  readonly #listeners = [
    ['data', this.#onData],
    ['end', this.#onEnd],
    ['timeout', this.#onSilence],
    ['error', this.#onError],
    ['close', this.#onClose],
  ] as const

  /** One answer after the other: who asks ahead waits. */
  #keep(octets: Buffer): void {
    this.#ahead = this.#ahead === undefined ? octets : Buffer.concat([this.#ahead, octets])
    this.#socket.pause()
  }

  #take(octets: Buffer): void {
    const answer = octets.length > longestHead ? undefined : this.#find(octets)
    if (answer === undefined) return this.#handOver(octets)
    this.#sending = { answer, client: { ip: this.#ip, startedAt: performance.now() } }
    if (answer.open === undefined) this.#write(answer.head, answer.body)
    else this.#openFile(answer, answer.open, octets)
  }

  /** What cannot be looked up is told the usual way. */
  #find(octets: Buffer): FastAnswer | undefined {
    try {
      return this.#options.find(octets.toString('latin1'))
    } catch {
      return undefined
    }
  }

  #write(head: Uint8Array, body?: Uint8Array): void {
    const socket = this.#socket
    if (body !== undefined) sendAtOnce(socket, head, { more: true })
    if (sendAtOnce(socket, body ?? head, this.#afterwards))
      this.#over(this.#sending?.answer.size ?? 0)
    else socket.setTimeout(longestPause)
  }

  readonly #onWritten = (error?: Error | null): void => {
    const isWhole = error === undefined || error === null
    this.#socket.setTimeout(this.#options.patience)
    this.#over(isWhole ? (this.#sending?.answer.size ?? 0) : 0)
  }

  readonly #afterwards = { more: false, done: this.#onWritten }

  /** Without a promise where none is needed: they cost as much as a short answer. */
  #openFile(answer: FastAnswer, open: () => MayWait<OpenFile | undefined>, octets: Buffer): void {
    try {
      const file = open()
      if (!(file instanceof Promise)) this.#sendFile(answer, file, octets)
      else file.then((late) => this.#sendFile(answer, late, octets)).catch(this.#onUnreadable)
    } catch {
      this.#onUnreadable()
    }
  }

  #sendFile(answer: FastAnswer, file: OpenFile | undefined, octets: Buffer): void {
    let sending: Promise<number> | undefined
    try {
      sending = this.#beginFile(answer, file, octets)
    } finally {
      if (sending === undefined) void file?.close()
    }
    void sending
      ?.then(this.#onSent)
      .catch(this.#onUnreadable)
      .finally(() => void file?.close())
  }

  /** What goes on after this turn. */
  #beginFile(
    { head, size }: FastAnswer,
    file: OpenFile | undefined,
    octets: Buffer,
  ): Promise<number> | undefined {
    const socket = this.#socket
    const { octets: body, descriptor } = file ?? {}
    if (socket.destroyed) this.#over(0)
    else if (body !== undefined) this.#write(head, body)
    else if (descriptor === undefined || !takesFiles(socket)) this.#handOver(octets)
    else {
      sendAtOnce(socket, head, { more: true })
      const sent = sendFilePart(socket, { descriptor, first: 0, length: size })
      if (sent instanceof Promise) {
        socket.setTimeout(longestPause)
        return sent
      }
      this.#over(sent)
    }
    return undefined
  }

  readonly #onSent = (bytes: number): void => {
    const isWhole = bytes === this.#sending?.answer.size
    if (!isWhole) this.#socket.destroy() // the client must see it
    this.#socket.setTimeout(this.#options.patience)
    this.#over(bytes)
  }

  /** Another request for it is told so the usual way. */
  readonly #onUnreadable = (): void => {
    this.#socket.destroy()
    this.#over(0)
  }

  /** The answer has left, or cannot. */
  #over(bytes: number): void {
    if (this.#sending === undefined) return
    const { answer, client } = this.#sending
    this.#sending = undefined
    answer.done(client, bytes)
    const ahead = this.#ahead
    if (answer.isLast) this.#socket.destroySoon()
    else if (this.#isEnding) this.#socket.end()
    else if (ahead !== undefined) {
      this.#ahead = undefined
      this.#socket.resume()
      this.#take(ahead)
    }
  }

  #handOver(octets: Buffer): void {
    const socket = this.#socket
    if (this.#isEnding) {
      socket.destroy() // nothing can be given back behind the end
      return this.#over(0)
    }
    const ahead = this.#ahead === undefined ? [] : [this.#ahead]
    this.#sending = undefined
    this.#ahead = undefined
    for (const [name, listener] of this.#listeners) socket.off(name, listener)
    socket.setTimeout(0)
    socket.pause()
    socket.unshift(Buffer.concat([octets, ...ahead]))
    this.#options.handOver()
    socket.resume()
  }
}
