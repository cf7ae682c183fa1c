import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../src/core/errors.ts'
import { decodeTftp, encodeTftp, type TftpPacket } from '../../src/wire/tftp/tftp-packet.ts'

const run = { seed: 1350, numRuns: 500 }
const word = fc.stringMatching(/^[a-z0-9]{1,12}$/)
const options = fc
  .uniqueArray(fc.tuple(word, word), { selector: ([name]) => name })
  .map((pairs) => new Map(pairs))
const u16 = fc.integer({ min: 0, max: 0xffff })
const octets = fc.uint8Array()
const file = fc
  .string({ unit: 'binary' })
  .map((text) => text.replaceAll(/\0|\ufffd|[\ud800-\udfff]/g, ''))

const packet: fc.Arbitrary<TftpPacket> = fc.oneof(
  fc.record({
    type: fc.constantFrom('readRequest' as const, 'writeRequest' as const),
    file,
    mode: fc.constantFrom('octet', 'netascii', 'mail'),
    options,
  }),
  fc.record({ type: fc.constant('data' as const), block: u16, octets }),
  fc.record({ type: fc.constant('acknowledgement' as const), block: u16 }),
  fc.record({ type: fc.constant('error' as const), code: u16, message: word }),
  fc.record({ type: fc.constant('optionAcknowledgement' as const), options }),
)

function decodesOrProtocolError(wire: Uint8Array): void {
  try {
    decodeTftp(wire)
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError)
  }
}

test('what is encoded is decoded again', () => {
  fc.assert(
    fc.property(packet, (value) => {
      expect(decodeTftp(encodeTftp(value))).toEqual(value)
    }),
    run,
  )
})

test('a packet cut at any length is a packet or a ProtocolError', () => {
  fc.assert(
    fc.property(packet, (value) => {
      const wire = encodeTftp(value)
      for (let length = 0; length <= wire.length; length++) {
        decodesOrProtocolError(wire.subarray(0, length))
      }
    }),
    { ...run, numRuns: 100 },
  )
})

test('random octets are a packet or a ProtocolError', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), decodesOrProtocolError), run)
  const opcode = fc.integer({ min: 0, max: 8 })
  fc.assert(
    fc.property(opcode, octets, (code, rest) =>
      decodesOrProtocolError(Uint8Array.of(0, code, ...rest)),
    ),
    run,
  )
})
