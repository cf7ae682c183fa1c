/**
 * One plain file that many read at the same time: opened once, and closed when its owner and the
 * last reader have let go of it. So an image can be taken away while it is being sent.
 */
import type { ByteSource } from '../wire/byte-source.ts'
import { openPlainFile } from './disk-tree.ts'
import type { OpenFile } from './file-tree.ts'

export class SharedFile implements ByteSource {
  readonly #file: OpenFile
  #holders = 1

  private constructor(file: OpenFile) {
    this.#file = file
  }

  /** The file at a path without links; undefined where there is no plain file. */
  static async open(path: string): Promise<SharedFile | undefined> {
    const file = await openPlainFile(path)
    return file === undefined ? undefined : new SharedFile(file)
  }

  get size(): number {
    return this.#file.size
  }

  /** Changes whenever the octets do. */
  get etag(): string {
    return this.#file.etag
  }

  get modified(): Date | undefined {
    return this.#file.modified
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#file.read(buffer, position)
  }

  /** One more reader, who calls `release` at the end. */
  hold(): void {
    this.#holders += 1
  }

  async release(): Promise<void> {
    this.#holders -= 1
    if (this.#holders === 0) await this.#file.close()
  }
}
