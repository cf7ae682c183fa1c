import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { neighbourQuestion, parseNeighbourAnswer } from '../../../src/io/net/neighbour-messages.ts'
import { hex } from '../../support/hex.ts'

/** Three neighbours as Linux 6.12 told them, and the end of the list. */
const reachable = `
  44 00 00 00 1c 00 02 00 00 00 00 00 11 27 00 00  # length 68, RTM_NEWNEIGH, multipart
  0a 00 00 00 02 00 00 00 02 00 00 01              # IPv6, interface 2, reachable
  14 00 01 00 fd 77 00 00 00 00 00 00 00 00 00 00 00 00 01 00  # NDA_DST
  0a 00 02 00 52 54 00 b0 07 01 00 00              # NDA_LLADDR and its padding
  08 00 04 00 00 00 00 00                          # NDA_PROBES
`
const failed = `
  30 00 00 00 1c 00 02 00 00 00 00 00 11 27 00 00
  0a 00 00 00 02 00 00 00 20 00 00 01
  14 00 01 00 fd 77 00 00 00 00 00 00 00 00 00 00 00 00 01 01
`
const stale = `
  3c 00 00 00 1c 00 02 00 00 00 00 00 11 27 00 00
  0a 00 00 00 03 00 00 00 04 00 80 01
  14 00 01 00 fe 80 00 00 00 00 00 00 50 54 00 ff fe b0 07 02
  0a 00 02 00 52 54 00 b0 07 02 00 00
`
const done = '14 00 00 00 03 00 02 00 00 00 00 00 11 27 00 00 00 00 00 00'
const answer = hex(reachable + failed + stale + done)

test('the question is for the whole IPv6 table', () => {
  expect(neighbourQuestion()).toEqual(
    hex('1c 00 00 00 1e 00 01 03 00000000 00000000 0a 00 00 00 00000000 00000000'),
  )
})

test('who is known by its Ethernet address is in the answer, with its link', () => {
  expect(parseNeighbourAnswer(answer)).toEqual([
    { address: 'fd77::100', link: 2, mac: '52:54:00:b0:07:01' },
    { address: 'fe80::5054:ff:feb0:702', link: 3, mac: '52:54:00:b0:07:02' },
  ])
})

test('an answer that is cut off anywhere has the neighbours before the cut', () => {
  const whole = parseNeighbourAnswer(answer)
  const ends = [reachable, reachable + failed + stale].map((part) => hex(part).length)
  for (let length = 0; length < answer.length; length++) {
    const count = ends.filter((end) => end <= length).length
    expect(parseNeighbourAnswer(answer.subarray(0, length))).toEqual(whole.slice(0, count))
  }
})

test('an attribute that is longer than its neighbour, or than nothing, ends its attributes', () => {
  for (const length of [0, 3, 0xff]) {
    const broken = hex(reachable)
    broken[28] = length // of NDA_DST
    expect(parseNeighbourAnswer(broken)).toEqual([])
  }
})

test('any octets end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      expect(Array.isArray(parseNeighbourAnswer(octets))).toBe(true)
    }),
  )
})
