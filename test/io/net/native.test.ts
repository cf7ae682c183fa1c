import { expect, test } from 'vitest'
import { parseMac } from '../../../src/core/address.ts'
import { NativeError } from '../../../src/io/net/native-library.ts'
import { native, openBoundUdpSocket, setNeighbour } from '../../../src/io/net/native.ts'

const mac = parseMac('52:54:00:12:34:56')!

test('the library is there and nothing is lacking', () => {
  expect(native.available).toBe(true)
  expect(native.lacks).toEqual([])
})

function openOnMissingDevice(): number {
  return openBoundUdpSocket({ address: '127.0.0.1', port: 0, device: 'nope' })
}

test('errno arrives by name', () => {
  expect(openOnMissingDevice).toThrow(NativeError)
  expect(openOnMissingDevice).toThrow('SO_BINDTODEVICE: ENODEV')
})

test.for([
  ['an interface that is not Ethernet', 'lo', '127.0.0.9'],
  ['an interface that is not there', 'nope', '10.0.0.9'],
  ['text that is no address', 'lo', 'ten dot nothing'],
])('no neighbour on %s', ([, device, ip]) => {
  expect(setNeighbour(device!, ip!, mac)).toBe(false)
})
