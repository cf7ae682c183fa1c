/**
 * Whether a disc has a UDF beside its ISO 9660: only that. UDF itself is not read.
 *
 * Source: ECMA-167, part 2, 8 (volume recognition): `NSR02` or `NSR03` in a sector from the 16th on.
 */
import { type ByteSource, readExactly } from '../byte-source.ts'
import { latin1 } from '../bytes.ts'

const sector = 2048
const first = 16
/** Descriptors of ISO 9660 come before, a few. */
const looked = 32

export async function hasUdf(disc: ByteSource): Promise<boolean> {
  for (let at = first; at < first + looked && (at + 1) * sector <= disc.size; at += 1) {
    const name = latin1(await readExactly(disc, at * sector + 1, 5, 'UDF'))
    if (/^NSR0[23]$/.test(name)) return true
  }
  return false
}
