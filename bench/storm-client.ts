/**
 * A boot storm: `node storm-client.ts PORT HOSTS IMAGE` lets all hosts ask 127.0.0.1 for each file of
 * the image, one after the other over a kept connection each, all beginning at the same moment. The
 * kernel throws the bodies away (`discard-connection.ts`), so that the crowd costs next to nothing.
 * Prints what each host has waited for, milliseconds.
 */
import { Connection, awaitReadable } from './discard-connection.ts'
import { imageFiles } from './storm-image.ts'

export interface StormResult {
  /** Until a host had the first octet of its first file. */
  readonly firstByte: readonly number[]
  /** Until it had all of its files. */
  readonly done: readonly number[]
  /** Until the first octet of a file, each file of each host. */
  readonly waits: readonly number[]
}

const [port = 0, hosts = 0] = process.argv.slice(2).map(Number)
const files = imageFiles(process.argv[4] ?? '')
const waits: number[] = []
const firstByte: number[] = []
const done: number[] = []
let started = 0

class Host {
  readonly connection = new Connection(port)
  #file = -1
  #askedAt = 0

  next(): void {
    this.#file += 1
    const file = files[this.#file]
    if (file === undefined) return void done.push(performance.now() - started)
    this.#askedAt = performance.now()
    this.connection.ask(file.path)
  }

  get isDone(): boolean {
    return this.#file >= files.length
  }

  take(): void {
    const { hadFirst, isWhole } = this.connection.take()
    if (hadFirst) {
      const now = performance.now()
      waits.push(now - this.#askedAt)
      if (this.#file === 0) firstByte.push(now - started)
    }
    if (isWhole) this.next()
  }
}

const all = Array.from({ length: hosts }, () => new Host())
started = performance.now()
for (const host of all) host.next()
let waiting = all
while (waiting.length > 0) {
  const readable = awaitReadable(waiting.map(({ connection }) => connection))
  waiting.forEach((host, index) => {
    if (readable[index] === true) host.take()
  })
  waiting = waiting.filter(({ isDone }) => !isDone)
}
const result: StormResult = { firstByte, done, waits }
console.log(JSON.stringify(result))
