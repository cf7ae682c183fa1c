/**
 * A file that holds a disk, as the disk: raw, or VMDK in each form that exports have. Names the
 * formats that it does not read, and how to convert them.
 */
import { ProtocolError } from '../../core/errors.ts'
import { type ByteSource, type Span, joined, readExactly } from '../../wire/byte-source.ts'
import { latin1 } from '../../wire/bytes.ts'
import { descriptorMark, parseVmdkDescriptor } from '../../wire/disk/vmdk-descriptor.ts'
import { embeddedDescriptor, isSparseVmdk, openSparseVmdk } from '../../wire/disk/vmdk.ts'
import { cachedSource } from './block-cache.ts'
import { inflate } from './inflate.ts'

export interface Disk {
  /** `VMDK (streamOptimized)`, `raw disk`. */
  readonly format: string
  readonly source: ByteSource
}

/** Opens a file that a descriptor names, beside it; undefined where it is not there. */
export type OpenBeside = (name: string) => Promise<ByteSource | undefined>

/** Beginnings of formats that would be taken for empty raw disks. */
const others: readonly (readonly [begins: string, name: string])[] = [
  ['QFI\u00fb', 'qcow2'],
  ['COWD', 'an old VMDK (COWD)'],
  ['vhdxfile', 'VHDX'],
  ['conectix', 'VHD'],
  ['<<< ', 'VDI'],
]

/** Throws ProtocolError where the file is damaged, or of a format that is not read. */
export async function openDisk(file: ByteSource, beside: OpenBeside): Promise<Disk> {
  const head = await readExactly(file, 0, Math.min(512, file.size), 'disk')
  if (isSparseVmdk(head)) {
    const text = await embeddedDescriptor(file)
    const type = text === '' ? 'sparse' : parseVmdkDescriptor(text).createType
    return { format: `VMDK (${type})`, source: cachedSource(await openSparseVmdk(file, inflate)) }
  }
  const begins = latin1(head)
  if (begins.startsWith(descriptorMark)) return openExtents(file, beside)
  const other = others.find(([mark]) => begins.startsWith(mark))?.[1]
  if (other === undefined) return { format: 'raw disk', source: file }
  const advice = 'convert it: qemu-img convert -O raw FILE disk.img'
  throw new ProtocolError('disk', `${other} is not read here; ${advice}`)
}

/** Octets of a descriptor that stands alone, at most. */
const longestDescriptor = 64 * 1024

async function openExtents(file: ByteSource, beside: OpenBeside): Promise<Disk> {
  const length = Math.min(file.size, longestDescriptor)
  const text = new TextDecoder().decode(await readExactly(file, 0, length, 'VMDK descriptor'))
  const { createType, extents } = parseVmdkDescriptor(text)
  if (extents.length === 0) throw new ProtocolError('VMDK descriptor', 'names no extent')
  const spans: Span[] = []
  for (const { kind, length: size, file: name, position } of extents) {
    if (kind === 'ZERO') {
      spans.push({ length: size })
      continue
    }
    if (/[/\\]/.test(name)) throw new ProtocolError(name, 'lies outside the folder of its VMDK')
    const source = await beside(name)
    if (source === undefined) throw new ProtocolError(name, 'is not there, beside its VMDK')
    spans.push({ ...(await extentSource(kind, source, position)), length: size })
  }
  return { format: `VMDK (${createType})`, source: cachedSource(joined(spans)) }
}

async function extentSource(
  kind: string,
  source: ByteSource,
  position: number,
): Promise<Pick<Span, 'source' | 'position'>> {
  if (kind === 'FLAT' || kind === 'VMFS') return { source, position }
  if (kind === 'SPARSE') return { source: await openSparseVmdk(source, inflate), position: 0 }
  throw new ProtocolError('VMDK descriptor', `extents of kind ${kind} are not read here`)
}
