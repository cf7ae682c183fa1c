import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { memorySource } from '../../../src/wire/byte-source.ts'
import { readLinuxKernel } from '../../../src/wire/linux/linux-kernel.ts'

interface Header {
  readonly protocol?: number
  readonly flags?: number
  readonly stub?: boolean
  readonly version?: string
}

/** The places of Documentation/arch/x86/boot.rst, and nothing else. */
function bzImage({ protocol = 0x20f, flags = 1, stub = true, version }: Header): Uint8Array {
  const octets = Buffer.alloc(0x1000)
  if (stub) octets.write('MZ', 0)
  octets.write('HdrS', 0x202)
  octets.writeUInt16LE(protocol, 0x206)
  octets.writeUInt16LE(version === undefined ? 0 : 0x800, 0x20e)
  octets.writeUInt16LE(flags, 0x236)
  if (version !== undefined) octets.write(`${version}\0`, 0xa00)
  return new Uint8Array(octets)
}

test.for([
  {
    name: 'a kernel of Debian 13',
    header: { version: '6.12.107+deb13-amd64 (debian-kernel@lists.debian.org) #1' },
    says: { release: '6.12.107+deb13-amd64', is64: true, hasEfiStub: true },
  },
  {
    name: 'Tiny Core’s 32-bit kernel',
    header: { version: '5.15.10-tinycore (tc@box)', flags: 0, stub: false },
    says: { release: '5.15.10-tinycore', is64: false, hasEfiStub: false },
  },
  {
    name: 'an old one, whose flags mean nothing yet',
    header: { protocol: 0x20b },
    says: { release: undefined, is64: false, hasEfiStub: true },
  },
])('$name', async ({ header, says }) => {
  expect(await readLinuxKernel(memorySource(bzImage(header)))).toEqual({ arch: 'x86', ...says })
})

test('an ARM64 Image', async () => {
  const octets = Buffer.alloc(0x1000)
  octets.write('MZ', 0)
  octets.write('ARM\u0064', 56)
  expect(await readLinuxKernel(memorySource(octets))).toEqual({
    arch: 'arm64',
    release: undefined,
    is64: true,
    hasEfiStub: true,
  })
})

test('a version that lies behind the end is not known', async () => {
  const cut = bzImage({ version: '6.1' }).subarray(0, 0x9ff)
  expect(await readLinuxKernel(memorySource(cut))).toMatchObject({ release: undefined })
})

test('anything else is no kernel, whatever its length', async () => {
  const property = fc.asyncProperty(fc.uint8Array({ maxLength: 0x300 }), async (octets) => {
    expect(await readLinuxKernel(memorySource(octets))).toBeUndefined()
  })
  await fc.assert(property)
})
