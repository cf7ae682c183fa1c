/**
 * A client that costs next to nothing: `node discard.ts PORT PATH CONNECTIONS SECONDS` asks
 * 127.0.0.1 again and again over kept connections and lets the kernel throw the bodies away
 * (MSG_TRUNC, tcp(7)). Prints `{ bytes, requests, seconds }`. For bodies of megabytes: for small
 * ones wrk is the better client.
 */
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const socket = libc.func('int socket(int domain, int type, int protocol)')
const connect = libc.func('int connect(int fd, const void *address, unsigned int length)')
const send = libc.func('int64_t send(int fd, const void *data, size_t length, int flags)')
const recv = libc.func('int64_t recv(int fd, void *data, size_t length, int flags)')
const poll = libc.func('int poll(void *fds, unsigned long count, int milliseconds)')

const MSG_TRUNC = 0x20
const MSG_DONTWAIT = 0x40
const POLLIN = 1
/** How much one call throws away at most: other connections get their turn, too. */
const step = 1 << 20

const [port = 0, connections = 1, seconds = 1] = [2, 4, 5].map((n) => Number(process.argv[n]))
const path = process.argv[3] ?? '/'
const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
const scratch = Buffer.alloc(step)

class Connection {
  readonly fd: number
  #left = 0
  requests = 0
  bytes = 0

  constructor() {
    this.fd = Number(socket(2, 1, 0))
    const address = Buffer.from([
      2,
      0,
      port >> 8,
      port & 0xff,
      127,
      0,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    ])
    if (connect(this.fd, address, address.length) !== 0) throw new Error('cannot connect')
    this.#ask()
  }

  /** Takes what is there. */
  take(): void {
    if (this.#left === 0) return this.#takeHead()
    const length = Number(
      recv(this.fd, scratch, Math.min(this.#left, step), MSG_TRUNC | MSG_DONTWAIT),
    )
    if (length === 0) throw new Error('the server closed the connection')
    if (length > 0) this.#count(length)
  }

  /** The head comes in one piece, with perhaps the first octets of the body. */
  #takeHead(): void {
    const length = Number(recv(this.fd, scratch, 65_536, MSG_DONTWAIT))
    const text = scratch.toString('latin1', 0, Math.max(0, length))
    const end = text.indexOf('\r\n\r\n')
    const size = /^content-length: *(\d+)\r$/im.exec(text.slice(0, end + 2))?.[1]
    if (!text.startsWith('HTTP/1.1 200 ') || size === undefined) {
      throw new Error(`not a whole file: ${text.slice(0, 60)}`)
    }
    this.#left = Number(size)
    this.#count(length - end - 4)
  }

  #count(length: number): void {
    this.bytes += length
    this.#left -= length
    if (this.#left > 0) return
    this.requests += 1
    this.#ask()
  }

  #ask(): void {
    if (Number(send(this.fd, request, request.length, 0)) !== request.length) {
      throw new Error('the server takes no request')
    }
  }
}

const open = Array.from({ length: connections }, () => new Connection())
const fds = Buffer.alloc(8 * open.length)
open.forEach(({ fd }, index) => {
  fds.writeInt32LE(fd, 8 * index)
  fds.writeInt16LE(POLLIN, 8 * index + 4)
})
const start = performance.now()
while (performance.now() - start < seconds * 1000) {
  poll(fds, open.length, 1000)
  open.forEach((connection, index) => {
    if (fds.readInt16LE(8 * index + 6) !== 0) connection.take()
  })
}
const sum = (value: (connection: Connection) => number): number =>
  open.reduce((total, connection) => total + value(connection), 0)
const result = {
  bytes: sum(({ bytes }) => bytes),
  requests: sum(({ requests }) => requests),
  seconds: (performance.now() - start) / 1000,
}
console.log(JSON.stringify(result))
