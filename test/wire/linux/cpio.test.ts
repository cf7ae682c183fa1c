import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../../src/core/errors.ts'
import { latin1 } from '../../../src/wire/bytes.ts'
import {
  type CpioEntry,
  readCpio,
  readCpioFolders,
  writeCpio,
} from '../../../src/wire/linux/cpio.ts'

const octets = (text: string) => new TextEncoder().encode(text)

const entries: CpioEntry[] = [
  { type: 'directory', path: 'bin', mode: 0o755 },
  { type: 'file', path: 'bin/hello', mode: 0o755, octets: octets('#!/bin/sh\n') },
  { type: 'link', path: 'init', mode: 0o777, target: 'bin/hello' },
  { type: 'device', path: 'console', mode: 0o600, major: 5, minor: 1 },
]

test('an entry is a header of hexadecimal numbers, its name and its content, each padded to four', () => {
  const entry = { type: 'file', path: 'a', mode: 0o644, octets: octets('hi') } as const
  const text = latin1(writeCpio([entry], 0x5f))
  expect(text).toBe(
    [
      '070701', // magic of the newc form
      '00000001', // inode
      '000081a4', // regular file, 0644
      '00000000', // owner
      '00000000', // group
      '00000001', // links
      '0000005f', // modified
      '00000002', // size
      '00000000', // device of the file system
      '00000000',
      '00000000', // device of a device file
      '00000000',
      '00000002', // length of the name with its NUL
      '00000000', // check sum
      'a\0', // 110 + 2 octets: a multiple of four already
      'hi\0\0',
      '070701',
      '00000000'.repeat(4),
      '00000001',
      '00000000'.repeat(6),
      '0000000b',
      '00000000',
      'TRAILER!!!\0',
      '\0\0\0',
    ].join(''),
  )
})

test('what was written is read again', () => {
  expect(readCpio(writeCpio(entries, 1))).toEqual(entries)
})

test('any tree survives', () => {
  const path = fc.stringMatching(/^[a-z][a-z0-9./-]{0,20}$/)
  const mode = fc.integer({ min: 0, max: 0o7777 })
  const entry = fc.oneof(
    fc.record({ type: fc.constant('directory' as const), path, mode }),
    fc.record({
      type: fc.constant('link' as const),
      path,
      mode,
      target: fc.string({ minLength: 1 }),
    }),
    fc.record({ type: fc.constant('file' as const), path, mode, octets: fc.uint8Array() }),
  )
  fc.assert(
    fc.property(fc.array(entry), (tree) => {
      expect(readCpio(writeCpio(tree, 7))).toEqual(tree)
    }),
    { seed: 1 },
  )
})

describe('a damaged archive is the fault of who made it', () => {
  const whole = writeCpio(entries, 1)

  test('cut at any length', () => {
    // The last three octets are padding after the trailer: nothing is missed without them.
    for (let length = 0; length < whole.length - 3; length += 1) {
      expect(() => readCpio(whole.subarray(0, length)), `${length} octets`).toThrow(ProtocolError)
    }
  })

  test('one that is nothing but ends of archives is refused at once', () => {
    const end = writeCpio([], 0)
    const many = new Uint8Array(end.length * 200_000)
    for (let at = 0; at < many.length; at += end.length) many.set(end, at)
    expect(() => readCpioFolders(many)).toThrow('cpio: too many entries')
    expect(readCpioFolders(many.subarray(0, end.length * 20_000))).toEqual([])
  })

  test('a number that has more than eight digits is not written as another one', () => {
    const owner = { user: 2 ** 32, group: 0 }
    expect(() => writeCpio([{ type: 'directory', path: 'home', mode: 0o755, owner }], 0)).toThrow(
      'home: 4294967296 does not fit into a cpio header',
    )
  })

  test('not cpio at all', () => {
    expect(() => readCpio(octets('070702'.padEnd(200, '0')))).toThrow('no newc header')
    expect(() => readCpio(octets('070701'.padEnd(200, 'x')))).toThrow('no hexadecimal number')
  })

  test('random octets throw nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
        expect(() => readCpio(random)).toThrow(ProtocolError)
      }),
      { seed: 2 },
    )
  })
})

test('busybox, which will unpack it, lists what was written', () => {
  const { stdout } = spawnSync('busybox', ['cpio', '-itv'], {
    input: writeCpio(entries, 1_735_689_600),
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  })
  const rows = stdout.trim().split('\n')
  expect(rows.map((row) => row.split(/\s+/)[0])).toEqual([
    'drwxr-xr-x',
    '-rwxr-xr-x',
    'lrwxrwxrwx',
    'crw-------',
  ])
  expect(rows[2]).toMatch(/init -> bin\/hello$/)
})
