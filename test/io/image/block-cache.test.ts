/** The memory of blocks before sources whose every read is work. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cachedSource } from '../../../src/io/image/block-cache.ts'
import { memorySource } from '../../../src/wire/byte-source.ts'
import { noise } from '../../support/image-files.ts'

const octets = noise(300_000)
/** Positions in the second block. */
const isSecond = (position: number) => position >= 65_536 && position < 131_072

test('any stretch is what the source has, and a block is read once', async () => {
  let reads = 0
  const source = memorySource(octets)
  const cached = cachedSource({
    size: source.size,
    read: (buffer, position) => {
      reads += 1
      return source.read(buffer, position)
    },
  })
  await fc.assert(
    fc.asyncProperty(fc.nat(310_000), fc.nat(200_000), async (position, length) => {
      const buffer = new Uint8Array(length)
      const got = await cached.read(buffer, position)
      expect(buffer.subarray(0, got)).toEqual(octets.subarray(position, position + length))
    }),
    { seed: 3, numRuns: 50 },
  )
  expect(reads).toBe(Math.ceil(octets.length / 65_536))
})

test('a source that became shorter gives less, and nothing in the wrong place', async () => {
  const shorter = memorySource(octets.subarray(0, 100_000))

  const cached = cachedSource({
    size: octets.length,
    read: (buffer, position) =>
      isSecond(position)
        ? shorter.read(buffer, position)
        : memorySource(octets).read(buffer, position),
  })
  const buffer = new Uint8Array(200_000)
  expect(await cached.read(buffer, 0)).toBe(100_000)
  expect(buffer.subarray(100_000).every((octet) => octet === 0)).toBe(true)
})

test('what could not be read is asked for again', async () => {
  let failures = 1
  const source = memorySource(octets)
  const cached = cachedSource({
    size: source.size,
    read: (buffer, position) =>
      failures-- > 0 ? Promise.reject(new Error('EIO')) : source.read(buffer, position),
  })
  await expect(cached.read(new Uint8Array(10), 5)).rejects.toThrow('EIO')
  expect(await cached.read(new Uint8Array(10), 5)).toBe(10)
})
