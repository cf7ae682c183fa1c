/**
 * What a Linux kernel says of itself in its header: version, processor, and whether UEFI can start
 * it. Reads x86 (bzImage) and ARM64.
 *
 * Sources: Linux, Documentation/arch/x86/boot.rst and Documentation/arch/arm64/booting.rst.
 */
import { type ByteSource, readExactly } from '../byte-source.ts'
import { Fields } from '../fields.ts'

export interface LinuxKernel {
  readonly arch: 'x86' | 'arm64'
  /** As `uname -r` says it; undefined where the header does not. */
  readonly release: string | undefined
  /** It has an entry point of 64 bits. */
  readonly is64: boolean
  /** It is a program that UEFI can start. */
  readonly hasEfiStub: boolean
}

const headerSize = 0x240

/** Undefined for anything that is no Linux kernel. */
export async function readLinuxKernel(source: ByteSource): Promise<LinuxKernel | undefined> {
  if (source.size < headerSize) return undefined
  const header = new Fields(await readExactly(source, 0, headerSize, 'kernel'), 'kernel')
  const hasEfiStub = header.text(0, 2) === 'MZ'
  if (header.text(56, 4) === 'ARM\u0064') {
    return { arch: 'arm64', release: undefined, is64: true, hasEfiStub }
  }
  if (header.text(0x202, 4) !== 'HdrS') return undefined
  const knowsBits = header.u16(0x206) >= 0x020c
  return {
    arch: 'x86',
    release: await releaseAt(source, header.u16(0x20e)),
    is64: knowsBits && (header.u16(0x236) & 1) !== 0,
    hasEfiStub,
  }
}

/** `6.12.107+deb13-amd64 (debian-kernel@…) …`: the first word. */
async function releaseAt(source: ByteSource, pointer: number): Promise<string | undefined> {
  const at = pointer + 0x200
  if (pointer === 0 || at >= source.size) return undefined
  const length = Math.min(256, source.size - at)
  const text = new TextDecoder().decode(await readExactly(source, at, length, 'kernel'))
  return /^[\w.+~-]+/.exec(text)?.[0]
}
