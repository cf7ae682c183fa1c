import { expect, test } from 'vitest'
import { BlockReader } from '../../../src/io/files/block-reader.ts'
import { memoryFile, type OpenFile } from '../../../src/io/files/file-tree.ts'
import { decodeTftp } from '../../../src/wire/tftp/tftp-packet.ts'

function octets(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255)
}

async function blocksOf(reader: BlockReader, first: number, last: number) {
  const packets = await reader.packets(first, last)
  return packets.map((packet) => {
    const data = decodeTftp(packet)
    if (data.type !== 'data') throw new Error(data.type)
    return data
  })
}

test.for([
  { size: 0, blockSize: 512, windowSize: 1 },
  { size: 1, blockSize: 512, windowSize: 1 },
  { size: 512 * 16, blockSize: 512, windowSize: 1 },
  { size: 512 * 16 + 1, blockSize: 512, windowSize: 1 },
  { size: 5000, blockSize: 8, windowSize: 1 },
  { size: 5000, blockSize: 8, windowSize: 64 },
  { size: 300_000, blockSize: 65_464, windowSize: 4 },
  { size: 100_000, blockSize: 1468, windowSize: 16 },
])('$size octets in blocks of $blockSize, windows of $windowSize', async (layout) => {
  const { size, blockSize, windowSize } = layout
  const whole = octets(size)
  const reader = new BlockReader(memoryFile(whole, 'x'), layout)
  const total = Math.floor(size / blockSize) + 1
  const parts: Uint8Array[] = []
  for (let first = 1; first <= total; first += windowSize) {
    const last = Math.min(first + windowSize - 1, total)
    const blocks = await blocksOf(reader, first, last)
    expect(blocks.map(({ block }) => block)).toEqual(
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    )
    parts.push(...blocks.map((block) => Uint8Array.from(block.octets)))
  }
  expect(parts.slice(0, -1).every((part) => part.length === blockSize)).toBe(true)
  expect(parts.at(-1)?.length).toBe(size % blockSize)
  expect(Buffer.concat(parts).equals(Buffer.from(whole))).toBe(true)
})

test('the number on the wire wraps after 65535', async () => {
  const reader = new BlockReader(memoryFile(octets(8 * 65_540), 'x'), {
    blockSize: 8,
    windowSize: 4,
  })
  const blocks = await blocksOf(reader, 65_535, 65_537)
  expect(blocks.map(({ block }) => block)).toEqual([65_535, 0, 1])
})

test('reads ahead, so that the next window is there at once, and each octet is read once', async () => {
  const file = memoryFile(octets(512 * 64), 'x')
  const positions: number[] = []
  const counting: OpenFile = {
    ...file,
    read: (buffer, position) => {
      positions.push(position)
      return file.read(buffer, position)
    },
  }
  const reader = new BlockReader(counting, { blockSize: 512, windowSize: 4 })
  expect(reader.packets(1, 4)).toBeInstanceOf(Promise)
  await reader.packets(1, 4)
  for (let first = 1; first <= 61; first += 4) {
    expect(reader.packets(first, first + 3)).toHaveLength(4)
    await Promise.resolve().then(() => undefined)
    await Promise.resolve()
  }
  expect(positions).toEqual([0, 8192, 16_384, 24_576, 32_768])
})

test('a file that is shorter than it said is an error, and so again when asked again', async () => {
  const reader = new BlockReader(
    { ...memoryFile(octets(600), 'x'), size: 5000 },
    {
      blockSize: 512,
      windowSize: 1,
    },
  )
  await expect(reader.packets(1, 1)).rejects.toThrow('shorter')
  await expect(reader.packets(1, 1)).rejects.toThrow('shorter')
})

/** Reads a long file to its end, window by window; answers how many buffers that took. */
async function readThrough(prepare: (reader: BlockReader) => void): Promise<number> {
  const layout = { blockSize: 512, windowSize: 16 }
  const reader = new BlockReader(memoryFile(octets(512 * 1600), 'x'), layout)
  prepare(reader)
  const buffers = new Set<ArrayBufferLike>()
  for (let first = 1; first <= 1585; first += 16) {
    for (const packet of await reader.packets(first, first + 15)) buffers.add(packet.buffer)
    await new Promise((resolve) => setImmediate(resolve)) // the next stretch is read meanwhile
  }
  return buffers.size
}

test('uses the buffers of what was acknowledged again', async () => {
  expect(await readThrough(() => undefined)).toBeLessThan(5)
})

test('leaves every octet as it was handed out where packets may still wait', async () => {
  expect(await readThrough((reader) => reader.stopReuse())).toBe(50)
})
