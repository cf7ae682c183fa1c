/**
 * A machine's serial console: what it wrote, with times; waiting for words; typing.
 *
 * Firmware paints menus with terminal control sequences. They are taken out of the text, so that
 * an expression matches what a person would read.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { connectWhenThere } from './qmp.ts'

/** A line of the console, and when its first letter came, epoch milliseconds. */
export interface ConsoleLine {
  readonly at: number
  readonly text: string
}

interface Watcher {
  readonly pattern: RegExp
  readonly seen: () => void
}

// CSI sequences, character set choices and other two-letter escapes (ECMA-48 5.3 and 5.4).
// oxlint-disable-next-line no-control-regex -- control sequences are what is looked for
const controlSequence = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-B]|[@-Z\\-_c-z])/g
// oxlint-disable-next-line no-control-regex -- the same, cut off in the middle
const unfinishedSequence = /\u001b(?:\[[0-?]*[ -/]*|[()])?$/
/** Moving the cursor to a place starts a new line of text for us. */
// oxlint-disable-next-line no-control-regex -- see above
const cursorPosition = /\u001b\[[0-9;]*[Hf]/g

export class SerialConsole implements Disposable {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #lines: ConsoleLine[] = []
  #watchers: Watcher[] = []
  #text = ''
  #pending = ''

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#take(chunk))
    socket.on('error', () => undefined) // QEMU went away: the machine is off, its text stays
  }

  static async open(path: string, clock: Clock): Promise<SerialConsole> {
    return new SerialConsole(await connectWhenThere(path), clock)
  }

  /** Everything so far, without control sequences. */
  get text(): string {
    return this.#text
  }

  get lines(): readonly ConsoleLine[] {
    return this.#lines
  }

  /** Resolves once the text matches, now or later; give up by aborting `signal`. */
  waitFor(pattern: RegExp, signal: AbortSignal): Promise<void> {
    if (pattern.test(this.#text)) return Promise.resolve()
    if (signal.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const watcher = { pattern, seen: resolve }
      this.#watchers.push(watcher)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  /** Types letters as they stand; `\r` is the Enter key. */
  type(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  /** Copies what the machine writes to a screen, from now on; answers with how to stop. */
  attach(screen: NodeJS.WritableStream): () => void {
    const copy = (chunk: string): void => void screen.write(Buffer.from(chunk, 'latin1'))
    this.#socket.on('data', copy)
    return () => this.#socket.off('data', copy)
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #take(chunk: string): void {
    const raw = this.#pending + chunk
    const cut = unfinishedSequence.exec(raw)?.index ?? raw.length
    this.#pending = raw.slice(cut)
    this.#append(readable(raw.slice(0, cut)))
    this.#watchers = this.#watchers.filter(({ pattern, seen }) => {
      if (!pattern.test(this.#text)) return true
      seen()
      return false
    })
  }

  #append(text: string): void {
    this.#text += text
    const at = this.#clock()
    const [first = '', ...others] = text.split('\n')
    const last = this.#lines.pop()
    this.#lines.push({ at: last?.text ? last.at : at, text: (last?.text ?? '') + first })
    for (const line of others) this.#lines.push({ at, text: line })
  }
}

function readable(raw: string): string {
  return raw
    .replaceAll(cursorPosition, '\n')
    .replaceAll(controlSequence, '')
    .replaceAll(/\r\n?/g, '\n')
}
