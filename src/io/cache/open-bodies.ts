/**
 * Bodies of the store that were sent lately, kept open for a few seconds: opening one costs as much as
 * sending a megabyte of it. Named by their SHA-256, so never stale; one whose file is gone or has
 * another size is not given, because the disk decides what is stored.
 */
import { statSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import type { OpenFile } from '../files/file-tree.ts'
import type { StoredBody } from './small-bodies.ts'

/** Milliseconds; the space of a body that is deleted meanwhile is free as late. */
const patience = 10_000
/** Milliseconds in which the disk is not asked again. */
const moment = 50
const most = 64

export class OpenBodies {
  readonly #held = new LRUCache<string, Held>({
    max: most,
    ttl: patience,
    ttlAutopurge: true,
    dispose: (held) => held.leave(),
  })

  find({ sha256, size, path }: StoredBody): OpenFile | undefined {
    const held = this.#held.get(sha256)
    if (held === undefined) return undefined
    const now = performance.now()
    if (now - held.seenAt < moment) return held.enter()
    // Synchronous: the kernel has the answer in memory, and a worker thread would cost more.
    if (statSync(path, { throwIfNoEntry: false })?.size === size) {
      held.seenAt = now
      return held.enter()
    }
    this.#held.delete(sha256)
    return undefined
  }

  /** Takes the handle over. */
  keep(body: StoredBody, handle: FileHandle): OpenFile {
    const held = new Held(body, handle)
    this.#held.set(body.sha256, held)
    return held.enter()
  }

  forget(sha256: string): void {
    this.#held.delete(sha256)
  }

  close(): void {
    this.#held.clear()
  }
}

/** Closed when neither the memory nor a reader has it any more. */
class Held {
  readonly #body: StoredBody
  readonly #handle: FileHandle
  #users = 1
  /** When its file was last seen on the disk, `performance.now()`. */
  seenAt = performance.now()

  constructor(body: StoredBody, handle: FileHandle) {
    this.#body = body
    this.#handle = handle
  }

  enter(): OpenFile {
    this.#users += 1
    const handle = this.#handle
    let isOpen = true
    return {
      size: this.#body.size,
      etag: this.#body.sha256,
      descriptor: handle.fd,
      read: async (buffer, position) =>
        (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
      close: async () => {
        if (isOpen) this.leave()
        isOpen = false
      },
    }
  }

  leave(): void {
    this.#users -= 1
    if (this.#users === 0) void this.#handle.close().catch(() => {}) // nothing was written to it
  }
}
