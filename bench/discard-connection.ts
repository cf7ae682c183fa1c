/**
 * A client's connection that costs next to nothing: it asks 127.0.0.1 for one file after the other and
 * lets the kernel throw the bodies away (MSG_TRUNC, tcp(7)). For programs that have a process of their
 * own: waiting blocks it.
 */
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const socket = libc.func('int socket(int domain, int type, int protocol)')
const connect = libc.func('int connect(int fd, const void *address, unsigned int length)')
const send = libc.func('int64_t send(int fd, const void *data, size_t length, int flags)')
const recv = libc.func('int64_t recv(int fd, void *data, size_t length, int flags)')
const poll = libc.func('int poll(void *fds, unsigned long count, int milliseconds)')

const AF_INET = 2
const SOCK_STREAM = 1
const MSG_TRUNC = 0x20
const MSG_DONTWAIT = 0x40
const POLLIN = 1

/** How much one call throws away at most: other connections get their turn, too. */
const step = 1 << 20
const longestHead = 65_536
const scratch = Buffer.alloc(step)

export interface Taken {
  /** The first octet of a body has come. */
  readonly hadFirst: boolean
  /** All of it has: ask for the next. */
  readonly isWhole: boolean
}

const nothing: Taken = { hadFirst: false, isWhole: false }

export class Connection {
  readonly fd: number
  readonly #host: string
  /** Of the body; undefined while the head is awaited. */
  #left: number | undefined
  #size = 0
  /** Octets of bodies so far. */
  bytes = 0

  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`
    this.fd = Number(socket(AF_INET, SOCK_STREAM, 0))
    const address = Buffer.alloc(16)
    address.writeUInt16LE(AF_INET)
    address.writeUInt16BE(port, 2)
    address.set([127, 0, 0, 1], 4)
    if (connect(this.fd, address, address.length) !== 0) throw new Error('cannot connect')
  }

  ask(path: string): void {
    this.#left = undefined
    const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`)
    if (Number(send(this.fd, request, request.length, 0)) !== request.length) {
      throw new Error('the server takes no request')
    }
  }

  /** Takes what is there of the answer. Throws when it is not a whole file. */
  take(): Taken {
    if (this.#left === undefined) return this.#takeHead()
    const length = Number(
      recv(this.fd, scratch, Math.min(this.#left, step), MSG_TRUNC | MSG_DONTWAIT),
    )
    if (length === 0) throw new Error('the server closed the connection')
    return length > 0 ? this.#count(this.#left, length) : nothing
  }

  /** The head comes in one piece, with perhaps the first octets of the body. */
  #takeHead(): Taken {
    const length = Number(recv(this.fd, scratch, longestHead, MSG_DONTWAIT))
    const text = scratch.toString('latin1', 0, Math.max(0, length))
    const end = text.indexOf('\r\n\r\n')
    const size = /^content-length: *(\d+)\r$/im.exec(text.slice(0, end + 2))?.[1]
    if (!text.startsWith('HTTP/1.1 200 ') || size === undefined) {
      throw new Error(`not a whole file: ${text.slice(0, 60)}`)
    }
    this.#size = Number(size)
    return this.#count(this.#size, length - end - 4)
  }

  #count(left: number, length: number): Taken {
    this.bytes += length
    this.#left = left - length
    return { hadFirst: left === this.#size && length > 0, isWhole: this.#left === 0 }
  }
}

/** Waits until some of them have something to take, a second at most; says which. */
export function awaitReadable(connections: readonly Connection[]): readonly boolean[] {
  const fds = Buffer.alloc(8 * connections.length)
  connections.forEach(({ fd }, index) => {
    fds.writeInt32LE(fd, 8 * index)
    fds.writeInt16LE(POLLIN, 8 * index + 4)
  })
  poll(fds, connections.length, 1000)
  return connections.map((_, index) => fds.readInt16LE(8 * index + 6) !== 0)
}
