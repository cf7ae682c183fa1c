/**
 * The partitions of a disk: MBR with its extended partitions, and GPT. Says where they lie, and
 * nothing of what is in them.
 *
 * Sources: UEFI 2.10 §5.2 (MBR) and §5.3 (GPT).
 */
import { ProtocolError } from '../../core/errors.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { Fields } from '../fields.ts'

export interface Partition {
  /** As Linux counts them: from 1, logical ones from 5. */
  readonly number: number
  /** Octets. */
  readonly start: number
  readonly length: number
}

const sector = 512
const extendedTypes: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85])
const protectiveType = 0xee
const mostLogical = 128

/** None where the disk has no partition table. Throws ProtocolError where the table is damaged. */
export async function readPartitions(disk: ByteSource): Promise<readonly Partition[]> {
  if (disk.size < sector) return []
  const mbr = await readBootRecord(disk, 0)
  if (mbr === undefined) return []
  if (mbr.some(({ type }) => type === protectiveType)) return readGpt(disk)
  const primary = mbr.flatMap((entry, index) =>
    extendedTypes.has(entry.type) ? [] : partitionOf(entry, index + 1, 0),
  )
  const extended = mbr.find(({ type }) => extendedTypes.has(type))
  const logical = extended === undefined ? [] : await readLogical(disk, extended.start)
  return [...primary, ...logical].filter((partition) => partition.start < disk.size)
}

interface Row {
  readonly type: number
  /** Sectors. */
  readonly start: number
  readonly length: number
}

/** The four rows of a boot record; undefined where there is none. */
async function readBootRecord(disk: ByteSource, at: number): Promise<Row[] | undefined> {
  const record = new Fields(await readExactly(disk, at, sector, 'partition table'), 'MBR', at)
  if (record.u16(510) !== 0xaa55) return undefined
  return [446, 462, 478, 494].map((row) => ({
    type: record.u8(row + 4),
    start: record.u32(row + 8),
    length: record.u32(row + 12),
  }))
}

/** Each record holds one partition, counted from itself, and where the next record is. */
async function readLogical(disk: ByteSource, first: number): Promise<Partition[]> {
  const partitions: Partition[] = []
  const seen = new Set<number>()
  for (let at = first; at * sector + sector <= disk.size;) {
    if (seen.has(at) || seen.size >= mostLogical) {
      throw new ProtocolError('partition table', `logical partitions go in a ring at sector ${at}`)
    }
    seen.add(at)
    const [own, next] = (await readBootRecord(disk, at * sector)) ?? []
    if (own !== undefined) partitions.push(...partitionOf(own, 5 + partitions.length, at))
    if (next === undefined || !extendedTypes.has(next.type)) break
    at = first + next.start
  }
  return partitions
}

function partitionOf({ type, start, length }: Row, number: number, base: number): Partition[] {
  if (type === 0 || length === 0) return []
  return [{ number, start: (base + start) * sector, length: length * sector }]
}

/** The header stands in the second sector, whose size only the disk knew. */
async function readGpt(disk: ByteSource): Promise<Partition[]> {
  for (const sectorSize of [512, 4096]) {
    if (disk.size < sectorSize * 2) continue
    const octets = await readExactly(disk, sectorSize, 512, 'GPT header')
    const header = new Fields(octets, 'GPT header', sectorSize)
    if (header.text(0, 8) === 'EFI PART') return readGptEntries(disk, header, sectorSize)
  }
  throw new ProtocolError('GPT header', 'is not there, though the MBR says so (at octet 512)')
}

async function readGptEntries(
  disk: ByteSource,
  header: Fields,
  sectorSize: number,
): Promise<Partition[]> {
  const count = header.u32(80)
  const entrySize = header.u32(84)
  if (count > 1024) throw header.wrong(80, `${count} partitions are too many`)
  if (entrySize < 128 || entrySize > 4096) throw header.wrong(84, `${entrySize} octets an entry`)
  const at = header.u64(72) * sectorSize
  const octets = await readExactly(disk, at, count * entrySize, 'GPT entries')
  const partitions: Partition[] = []
  for (let index = 0; index < count; index++) {
    const entry = new Fields(
      octets.subarray(index * entrySize, (index + 1) * entrySize),
      `GPT entry ${index + 1}`,
      at + index * entrySize,
    )
    if (entry.slice(0, 16).every((octet) => octet === 0)) continue
    const [first, last] = [entry.u64(32), entry.u64(40)]
    if (last < first) throw entry.wrong(40, 'it ends before it begins')
    const length = (last - first + 1) * sectorSize
    partitions.push({ number: index + 1, start: first * sectorSize, length })
  }
  return partitions.filter(({ start }) => start < disk.size)
}
