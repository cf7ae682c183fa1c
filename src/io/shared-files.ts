/**
 * The files that an image consists of, read by many at the same time: opened once, and closed when
 * their owner and the last reader have let go of them. So an image can be taken away while it is
 * being sent.
 */
import { randomUUID } from 'node:crypto'
import type { ByteSource } from '../wire/byte-source.ts'
import { openPlainFile } from './disk-tree.ts'
import type { OpenFile } from './file-tree.ts'

export class SharedFiles {
  readonly #files: OpenFile[] = []
  /** Where there are none, what is read is not ours to watch: another one each time. */
  readonly #fallback = randomUUID()
  #holders = 1

  /** The file at a path without links; undefined where there is no plain file. */
  async open(path: string): Promise<ByteSource | undefined> {
    const file = await openPlainFile(path)
    if (file !== undefined) this.#files.push(file)
    return file
  }

  /** Changes whenever the octets of one of them do. */
  get etag(): string {
    return this.#files.map(({ etag }) => etag).join('+') || this.#fallback
  }

  /** When the first of them was written. */
  get modified(): Date | undefined {
    return this.#files[0]?.modified
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
    for (const file of this.#files.splice(0)) await file.close()
  }
}
