import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../src/core/errors.ts'
import { joined, memorySource, part, readExactly } from '../../src/wire/byte-source.ts'

const octets = Uint8Array.from({ length: 100 }, (_, index) => index)
const source = memorySource(octets)

test('what lies outside is refused with the place, before anything is read', async () => {
  const beyond = readExactly(source, 90, 20, 'superblock')
  await expect(beyond).rejects.toThrow(
    new ProtocolError('superblock', 'octets 90 to 110 lie outside'),
  )
  await expect(readExactly(source, -1, 2, 'x')).rejects.toThrow('lie outside')
  await expect(readExactly(source, 0, -1, 'x')).rejects.toThrow('lie outside')
  await expect(readExactly(source, 0, 2 ** 40, 'x')).rejects.toThrow('are too many')
  expect(() => part(source, 50, 51, 'partition 1')).toThrow(
    new ProtocolError('partition 1', 'octets 50 to 101 lie outside (100 are there)'),
  )
})

test('a source that is shorter than it says is told as truncated', async () => {
  const short = { ...source, size: 200 }
  await expect(readExactly(short, 90, 20, 'x')).rejects.toThrow('truncated at octet 100')
  const cut = joined([{ source: short, position: 90, length: 60 }, { length: 10 }])
  await expect(readExactly(cut, 0, 70, 'x')).rejects.toThrow('truncated at octet 10')
})

test('spans read as their octets one after the other, in pieces of any size', async () => {
  const span = fc.record({
    position: fc.integer({ min: 0, max: 100 }),
    length: fc.integer({ min: 0, max: 40 }),
    hole: fc.boolean(),
  })
  const reading = fc.asyncProperty(
    fc.array(span),
    fc.integer({ min: 1, max: 50 }),
    async (spans, step) => {
      const inside = spans.filter(({ position, length }) => position + length <= 100)
      const all = joined(
        inside.map(({ hole, ...rest }) => (hole ? { length: rest.length } : { source, ...rest })),
      )
      const expected = inside.flatMap(({ hole, position, length }) =>
        hole
          ? Array.from({ length }, () => 0)
          : Array.from(octets.subarray(position, position + length)),
      )
      expect(all.size).toBe(expected.length)
      const found: number[] = []
      for (let at = 0; at < all.size; at += step) {
        const buffer = new Uint8Array(step).fill(0xee)
        const got = await all.read(buffer, at)
        expect(got).toBe(Math.min(step, all.size - at))
        found.push(...buffer.subarray(0, got))
      }
      expect(found).toEqual(expected)
      expect(await all.read(new Uint8Array(5), all.size)).toBe(0)
    },
  )
  await fc.assert(reading)
})

test('neighbours that follow each other are one read', async () => {
  let reads = 0
  const counting = {
    size: 100,
    read: (buffer: Uint8Array, position: number) => {
      reads += 1
      return source.read(buffer, position)
    },
  }
  const spans = [10, 20, 30].map((position) => ({ source: counting, position, length: 10 }))
  await readExactly(joined(spans), 0, 30, 'x')
  expect(reads).toBe(1)
})
