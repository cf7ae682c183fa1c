/**
 * What can be fetched, over TFTP and over HTTP alike: paths and open files. Disk folders, rendered
 * menus and (later) files inside an ISO are all trees, and an overlay of trees is a tree.
 */
import type { Mac } from '../core/address.ts'

/** Who asks, and how it reached us: enough to render a menu with the right addresses in it. */
export interface Client {
  readonly via: 'tftp' | 'http'
  /** The client's address, as text. */
  readonly ip: string
  readonly mac?: Mac | undefined
  /** The address of ours that it asked, as text: URLs in menus point there. */
  readonly server: string
}

/** A file that is open for reading. Sizes and positions are octets. */
export interface OpenFile {
  readonly size: number
  /** Strong validator without quotes: changes whenever the octets do. */
  readonly etag: string
  readonly modified?: Date | undefined
  /** Path on disk when the octets are one whole plain file there: lets a server send it faster. */
  readonly diskPath?: string | undefined
  /** Fills `buffer` from `position`; answers how many octets it got, fewer only at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>
  close(): Promise<void>
}

export interface FileTree {
  /**
   * Opens a path such as `boot/tinyvm/vmlinuz`. Leading and doubled slashes and backslashes are
   * tolerated (firmware sends all three); undefined when there is no such file. Never leaves the
   * tree: a path that would is undefined, too.
   */
  open(path: string, client: Client): Promise<OpenFile | undefined>
  /** Every path the tree can list, for "did you mean" and for the page; generated names may be absent. */
  list(): Promise<readonly string[]>
}

/** Octets in memory as an open file. */
export function memoryFile(octets: Uint8Array, etag: string): OpenFile {
  return {
    size: octets.length,
    etag,
    read: (buffer, position) => {
      const part = octets.subarray(position, position + buffer.length)
      buffer.set(part)
      return Promise.resolve(part.length)
    },
    close: () => Promise.resolve(),
  }
}

/** The first tree that has the path answers. */
export function overlay(trees: readonly FileTree[]): FileTree {
  return {
    async open(path, client) {
      for (const tree of trees) {
        const file = await tree.open(path, client)
        if (file !== undefined) return file
      }
      return undefined
    },
    async list() {
      const lists = await Promise.all(trees.map((tree) => tree.list()))
      return [...new Set(lists.flat())]
    },
  }
}
