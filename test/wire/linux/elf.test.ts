import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../../src/core/errors.ts'
import { fromLatin1, latin1 } from '../../../src/wire/bytes.ts'
import { elfNeeds, elfSection } from '../../../src/wire/linux/elf.ts'
import { elfFile, programFile } from '../../support/elf-file.ts'

test('a program says which libraries it needs and who loads it', () => {
  const program = programFile(['libssl.so.3', 'libc.so.6'], '/lib64/ld-linux-x86-64.so.2')
  expect(elfNeeds(program)).toEqual({
    libraries: ['libssl.so.3', 'libc.so.6'],
    interpreter: '/lib64/ld-linux-x86-64.so.2',
  })
})

test('a library needs others and nobody who loads it; an object file needs nothing', () => {
  expect(elfNeeds(programFile(['libc.so.6']))).toEqual({
    libraries: ['libc.so.6'],
    interpreter: undefined,
  })
  expect(elfNeeds(elfFile({ '.modinfo': 'name=x\0' }))).toEqual({
    libraries: [],
    interpreter: undefined,
  })
})

test('a section comes out as it went in', () => {
  expect(latin1(elfSection(elfFile({ '.a': 'one', '.b': 'two' }), '.b') ?? new Uint8Array())).toBe(
    'two',
  )
})

test('a file cut off anywhere, or changed, is damage or another file, never a crash', () => {
  const file = programFile(['libc.so.6'], '/lib/ld.so')
  for (let length = 0; length < file.length; length += 1) {
    expect(() => elfNeeds(file.subarray(0, length)), `cut at ${length}`).toThrow(ProtocolError)
  }
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.nat(255), (at, octet) => {
      const changed = Uint8Array.from(file)
      changed[at] = octet
      try {
        elfNeeds(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
    }),
  )
  expect(() => elfNeeds(fromLatin1('#!/bin/sh\n'.padEnd(80)))).toThrow('not a 64-bit')
})
