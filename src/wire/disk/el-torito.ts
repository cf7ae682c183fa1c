/**
 * The boot images of a disc: what BIOS and UEFI start from it, each as a disk of its own.
 *
 * Source: El Torito Bootable CD-ROM Format Specification 1.0; UEFI 2.10 §13.3.2.1 (its platform).
 */
import { type ByteSource, readExactly } from '../byte-source.ts'
import { Fields } from '../fields.ts'
import { isoSector } from './iso-records.ts'

export interface BootImage {
  readonly platform: 'bios' | 'uefi' | 'other'
  /** Octets from the start of the image. */
  readonly position: number
}

const platforms: Readonly<Record<number, BootImage['platform']>> = { 0: 'bios', 0xef: 'uefi' }

/** The catalog is one sector of entries of 32 octets: a validation, the default, then sections by platform. */
export async function readBootImages(
  source: ByteSource,
  sector: number,
): Promise<readonly BootImage[]> {
  const at = sector * isoSector
  const fields = new Fields(
    await readExactly(source, at, isoSector, 'boot catalog'),
    'boot catalog',
    at,
  )
  if (fields.u8(0) !== 1 || fields.u16(30) !== 0xaa55) throw fields.wrong(0, 'is no boot catalog')
  const images: BootImage[] = []
  let platform = fields.u8(1)
  for (let entry = 32; entry < isoSector; entry += 32) {
    const kind = fields.u8(entry)
    if (kind === 0x90 || kind === 0x91) platform = fields.u8(entry + 1)
    else if (kind === 0x88) {
      const position = fields.u32(entry + 8) * isoSector
      images.push({ platform: platforms[platform] ?? 'other', position })
    }
  }
  return images
}
