/**
 * The file systems on a disk: on the whole of it, or in its partitions. To read another format, add
 * its reader to the list.
 */
import { ProtocolError, messageOf } from '../../core/errors.ts'
import { type ByteSource, part } from '../byte-source.ts'
import { openExt } from './ext.ts'
import { openFat } from './fat.ts'
import { openIso } from './iso9660.ts'
import type { Volume } from './image-node.ts'
import { readPartitions } from './partitions.ts'

const readers: readonly ((source: ByteSource) => Promise<Volume | undefined>)[] = [
  openIso,
  openExt,
  openFat,
]

/** File systems looked at on one disk: each is searched for what boots. */
const mostVolumes = 32

export interface DiskVolume extends Volume {
  /** Number of its partition; 0 where it has the whole disk. */
  readonly partition: number
}

export interface DiskVolumes {
  readonly volumes: readonly DiskVolume[]
  /** What could not be read, one sentence each. */
  readonly problems: readonly string[]
}

/** A partition that is damaged does not hide the others. */
export async function readVolumes(disk: ByteSource): Promise<DiskVolumes> {
  const whole = await readVolume(disk)
  if (whole !== undefined) return { volumes: [{ ...whole, partition: 0 }], problems: [] }
  const volumes: DiskVolume[] = []
  const problems: string[] = []
  for (const { number, start, length } of await readPartitions(disk)) {
    if (volumes.length === mostVolumes) {
      problems.push(`partition ${number} and what comes after it are left out: they are too many`)
      break
    }
    try {
      // The last partition of an image that was cut to what is used still reads.
      const size = Math.min(length, disk.size - start)
      const volume = await readVolume(part(disk, start, size, `partition ${number}`))
      if (volume !== undefined) volumes.push({ ...volume, partition: number })
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      problems.push(`partition ${number}: ${messageOf(error)}`)
    }
  }
  return { volumes, problems }
}

async function readVolume(source: ByteSource): Promise<Volume | undefined> {
  for (const open of readers) {
    const volume = await open(source)
    if (volume !== undefined) return volume
  }
  return undefined
}
