/**
 * The folders of one file system, each read once: every path is looked up from the root, and an
 * image can lead back to the same folder from many places. Bounds how many names are read in all.
 */
import { ProtocolError } from '../../core/errors.ts'
import type { ImageNode } from './image-node.ts'

/** Names in one file system at most; a disc with all of Debian has a tenth. */
const mostNames = 500_000

export class FolderLists {
  readonly #lists = new Map<number | string, Promise<readonly ImageNode[]>>()
  #names = 0

  /** What is in the folder that lies at `place`; `read` counts the names with `count`. */
  list(
    place: number | string,
    read: () => Promise<readonly ImageNode[]>,
  ): Promise<readonly ImageNode[]> {
    const known = this.#lists.get(place)
    if (known !== undefined) return known
    const list = read()
    this.#lists.set(place, list)
    // The disk may read the next time.
    list.catch(() => this.#lists.delete(place))
    return list
  }

  /** Throws ProtocolError where there are too many. */
  count(names: number): void {
    this.#names += names
    if (this.#names > mostNames) {
      throw new ProtocolError('folders', `more than ${mostNames} names in one file system`)
    }
  }
}
