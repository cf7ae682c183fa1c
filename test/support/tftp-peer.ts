/** A hand-driven TFTP client on loopback: says exactly what it is told to, and nothing by itself. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { decodeTftp, encodeTftp, type TftpPacket } from '../../src/wire/tftp/tftp-packet.ts'

export interface Heard {
  readonly packet: TftpPacket
  /** The port it came from: the server's transfer id. */
  readonly port: number
}

export class TftpPeer {
  readonly #socket: Socket
  readonly #heard: Heard[] = []
  #wake: (() => void) | undefined
  readonly port: number

  private constructor(socket: Socket) {
    this.#socket = socket
    this.port = socket.address().port
    socket.on('message', (octets, from) => {
      this.#heard.push({ packet: decodeTftp(octets), port: from.port })
      this.#wake?.()
    })
  }

  static async open(): Promise<TftpPeer> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new TftpPeer(socket)
  }

  send(packet: TftpPacket | Uint8Array, port: number, address = '127.0.0.1'): void {
    const octets = packet instanceof Uint8Array ? packet : encodeTftp(packet)
    this.#socket.send(octets, port, address)
  }

  read(file: string, port: number, options: Record<string, string> = {}, mode = 'octet'): void {
    const asked = new Map(Object.entries(options))
    this.send({ type: 'readRequest', file, mode, options: asked }, port)
  }

  acknowledge(block: number, port: number): void {
    this.send({ type: 'acknowledgement', block }, port)
  }

  async next(): Promise<Heard> {
    while (this.#heard.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#heard.shift()!
  }

  /** What has arrived and was not looked at. */
  get pending(): readonly Heard[] {
    return this.#heard
  }

  /** A whole file by acknowledging what arrives in order; rejects on ERROR. */
  async fetch(
    file: string,
    port: number,
    options: Record<string, string> = {},
    mode = 'octet',
  ): Promise<Uint8Array> {
    this.read(file, port, options, mode)
    const parts: Uint8Array[] = []
    let blockSize = 512
    for (let expected = 1; ;) {
      const { packet, port: from } = await this.next()
      if (packet.type === 'error') throw new Error(`error ${packet.code}: ${packet.message}`)
      if (packet.type === 'optionAcknowledgement') {
        blockSize = Number(packet.options.get('blksize') ?? 512)
        this.acknowledge(0, from)
      } else if (packet.type === 'data' && packet.block === (expected & 0xffff)) {
        parts.push(packet.octets)
        this.acknowledge(packet.block, from)
        expected++
        if (packet.octets.length < blockSize) return Buffer.concat(parts)
      }
    }
  }

  close(): void {
    this.#socket.close()
  }
}
