/**
 * Opening whole bodies of the store: small ones from memory, others from their file. Says, where it
 * cannot, whether the body is gone, or only cannot be had just now.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { contentPath } from './cache-layout.ts'
import { type OpenFile, memoryFile } from './file-tree.ts'
import type { IndexEntry } from './index-entry.ts'
import { SmallBodies } from './small-bodies.ts'

export class StoredBodies {
  readonly #directory: string
  readonly #small = new SmallBodies()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** `busy`: too many open files, say; no reason to forget the body. The caller closes the file. */
  async open(entry: IndexEntry): Promise<OpenFile | 'gone' | 'busy'> {
    const path = contentPath(this.#directory, entry.sha256)
    const body = { ...entry, path }
    const known = this.#small.find(body)
    if (known !== undefined) return storedFile(memoryFile(known, entry.sha256), entry, path)
    const handle = await open(path, 'r').catch(codeOf)
    if (typeof handle === 'string') return absent.has(handle) ? 'gone' : 'busy'
    if ((await handle.stat()).size !== entry.size) {
      await handle.close()
      return 'gone'
    }
    const octets = await this.#small.take(body, handle)
    if (octets === undefined) return storedFile(diskFile(handle, entry), entry, path)
    await handle.close()
    return storedFile(memoryFile(octets, entry.sha256), entry, path)
  }
}

const absent = new Set(['ENOENT', 'ENOTDIR'])

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function storedFile(file: OpenFile, entry: IndexEntry, path: string): OpenFile {
  const modified = new Date(entry.headers['last-modified'] ?? Number.NaN)
  return {
    ...file,
    modified: Number.isNaN(modified.getTime()) ? undefined : modified,
    diskPath: path,
  }
}

function diskFile(handle: FileHandle, { size, sha256 }: IndexEntry): OpenFile {
  return {
    size,
    etag: sha256,
    read: async (buffer, position) =>
      (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
    close: () => handle.close(),
  }
}
