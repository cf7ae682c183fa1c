import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../../src/core/errors.ts'
import {
  decodeTftp,
  encodeTftp,
  type TftpOptions,
  type TftpPacket,
} from '../../../src/wire/tftp/tftp-packet.ts'
import { fromLatin1, toHex } from '../../../src/wire/bytes.ts'
import { hex } from '../../support/hex.ts'

function optionsIn(octets: Uint8Array): TftpOptions {
  const packet = decodeTftp(octets)
  return 'options' in packet ? packet.options : new Map()
}

function options(record: Record<string, string>): ReadonlyMap<string, string> {
  return new Map(Object.entries(record))
}

function fixture(name: string): Uint8Array {
  return hex(readFileSync(new URL(`../../fixtures/tftp/${name}.hex`, import.meta.url), 'utf8'))
}

test.for([
  {
    name: 'edk2-x64-probe',
    file: 'ipxe.efi',
    asked: { tsize: '0', blksize: '1468', windowsize: '4' },
  },
  { name: 'edk2-x64-read', file: 'ipxe.efi', asked: { blksize: '1468', windowsize: '4' } },
  { name: 'ipxe-bios-e1000', file: 'boot.bin', asked: { blksize: '1432', tsize: '0' } },
  { name: 'ipxe-2025-autoexec', file: 'autoexec.ipxe', asked: { blksize: '1432', tsize: '0' } },
  { name: 'pxelinux-module', file: 'ldlinux.c32', asked: { tsize: '0', blksize: '1408' } },
  {
    name: 'pxelinux-config',
    file: 'pxelinux.cfg/01-52-54-00-b0-07-01',
    asked: { tsize: '0', blksize: '1408' },
  },
  { name: 'intel-bios-probe', file: 'boot', asked: { tsize: '0' } },
  { name: 'intel-bios-read', file: 'boot', asked: { blksize: '1456' } },
])('the read request of $name, and back', ({ name, file, asked }) => {
  const packet = decodeTftp(fixture(name))
  expect(packet).toEqual({ type: 'readRequest', file, mode: 'octet', options: options(asked) })
  expect([...optionsIn(fixture(name))]).toEqual(Object.entries(asked))
  expect(toHex(encodeTftp(packet))).toBe(toHex(fixture(name)))
})

const golden: readonly (readonly [string, TftpPacket])[] = [
  [
    '0002 6100 6f6374657400',
    { type: 'writeRequest', file: 'a', mode: 'octet', options: new Map() },
  ],
  ['0003 ffff 0102', { type: 'data', block: 65535, octets: hex('0102') }],
  ['0003 0001', { type: 'data', block: 1, octets: hex('') }],
  ['0004 0000', { type: 'acknowledgement', block: 0 }],
  ['0005 0001 6e6f00', { type: 'error', code: 1, message: 'no' }],
  ['0006 7473697a6500 3900', { type: 'optionAcknowledgement', options: options({ tsize: '9' }) }],
]

test.for(golden)('%s', ([octets, packet]) => {
  expect(decodeTftp(hex(octets))).toEqual(packet)
  expect(toHex(encodeTftp(packet))).toBe(toHex(hex(octets)))
})

function request(text: string): Uint8Array {
  return fromLatin1(`\0\x01${text}`)
}

test.for([
  { name: 'the mode in any case', text: 'f\0OcTeT\0', file: 'f', asked: {} },
  {
    name: 'option names in any case',
    text: 'f\0octet\0BlkSize\x001024\0',
    file: 'f',
    asked: { blksize: '1024' },
  },
  { name: 'an option without value', text: 'f\0octet\0tsize\0', file: 'f', asked: {} },
  { name: 'a value without its NUL', text: 'f\0octet\0tsize\x000', file: 'f', asked: {} },
  { name: 'an empty value', text: 'f\0octet\0blksize\0\0', file: 'f', asked: { blksize: '' } },
  {
    name: 'the first of two equal options',
    text: 'f\0octet\0tsize\x000\0tsize\x007\0',
    file: 'f',
    asked: { tsize: '0' },
  },
  { name: 'a name in UTF-8', text: 'gr\u00c3\u00bc\u00c3\u009f\0octet\0', file: 'grüß', asked: {} },
  { name: 'a name in latin1', text: 'gr\u00fc\u00df\0octet\0', file: 'grüß', asked: {} },
  {
    name: 'a name without the 0xff of an unended option 67',
    text: 'f\u00ff\u00ff\0octet\0',
    file: 'f',
    asked: {},
  },
  { name: 'an empty name', text: '\0octet\0', file: '', asked: {} },
  {
    name: 'no options of Object.prototype',
    text: 'f\0octet\0__proto__\x001\0',
    file: 'f',
    asked: null,
  },
])('a read request has $name', ({ text, file, asked }) => {
  const packet = decodeTftp(request(text))
  expect(packet).toMatchObject({ type: 'readRequest', file, mode: 'octet' })
  expect(optionsIn(request(text))).toEqual(
    asked === null ? new Map([['__proto__', '1']]) : options(asked),
  )
})

test('sixty options and a value of 400 characters are read', () => {
  const many = Array.from({ length: 60 }, (_, index) => `o${index}\0${'9'.repeat(400)}\0`).join('')
  expect(optionsIn(request(`f\0octet\0${many}`)).size).toBe(60)
})

test.for([
  { name: 'nothing', octets: '' },
  { name: 'half an opcode', octets: '00' },
  { name: 'opcode 0', octets: '0000' },
  { name: 'opcode 7', octets: '0007 0000' },
  { name: 'opcode 256', octets: '0100 0000' },
  { name: 'a request without anything', octets: '0001' },
  { name: 'a name without its NUL', octets: '0001 6162' },
  { name: 'no mode', octets: '0001 616200' },
  { name: 'a mode without its NUL', octets: '0001 616200 6f63746574' },
  { name: 'an ACK of three octets', octets: '0004 00' },
  { name: 'a DATA of three octets', octets: '0003 00' },
  { name: 'an ERROR of three octets', octets: '0005 00' },
])('$name is not TFTP', ({ octets }) => {
  expect(() => decodeTftp(hex(octets))).toThrow(ProtocolError)
})

test.for([
  ['0004 0001 ffff', { type: 'acknowledgement', block: 1 }],
  ['0005 0000', { type: 'error', code: 0, message: '' }],
  ['0005 0000 6162', { type: 'error', code: 0, message: 'ab' }],
  ['0005 0000 6162 00 6364', { type: 'error', code: 0, message: 'ab' }],
])('tolerated: %s', ([octets, packet]) => {
  expect(decodeTftp(hex(octets as string))).toEqual(packet)
})
