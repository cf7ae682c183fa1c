/**
 * A file while it is being written: one writer, any number of followers, each at its own pace. A
 * follower gets what is there and waits at the end; it never waits for another follower.
 *
 * What has arrived and is not on disk yet is read from memory. When the disk refuses (full, gone),
 * the file goes on in memory only: then, and only then, the writer waits for the slowest follower,
 * so that memory stays bounded, and nobody may join once the beginning has been let go. Refuses to
 * know where the octets come from.
 */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

/** Octets that may wait for the disk before the writer has to wait. */
const highWater = 4 << 20
/** The same for the slowest follower, when there is no disk. */
const highWaterInMemory = 32 << 20

/**
 * Milliseconds between two calls to those who wait: octets come in pieces of 16 KB over TLS, and
 * waking every follower for each of them costs more than serving it. After a silence they are called
 * at once: the first octets of a file are not held back.
 */
const pulseLength = 3

/** What is needed of a file's handle. */
export interface GrowingHandle extends Pick<FileHandle, 'read' | 'close'> {
  /** Undefined where the kernel cannot send from it. */
  readonly fd?: number
  writev(buffers: readonly Uint8Array[], position: number): Promise<{ bytesWritten: number }>
}

export class GrowingFile {
  readonly #handle: GrowingHandle | undefined
  readonly #hash = createHash('sha256')
  readonly #followers = new Set<Follower>()
  /** What came in, in order, from `#tailStart` on; all before is on disk, or let go. */
  readonly #tail: Uint8Array[] = []
  #tailStart = 0
  #received = 0
  #flushing: Promise<void> | undefined
  #onDisk: boolean
  readonly #lost = Promise.withResolvers<void>()
  #beginningLetGo = false
  #everFollowed = false
  #ended: 'no' | 'whole' | 'broken' = 'no'
  #cause = new Error('the file ended early')
  #moved = Promise.withResolvers<void>()
  #pulse: NodeJS.Timeout | undefined
  #wokenAt = 0

  /** Without a handle it lives in memory from the start. */
  constructor(handle: GrowingHandle | undefined) {
    this.#handle = handle
    this.#onDisk = handle !== undefined
    if (handle === undefined) this.#lost.resolve()
  }

  get received(): number {
    return this.#received
  }

  /** The file's own. */
  get descriptor(): number | undefined {
    return this.#handle?.fd
  }

  /** Whether everything has gone to the disk so far. */
  get isOnDisk(): boolean {
    return this.#onDisk
  }

  /** Resolves when the disk refuses; never, as a rule. */
  get lostDisk(): Promise<void> {
    return this.#lost.promise
  }

