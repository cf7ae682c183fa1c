/**
 * The text part of a VMDK: which kind of disk it is and in which files its extents are. Opens
 * nothing.
 *
 * Source: VMware, Virtual Disk Format 5.0, "The Descriptor File".
 */
import { ProtocolError } from '../../core/errors.ts'

export interface VmdkExtent {
  /** `SPARSE`, `FLAT`, `ZERO`, or a kind that is not read here. */
  readonly kind: string
  /** Octets. */
  readonly length: number
  /** Name of its file; empty for zeros. */
  readonly file: string
  /** Where it begins in its file, octets. */
  readonly position: number
}

export interface VmdkDescriptor {
  /** `streamOptimized`, `monolithicSparse`, `monolithicFlat` and others. */
  readonly createType: string
  readonly extents: readonly VmdkExtent[]
}

const sector = 512
/** Disks of 62 TiB in pieces of 2 GiB have as many as nobody exports. */
const mostExtents = 1024

export const descriptorMark = '# Disk DescriptorFile'

/** Throws ProtocolError for snapshots, which are only half a disk, and for lines it cannot read. */
export function parseVmdkDescriptor(text: string): VmdkDescriptor {
  const [own = ''] = text.split('\0')
  if (!own.startsWith(descriptorMark)) {
    throw new ProtocolError('VMDK descriptor', `does not begin with "${descriptorMark}"`)
  }
  const lines = own.split(/\r?\n/).map((line) => line.trim())
  const extents = lines.flatMap(extentOf)
  if (extents.length > mostExtents) {
    throw new ProtocolError('VMDK descriptor', `${extents.length} extents are too many`)
  }
  const parent = value(lines, 'parentCID')
  if (parent !== undefined && !/^f{8}$/i.test(parent)) {
    throw new ProtocolError(
      'VMDK descriptor',
      `the disk is a snapshot of another one (parentCID ${parent}): export it whole`,
    )
  }
  return { createType: value(lines, 'createType') ?? 'unknown', extents }
}

/** `createType="monolithicFlat"`, spaces and quotes as they like. */
function value(lines: readonly string[], key: string): string | undefined {
  const line = lines.find((each) => each.startsWith(key) && /^\s*=/.test(each.slice(key.length)))
  const [, text] = line?.split('=') ?? []
  return text?.replaceAll('"', '').trim()
}

/** `RW 163840 SPARSE "disk1.vmdk"`, and where a flat one begins. */
function extentOf(line: string): VmdkExtent[] {
  const pattern =
    /^(?:RW|RDONLY|NOACCESS)\s+(\d{1,15})\s+([A-Z]+)(?:\s+"([^"]*)"(?:\s+(\d{1,15}))?)?/
  const [, sectors, kind, file = '', offset = '0'] = pattern.exec(line) ?? []
  if (sectors === undefined || kind === undefined) return []
  const length = Number(sectors) * sector
  const position = Number(offset) * sector
  if (Number.isSafeInteger(length) && Number.isSafeInteger(position)) {
    return [{ kind, length, file, position }]
  }
  throw new ProtocolError('VMDK descriptor', `an extent of ${sectors} sectors`)
}
