/**
 * The whole bodies of the store: how they get their place, and are opened: small ones from memory,
 * others from their file, which stays open for a while. Says, where it cannot, whether the body is
 * gone, or only cannot be had just now.
 */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../core/errors.ts'
import { contentPath } from './cache-layout.ts'
import { type OpenFile, memoryFile } from '../files/file-tree.ts'
import type { IndexEntry } from './index-entry.ts'
import { OpenBodies } from './open-bodies.ts'
import { SmallBodies } from './small-bodies.ts'

export class StoredBodies {
  readonly #directory: string
  readonly #small: SmallBodies
  readonly #open = new OpenBodies()

  /** `memory`: octets for small ones. */
  constructor(directory: string, memory?: number) {
    this.#directory = directory
    this.#small = new SmallBodies(memory)
  }

  /** `busy`: too many open files, say; no reason to forget the body. The caller closes the file. */
  async open(entry: IndexEntry): Promise<OpenFile | 'gone' | 'busy'> {
    const path = contentPath(this.#directory, entry.sha256)
    const body = { ...entry, path }
    const known = this.atHand(entry)
    if (known !== undefined) return storedFile(known, entry, path)
    const handle = await open(path, 'r').catch(codeOf)
    if (typeof handle === 'string') return absent.has(handle) ? 'gone' : 'busy'
    if ((await handle.stat()).size !== entry.size) {
      await handle.close()
      return 'gone'
    }
    const octets = await this.#small.take(body, handle)
    if (octets === undefined) return storedFile(this.#open.keep(body, handle), entry, path)
    await handle.close()
    return storedFile(memoryFile(octets, entry.sha256), entry, path)
  }

  /** What is in memory or open already, and still on disk. The caller closes it. */
  atHand(entry: IndexEntry): OpenFile | undefined {
    const body = { ...entry, path: contentPath(this.#directory, entry.sha256) }
    const octets = this.#small.find(body)
    return octets === undefined ? this.#open.find(body) : memoryFile(octets, entry.sha256)
  }

  /** This file is one from now on. */
  async take(path: string, sha256: string): Promise<void> {
    const place = contentPath(this.#directory, sha256)
    await mkdir(join(place, '..'), { recursive: true })
    await rename(path, place)
  }

  /** Its space is free afterwards, however many have it open here. */
  async remove(sha256: string): Promise<void> {
    this.#open.forget(sha256)
    await rm(contentPath(this.#directory, sha256), { force: true })
  }

  close(): void {
    this.#open.close()
  }
}

const absent = new Set(['ENOENT', 'ENOTDIR'])

function storedFile(file: OpenFile, entry: IndexEntry, path: string): OpenFile {
  const modified = new Date(entry.headers['last-modified'] ?? Number.NaN)
  return {
    ...file,
    modified: Number.isNaN(modified.getTime()) ? undefined : modified,
    diskPath: path,
  }
}
