/**
 * The C library, by koffi: which of its functions are called, with what types. What for is told in
 * `native.ts`, which alone uses it. One declaration that koffi does not understand takes all away.
 */
import { createRequire } from 'node:module'
import { messageOf } from '../../core/errors.ts'

/** The C library refused; `code` is the name of its errno, e.g. `EADDRINUSE`, as in Node's own errors. */
export class NativeError extends Error {
  override name = 'NativeError'
  readonly code: string

  constructor(code: string, call: string) {
    super(`${call}: ${code}`)
    this.code = code
  }
}

export interface Calls {
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly setsockopt: (
    ...args: [fd: number, level: number, name: number, value: Uint8Array, length: number]
  ) => number
  readonly bind: (fd: number, address: Uint8Array, length: number) => number
  readonly sendto: (
    ...args: [
      fd: number,
      octets: Uint8Array,
      length: number,
      flags: number,
      address: Uint8Array,
      addressLength: number,
    ]
  ) => number
  readonly recv: (
    ...args: [fd: number, octets: Uint8Array, length: number, flags: number]
  ) => number
  readonly ioctl: (fd: number, request: number, argument: Uint8Array) => number
  readonly close: (fd: number) => number
  readonly sendfile: (
    ...args: [socket: number, file: number, position: Uint8Array, length: number]
  ) => number | bigint
  readonly send: (
    ...args: [socket: number, octets: Uint8Array, length: number, flags: number]
  ) => number | bigint
  readonly capget: (header: Uint8Array, sets: Uint8Array) => number
  readonly capset: (header: Uint8Array, sets: Uint8Array) => number
  /** Passes a result on, or throws what errno says. */
  readonly checked: (call: string, result: number) => number
}

export interface Library {
  readonly calls?: Calls
  readonly problem?: string
}

type Koffi = typeof import('koffi')

let loaded: Library | undefined

/** Loaded at the first use. */
export function library(): Library {
  loaded ??= load()
  return loaded
}

function load(): Library {
  if (process.platform !== 'linux') return { problem: `not on ${process.platform}` }
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi')
    return { calls: declare(koffi.load(null), errnoNames(koffi)) }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

function errnoNames(koffi: Koffi): () => string {
  const names = new Map(Object.entries(koffi.os.errno).map(([name, code]) => [code, name]))
  return () => names.get(koffi.errno()) ?? `errno ${koffi.errno()}`
}

function declare(c: ReturnType<Koffi['load']>, lastError: () => string): Calls {
  return {
    socket: c.func('int socket(int domain, int type, int protocol)'),
    setsockopt: c.func('int setsockopt(int fd, int level, int name, void *value, uint32_t length)'),
    bind: c.func('int bind(int fd, void *address, uint32_t length)'),
    sendto: c.func(
      'int sendto(int fd, void *data, size_t length, int flags, void *address, uint32_t size)',
    ),
    recv: c.func('int recv(int fd, void *data, size_t length, int flags)'),
    ioctl: c.func('int ioctl(int fd, unsigned long request, void *argument)'),
    close: c.func('int close(int fd)'),
    sendfile: c.func('int64_t sendfile64(int socket, int file, void *position, size_t length)'),
    send: c.func('int64_t send(int socket, void *data, size_t length, int flags)'),
    capget: c.func('int capget(void *header, void *sets)'),
    capset: c.func('int capset(void *header, void *sets)'),
    checked: (call, result) => {
      if (result < 0) throw new NativeError(lastError(), call)
      return result
    },
  }
}
