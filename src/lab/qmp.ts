/**
 * A client for QEMU's machine protocol: start the machine, press its keys, take a picture of its
 * screen, switch it off. JSON, one object per line, over a Unix socket; qemu-qmp-ref(7).
 */
import { type Socket, createConnection } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { SystemError, messageOf } from '../core/errors.ts'
import { onLines } from './processes.ts'

/** Between two key presses, milliseconds: firmware polls its keyboard slowly. */
const keyPause = 150

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class QmpClient implements Disposable {
  readonly #socket: Socket
  readonly #waiting: Waiting[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    onLines(socket, (line) => this.#take(line))
    socket.on('error', (error) => this.#fail(error.message))
    socket.on('close', () => this.#fail('QEMU has ended'))
  }

  /** Connects as soon as QEMU has opened the socket, and agrees on the protocol. */
  static async open(path: string): Promise<QmpClient> {
    const client = new QmpClient(await connectWhenThere(path))
    await client.#execute('qmp_capabilities')
    return client
  }

  /** Lets a machine that was started with `-S` run: the moment of power-on. */
  powerOn(): Promise<void> {
    return this.#execute('cont')
  }

  /** Presses keys one after the other, each by QEMU's name: `down`, `ret`, `f8`, `shift-a`. */
  async press(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const codes = key.split('-').map((data) => ({ type: 'qcode', data }))
      await this.#execute('send-key', { keys: codes })
      await delay(keyPause)
    }
  }

  /** Writes what the machine's screen shows into a PNG file. */
  screenshot(filename: string): Promise<void> {
    return this.#execute('screendump', { filename, format: 'png' })
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #execute(execute: string, args: object = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#socket.write(`${JSON.stringify({ execute, arguments: args })}\n`)
    })
  }

  /** Answers come in the order of the commands; the greeting and events belong to none. */
  #take(line: string): void {
    const message: unknown = JSON.parse(line)
    if (typeof message !== 'object' || message === null) return
    if ('return' in message) this.#waiting.shift()?.resolve()
    if ('error' in message) {
      this.#waiting.shift()?.reject(new SystemError(`QEMU: ${JSON.stringify(message.error)}`))
    }
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new SystemError(`QEMU: ${reason}`))
  }
}

/** Connects to a Unix socket that another process is about to open; at most ten seconds. */
export async function connectWhenThere(path: string): Promise<Socket> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await connect(path)
    } catch (error) {
      if (attempt === 200) throw new SystemError(`${path}: ${messageOf(error)}`, { cause: error })
      await delay(50)
    }
  }
}

function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
