import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type SegmentRun, segmentRuns } from '../../../src/io/net/segment-runs.ts'

/** Views of one buffer, one after the other. */
function sideBySide(...lengths: readonly number[]): Uint8Array[] {
  const octets = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  return lengths.map((length) => octets.subarray(at, (at += length)))
}

/** As the kernel cuts them. */
function cut({ octets, size }: SegmentRun): number[] {
  if (octets.length === 0) return [0]
  const pieces = Math.ceil(octets.length / size)
  return Array.from({ length: pieces }, (_, i) => Math.min(size, octets.length - i * size))
}

const lengths = (runs: readonly SegmentRun[]) => runs.map(({ octets }) => octets.length)

test('equal datagrams side by side are one run, a shorter one ends it', () => {
  expect(lengths(segmentRuns(sideBySide(100, 100, 40, 100)))).toEqual([240, 100])
})

test('a longer datagram begins a run of its own', () => {
  expect(lengths(segmentRuns(sideBySide(100, 200, 200)))).toEqual([100, 400])
})

test('datagrams of different buffers, or with a gap between them, stay apart', () => {
  const [one, two, three] = sideBySide(10, 10, 10)
  expect(segmentRuns([one!, three!, two!, new Uint8Array(10)])).toHaveLength(4)
})

test('a run holds what one call can send: 64 datagrams, 65507 octets', () => {
  expect(lengths(segmentRuns(sideBySide(...Array<number>(70).fill(4))))).toEqual([256, 24])
  const large = Array<number>(45).fill(1472)
  expect(lengths(segmentRuns(sideBySide(...large)))).toEqual([44 * 1472, 1472])
})

test('whatever they are, the same datagrams come out in the same order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 5 }), { maxLength: 200 }), (sizes) => {
      expect(segmentRuns(sideBySide(...sizes)).flatMap(cut)).toEqual(sizes)
    }),
  )
})