  /** Answers when the writer may go on, at once as a rule; false when nobody wants more. */
  async append(chunk: Uint8Array): Promise<boolean> {
    this.#hash.update(chunk)
    this.#tail.push(chunk)
    this.#received += chunk.length
    this.#pulse ??= setTimeout(() => this.#wake(), pulseLength)
    if (this.#onDisk) {
      this.#flushing ??= this.#flush()
      if (this.#received - this.#tailStart > highWater) await this.#flushing
    }
    return this.#onDisk ? true : await this.#waitForFollowers()
  }

  /** All octets are here: followers come to their end. Answers their SHA-256, lower-case hex. */
  async finish(): Promise<string> {
    this.#ended = 'whole'
    this.#wake()
    await this.#flushing
    return this.#hash.digest('hex')
  }

  /** No more will come: followers get what is there, then `cause`. */
  fail(cause: Error): void {
    this.#ended = 'broken'
    this.#cause = cause
    this.#wake()
  }

  /** Undefined when it is too late to join: the beginning is neither on disk nor in memory. */
  follow(position: number): Follower | undefined {
    if (this.#beginningLetGo) return undefined
    const follower = new Follower(this, position)
    this.#followers.add(follower)
    this.#everFollowed = true
    return follower
  }

  /** Closes the file once nobody reads it any more. */
  async close(): Promise<void> {
    while (this.#followers.size > 0) await this.#moved.promise
    await this.#flushing
    await this.#handle?.close()
  }

  /** For `Follower`: at least one octet, or 0 at the end. */
  async readAt(buffer: Uint8Array, position: number): Promise<number> {
    while (position >= this.#received) {
      if (this.#ended === 'whole') return 0
      if (this.#ended === 'broken') throw this.#cause
      await this.#moved.promise
    }
    if (position >= this.#tailStart) return copyFrom(this.#tail, buffer, position - this.#tailStart)
    const length = Math.min(buffer.length, this.#tailStart - position)
    const { bytesRead } = (await this.#handle?.read(buffer, 0, length, position)) ?? emptyRead
    if (bytesRead === 0) throw new Error('what was written cannot be read back')
    return bytesRead
  }

  /**
   * For `Follower`: how many octets from there on are on disk, waiting for the first while there may
   * be one; 0: there will be none, `readAt` says why.
   */
  async onDiskFrom(position: number): Promise<number> {
    while (position >= this.#tailStart) {
      const isOver = this.#ended !== 'no' && position >= this.#received
      if (isOver || !this.#onDisk) return 0
      await this.#moved.promise
    }
    return this.#tailStart - position
  }

  /** For `Follower`: in memory, what all have read is let go, and the writer may go on. */
  advanced(): void {
    if (this.#onDisk) return
    const slowest = Math.min(...[...this.#followers].map(({ position }) => position))
    for (let chunk = this.#tail[0]; chunk !== undefined; chunk = this.#tail[0]) {
      if (this.#tailStart + chunk.length > slowest) break
      this.#tail.shift()
      this.#tailStart += chunk.length
      this.#beginningLetGo = true
    }
    this.#wake()
  }

  /** For `Follower`. */
  leave(follower: Follower): void {
    this.#followers.delete(follower)
    if (this.#followers.size > 0) this.advanced()
    this.#wake()
  }

  async #flush(): Promise<void> {
    try {
      while (this.#tail.length > 0) {
        const chunks = [...this.#tail]
        const length = await writeAll(this.#handle, chunks, this.#tailStart)
        this.#tail.splice(0, chunks.length)
        this.#tailStart += length
        this.#wakeSoon()
      }
    } catch {
      // A full disk is no reason to cut anybody: what is not written stays in the tail.
      this.#onDisk = false
      this.#lost.resolve()
      this.#wake()
    } finally {
      this.#flushing = undefined
    }
  }

  async #waitForFollowers(): Promise<boolean> {
    while (this.#ended === 'no') {
      if (this.#everFollowed && this.#followers.size === 0) return false
      if (this.#received - this.#tailStart <= highWaterInMemory) return true
      await this.#moved.promise
    }
    return false
  }

  #wakeSoon(): void {
    const isDue = performance.now() - this.#wokenAt >= pulseLength
    if (isDue || this.#ended !== 'no') this.#wake()
    else this.#pulse ??= setTimeout(() => this.#wake(), pulseLength)
  }

  #wake(): void {
    this.#wokenAt = performance.now()
    clearTimeout(this.#pulse)
    this.#pulse = undefined
    this.#moved.resolve()
    this.#moved = Promise.withResolvers<void>()
  }
}

/** One reader of a growing file, with its own position. `leave` it when done, also after an error. */
export class Follower {
  readonly #file: GrowingFile
  #position: number

  constructor(file: GrowingFile, position: number) {
    this.#file = file
    this.#position = position
  }

  get position(): number {
    return this.#position
  }

  /** The file that the kernel can send from, what of it is on disk. */
  get descriptor(): number | undefined {
    return this.#file.descriptor
  }

  /** Octets from here on that are on disk, waiting for the first; 0: `read` them. */
  onDisk(): Promise<number> {
    return this.#file.onDiskFrom(this.#position)
  }

  /** So many have been sent by the kernel. */
  skip(octets: number): void {
    this.#position += octets
    this.#file.advanced()
  }

  /** Fills some of `buffer`, waiting for the first octet; 0 at the end. Rejects when it broke. */
  async read(buffer: Uint8Array): Promise<number> {
    const length = await this.#file.readAt(buffer, this.#position)
    this.#position += length
    this.#file.advanced()
    return length
  }

  leave(): void {
    this.#file.leave(this)
  }
}

const emptyRead = { bytesRead: 0 }

/** Short writes are continued; a full disk shows in the write after the short one. */
async function writeAll(
  handle: GrowingHandle | undefined,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<number> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  let written = 0
  let rest = chunks
  while (written < total) {
    const { bytesWritten } = (await handle?.writev(rest, position + written)) ?? noWrite
    if (bytesWritten === 0) throw new Error('nothing could be written')
    written += bytesWritten
    rest = without(chunks, written)
  }
  return total
}

const noWrite = { bytesWritten: 0 }

function without(chunks: readonly Uint8Array[], octets: number): Uint8Array[] {
  let skip = octets
  return chunks.flatMap((chunk) => {
    const rest = chunk.subarray(Math.min(skip, chunk.length))
    skip -= chunk.length - rest.length
    return rest.length > 0 ? [rest] : []
  })
}

/** Copies what fits, starting `offset` octets into the chunks. */
function copyFrom(chunks: readonly Uint8Array[], buffer: Uint8Array, offset: number): number {
  let skip = offset
  let copied = 0
  for (const chunk of chunks) {
    if (copied === buffer.length) break
    if (skip >= chunk.length) skip -= chunk.length
    else {
      const part = chunk.subarray(skip, skip + buffer.length - copied)
      buffer.set(part, copied)
      copied += part.length
      skip = 0
    }
  }
  return copied
}
