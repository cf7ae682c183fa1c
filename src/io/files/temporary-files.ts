/**
 * Files for bodies to come. Refuses them while the disk is nearly full: leases and logs may live on
 * it, too, and what cannot be stored can still be passed on.
 */
import { type FileHandle, mkdir, open, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../cache/cache-layout.ts'

/** A file being written; it has no name in the store yet. */
export interface TemporaryFile {
  readonly path: string
  readonly handle: FileHandle
}

/** The disk has less free than is kept free. */
class LowDiskError extends Error {
  override name = 'LowDiskError'
}

export class TemporaryFiles {
  readonly #directory: string
  /** Octets that stay free. */
  readonly #reserve: number
  #count = 0

  constructor(directory: string, reserve: number) {
    this.#directory = directory
    this.#reserve = reserve
  }

  /** For a body of `size` octets; makes the folder again if somebody deleted it. */
  async open(size: number): Promise<TemporaryFile> {
    const folder = temporaryFolder(this.#directory)
    this.#count += 1
    const path = join(folder, `${process.pid}-${this.#count}`)
    await mkdir(folder, { recursive: true })
    if (await this.#isLow(size)) {
      throw new LowDiskError('the disk is nearly full (cache.reserve)')
    }
    return { path, handle: await open(path, 'wx+') }
  }

  async #isLow(size: number): Promise<boolean> {
    if (this.#reserve === 0) return false
    const { bavail, bsize } = await statfs(this.#directory)
    return bavail * bsize < this.#reserve + size
  }
}

/** Only what is named as we name it: somebody may have chosen `/var` as the cache's folder. */
export async function emptyTemporaries(directory: string): Promise<void> {
  const folder = temporaryFolder(directory)
  await mkdir(folder, { recursive: true })
  const ours = (await readdir(folder)).filter((name) => temporaryName.test(name))
  await Promise.all(ours.map((name) => rm(join(folder, name), { force: true })))
}

/** `812-7`, a body of process 812; `<64 hex digits>.json`, an entry. */
const temporaryName = /^(\d+-\d+|[0-9a-f]{64}\.json)$/
