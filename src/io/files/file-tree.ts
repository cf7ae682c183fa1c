/**
 * What can be fetched, over TFTP and over HTTP alike: paths and open files. Disk folders, rendered
 * menus and (later) files inside an ISO are all trees, and an overlay of trees is a tree.
 */
import type { Mac } from '../../core/address.ts'
import { type ByteSource, memorySource } from '../../wire/byte-source.ts'

/** Who asks, and how it reached us: enough to render a menu with the right addresses in it. */
export interface Client {
  readonly via: 'tftp' | 'http'
  /** The client's address, as text of either family (`plainAddress`). */
  readonly ip: string
  /** Named in the request itself; else whoever needs it asks whose address `ip` is at this moment. */
  readonly mac?: Mac | undefined
  /** The address of ours that it asked, as text without brackets: URLs in menus point there. */
  readonly server: string
  /** The port of that URL, where it came by HTTP; it may be that of a container's host. */
  readonly port?: number | undefined
  /** What the request itself says of its firmware: a name of `firmware.ts`. */
  readonly firmware?: string | undefined
}

/** A file that is open for reading. Sizes and positions are octets. */
export interface OpenFile extends ByteSource {
  /** Strong validator without quotes: changes whenever the octets do. */
  readonly etag: string
  readonly modified?: Date | undefined
  /** Path on disk when the octets are one whole plain file there: lets a server send it faster. */
  readonly diskPath?: string | undefined
  /** Its descriptor while it is open, where the octets are one whole plain file. */
  readonly descriptor?: number | undefined
  /** All octets, where they are in memory; never written to. */
  readonly octets?: Uint8Array | undefined
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
  return { ...memorySource(octets), octets, etag, close: () => Promise.resolve() }
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
