/**
 * Walks a cpio archive that comes in pieces, as out of a decompressor: only what is wanted of it is
 * ever in memory. Reads one archive, up to its end; the form is that of cpio.ts.
 */
import { ProtocolError } from '../../core/errors.ts'
import { ByteReader } from '../bytes.ts'
import { type CpioHeader, readCpioHeader, trailer } from './cpio.ts'

export interface StreamedEntry {
  /** Without a leading `./` or `/`. */
  readonly path: string
  /** Its content, where that was wanted. */
  readonly octets: Uint8Array | undefined
}

/** Octets of a header. */
const headerSize = 110

/** Octets of a name, and of a content that is wanted, at most. */
const longestName = 4096
const largest = 4 * 1024 * 1024

/** Every entry in order. Throws ProtocolError where the archive is damaged or ends early. */
export async function* streamCpio(
  pieces: AsyncIterable<Uint8Array>,
  wants: (path: string) => boolean,
): AsyncGenerator<StreamedEntry, void> {
  const feed = new Feed(pieces)
  for (;;) {
    const header = readCpioHeader(new ByteReader(await feed.take(headerSize), 'cpio'))
    const path = await nameOf(feed, header)
    if (path === trailer) return
    const padding = (4 - (header.size % 4)) % 4
    if (wants(path) && header.size <= largest) {
      yield { path, octets: await feed.take(header.size) }
      await feed.skip(padding)
    } else {
      yield { path, octets: undefined }
      await feed.skip(header.size + padding)
    }
  }
}

async function nameOf(feed: Feed, { nameSize }: CpioHeader): Promise<string> {
  if (nameSize > longestName) throw new ProtocolError('cpio', `a name of ${nameSize} octets`)
  const octets = await feed.take(nameSize)
  await feed.skip((4 - ((headerSize + nameSize) % 4)) % 4)
  return new TextDecoder()
    .decode(octets)
    .replace(/\0$/, '')
    .replace(/^(\.?\/)+/, '')
}

/** Octets in order, whatever pieces they come in. */
class Feed {
  readonly #pieces: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** A copy of its own: it stays when what came with it goes. */
  async take(length: number): Promise<Uint8Array> {
    const octets = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const part = await this.#some(length - filled)
      octets.set(part, filled)
      filled += part.length
    }
    return octets
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) left -= (await this.#some(left)).length
  }

  /** One octet at least, `most` at most. */
  async #some(most: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const next = await this.#pieces.next()
      if (next.done === true) throw new ProtocolError('cpio', 'the archive ends early')
      this.#rest = next.value
    }
    const part = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(part.length)
    return part
  }
}
