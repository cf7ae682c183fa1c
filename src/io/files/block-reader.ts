/**
 * A file as the DATA packets of one TFTP transfer, ready to send: header and octets side by side.
 * Reads a stretch of blocks at a time and the next one ahead, so that a client hardly ever waits
 * for the disk, and keeps only what can still be asked again. Knows nothing of acknowledgements.
 */
import { dataHeaderLength, writeDataHeader } from '../../wire/tftp/tftp-packet.ts'
import type { OpenFile } from './file-tree.ts'

export interface BlockLayout {
  /** Octets. */
  readonly blockSize: number
  /** Blocks; a stretch is never smaller. */
  readonly windowSize: number
}

/** Octets read at once for clients that take small steps: 500 of them fit into little memory. */
const stretchOctets = 256 * 1024
const stretchBlocks = 16

export class BlockReader {
  readonly #file: OpenFile
  readonly #blockSize: number
  /** Blocks in a stretch. */
  readonly #blocks: number
  /** Number of blocks of the file; the last one is not full. */
  readonly #total: number
  /** Packets of the stretches at hand, laid out one after the other. */
  readonly #stretches = new Map<number, Uint8Array>()
  readonly #loading = new Map<number, Promise<Uint8Array>>()
  /** A stretch that is no longer needed: new ones for every read would keep the garbage collector busy. */
  #spare: Uint8Array | undefined
  #reuses = true

  constructor(file: OpenFile, { blockSize, windowSize }: BlockLayout) {
    this.#file = file
    this.#blockSize = blockSize
    const wanted = Math.min(
      Math.max(stretchBlocks, 2 * windowSize),
      Math.floor(stretchOctets / blockSize),
    )
    this.#blocks = Math.max(windowSize, wanted)
    this.#total = Math.floor(file.size / blockSize) + 1
  }

  /**
   * The packets of blocks `first` to `last`, counted from 1; at once when they are at hand. Their
   * octets stay until a later block is asked for as `first` (unless `stopReuse`).
   *
   * @throws Error when the file is shorter than it was when it was opened
   */
  packets(first: number, last: number): Uint8Array[] | Promise<Uint8Array[]> {
    const [from, to] = [this.#stretchOf(first), this.#stretchOf(last)]
    this.#forgetBefore(from)
    if (this.#stretches.has(from) && this.#stretches.has(to)) {
      this.#readAhead(to + 1)
      return this.#cut(first, last)
    }
    return Promise.all([this.#load(from), this.#load(to)]).then(() => {
      this.#readAhead(to + 1)
      return this.#cut(first, last)
    })
  }

  /** Packets that were handed out may wait in a queue of the socket: their octets stay as they are. */
  stopReuse(): void {
    this.#reuses = false
    this.#spare = undefined
  }

  #stretchOf(block: number): number {
    return Math.floor((block - 1) / this.#blocks)
  }

  /** Blocks are only ever asked again from the last acknowledged one on. */
  #forgetBefore(stretch: number): void {
    for (const [index, packets] of this.#stretches) {
      if (index >= stretch) continue
      this.#stretches.delete(index)
      if (this.#reuses) this.#spare = packets
    }
  }

  #cut(first: number, last: number): Uint8Array[] {
    const packets: Uint8Array[] = []
    const step = dataHeaderLength + this.#blockSize
    for (let block = first; block <= last; block++) {
      const stretch = this.#stretchOf(block)
      const start = (block - 1 - stretch * this.#blocks) * step
      // The view ends with the stretch, which is where the last block of the file ends.
      packets.push(this.#stretches.get(stretch)?.subarray(start, start + step) ?? new Uint8Array(0))
    }
    return packets
  }

  #readAhead(stretch: number): void {
    const isThere = stretch * this.#blocks < this.#total
    // A failure shows again when the stretch is needed.
    if (isThere) this.#load(stretch).catch(() => undefined)
  }

  #load(stretch: number): Promise<Uint8Array> {
    const present = this.#stretches.get(stretch)
    if (present !== undefined) return Promise.resolve(present)
    const running = this.#loading.get(stretch)
    if (running !== undefined) return running
    const load = this.#read(stretch).then((packets) => {
      this.#stretches.set(stretch, packets)
      return packets
    })
    this.#loading.set(stretch, load)
    const forget = (): boolean => this.#loading.delete(stretch)
    load.then(forget, forget)
    return load
  }

  /**
   * The octets are read to the end of the buffer and then moved forward, block by block, to make
   * room for the headers: one buffer, one read.
   */
  async #read(stretch: number): Promise<Uint8Array> {
    const firstBlock = stretch * this.#blocks + 1
    const blocks = Math.min(this.#blocks, this.#total - firstBlock + 1)
    const position = (firstBlock - 1) * this.#blockSize
    const length = Math.min(blocks * this.#blockSize, this.#file.size - position)
    const headers = blocks * dataHeaderLength
    const packets = this.#takeBuffer(headers + length)
    const got = await this.#file.read(packets.subarray(headers), position)
    if (got < length) throw new Error('the file became shorter while it was sent')
    for (let index = 0; index < blocks; index++) {
      const source = headers + index * this.#blockSize
      const target = index * (dataHeaderLength + this.#blockSize)
      packets.copyWithin(target + dataHeaderLength, source, source + this.#blockSize)
      writeDataHeader(packets.subarray(target), firstBlock + index)
    }
    return packets
  }

  #takeBuffer(length: number): Buffer {
    const spare = this.#spare
    if (spare === undefined || spare.length < length) return Buffer.allocUnsafeSlow(length)
    this.#spare = undefined
    return Buffer.from(spare.buffer, spare.byteOffset, length)
  }
}
