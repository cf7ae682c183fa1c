/**
 * The files that an image consists of, read by many at the same time: opened once, and closed when
 * their owner and the last reader have let go of them. So an image can be taken away while it is
 * being sent. A file that somebody writes into is not sent on: half of it would be another one.
 */
import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { ProtocolError, codeOf } from '../../core/errors.ts'
import type { ByteSource } from '../../wire/byte-source.ts'
import { type DiskFile, openPlainFile } from '../files/disk-tree.ts'

export class SharedFiles {
  readonly #signal: AbortSignal | undefined
  /** By their paths. */
  readonly #files = new Map<string, DiskFile>()
  /** Where there are none, what is read is not ours to watch: another one each time. */
  readonly #fallback = randomUUID()
  #holders = 1

  /** Once `signal` is aborted, nothing is read any more. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /** The file at a path without links; undefined where there is no plain file. */
  async open(path: string): Promise<ByteSource | undefined> {
    const file = this.#files.get(path) ?? (await openIfThere(path))
    if (file === undefined) return undefined
    this.#files.set(path, file)
    const { descriptor } = file
    return {
      size: file.size,
      read: (buffer, position) => this.#read(path, buffer, position),
      place:
        descriptor === undefined
          ? undefined
          : { descriptor, position: 0, isUnchanged: () => file.isUnchanged() },
    }
  }

  async #read(path: string, buffer: Uint8Array, position: number): Promise<number> {
    this.#signal?.throwIfAborted()
    const file = this.#files.get(path)
    const got = await file?.read(buffer, position)
    if ((await file?.isUnchanged()) === true) return got ?? 0
    throw new ProtocolError(basename(path), 'was written to while it was read')
  }

  /** Changes whenever the octets of one of them do. */
  get etag(): string {
    return [...this.#files.values()].map(({ etag }) => etag).join('+') || this.#fallback
  }

  /** When the first of them was written. */
  get modified(): Date | undefined {
    const [first] = this.#files.values()
    return first?.modified
  }

  /** One more reader, who calls `release` at the end; false when they are closed already. */
  hold(): boolean {
    if (this.#holders === 0) return false
    this.#holders += 1
    return true
  }

  async release(): Promise<void> {
    this.#holders -= 1
    if (this.#holders > 0) return
    const files = [...this.#files.values()]
    this.#files.clear()
    for (const file of files) await file.close()
  }
}

async function openIfThere(path: string): Promise<DiskFile | undefined> {
  try {
    return await openPlainFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
