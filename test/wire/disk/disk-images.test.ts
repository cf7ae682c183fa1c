/** Disk images that are right, cut off, damaged and hostile; the tools' own are in test/interop. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../../src/core/errors.ts'
import { type ByteSource, memorySource, readExactly } from '../../../src/wire/byte-source.ts'
import { type FolderNode, findFile, listPaths } from '../../../src/wire/disk/image-node.ts'
import { extSpans } from '../../../src/wire/disk/ext-blocks.ts'
import { readExtSuperblock } from '../../../src/wire/disk/ext-layout.ts'
import { Fields } from '../../../src/wire/fields.ts'
import { openIso } from '../../../src/wire/disk/iso9660.ts'
import { readPartitions } from '../../../src/wire/disk/partitions.ts'
import { parseVmdkDescriptor } from '../../../src/wire/disk/vmdk-descriptor.ts'
import { openSparseVmdk } from '../../../src/wire/disk/vmdk.ts'
import { readVolumes } from '../../../src/wire/disk/volumes.ts'
import { cachedSource } from '../../../src/io/image/block-cache.ts'
import { inflate } from '../../../src/io/image/inflate.ts'
import { fixtureFiles, fixtureImage, treeOf, wanted } from '../../support/image-files.ts'

const link = { kernel: '-> boot/vmlinuz' } as const
const vmdk = async (octets: Uint8Array) => openSparseVmdk(memorySource(octets), inflate)

describe('what is in the fixtures', () => {
  test.for([
    { name: 'ext2.img', formats: ['0 ext2'] },
    { name: 'ext4.img', formats: ['0 ext4'] },
    { name: 'fat12.img', formats: ['0 FAT12'] },
    { name: 'mbr.img', formats: ['1 ext2', '5 FAT12'] },
    { name: 'gpt.img', formats: ['1 ext4'] },
    { name: 'disc.iso', formats: ['0 ISO 9660 with Rock Ridge'] },
    { name: 'stream.vmdk', formats: ['1 ext2', '5 FAT12'] },
    { name: 'sparse.vmdk', formats: ['1 ext2', '5 FAT12'] },
  ])('$name', async ({ name, formats }) => {
    const octets = fixtureImage(name)
    const disk = name.endsWith('vmdk') ? await vmdk(octets) : memorySource(octets)
    const { volumes, problems } = await readVolumes(disk)
    expect(problems).toEqual([])
    expect(volumes.map(({ partition, format }) => `${partition} ${format}`)).toEqual(formats)
    for (const { format, root } of volumes) {
      const files = format.startsWith('FAT') ? fixtureFiles : { ...fixtureFiles, ...link }
      expect(await treeOf(root)).toEqual(wanted(files))
    }
  })

  test('a link in one volume leads to the file, and all paths can be listed', async () => {
    const [volume] = (await readVolumes(memorySource(fixtureImage('ext4.img')))).volumes
    expect((await findFile(volume!.root, 'kernel'))?.size).toBe(22_000)
    expect([...(await listPaths(volume!.root, 100))].sort()).toEqual(
      Object.keys(fixtureFiles).sort(),
    )
    expect(await listPaths(volume!.root, 2)).toHaveLength(0)
  })
})

/** Counts what is asked of an image: a small one that needs much work is a trap. */
function guarded(octets: Uint8Array): ByteSource & { octets: number; reads: number } {
  const source = memorySource(octets)
  const guard = {
    size: octets.length,
    octets: 0,
    reads: 0,
    read: (buffer: Uint8Array, position: number) => {
      guard.reads += 1
      guard.octets += buffer.length
      return source.read(buffer, position)
    },
  }
  return guard
}

/** Reads the beginning of every file, as far as it goes; anything but a ProtocolError is thrown. */
async function surveyed(root: FolderNode): Promise<void> {
  await tolerant(async () => {
    for (const path of await listPaths(root, 200)) {
      await tolerant(async () => {
        const file = await findFile(root, path)
        const content = await file?.open()
        if (content === undefined) return
        await readExactly(content, 0, Math.min(content.size, 50_000), 'test')
        await content.read(new Uint8Array(100), Math.max(0, content.size - 100))
      })
    }
  })
}

async function tolerant(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
}

async function survive(name: string, octets: Uint8Array): Promise<void> {
  const source = guarded(octets)
  await tolerant(async () => {
    const isVmdk = name.endsWith('vmdk')
    const disk = isVmdk ? cachedSource(await openSparseVmdk(source, inflate)) : source
    const { volumes } = await readVolumes(disk)
    for (const { root } of volumes) await surveyed(root)
  })
  expect(source.reads).toBeLessThan(20_000)
  expect(source.octets).toBeLessThan(100_000_000)
}

describe.for([
  'ext2.img',
  'ext4.img',
  'fat12.img',
  'mbr.img',
  'gpt.img',
  'stream.vmdk',
  'disc.iso',
])('hostile: %s', (name) => {
  const whole = fixtureImage(name)

  test('cut off at any length', async () => {
    for (let length = 0; length < whole.length; length += Math.ceil(whole.length / 150)) {
      await survive(name, whole.subarray(0, length))
    }
    for (let length = 0; length < 3000; length += 61) {
      await survive(name, whole.subarray(0, length))
    }
  })

  test('damaged anywhere', async () => {
    // What is not zero is what means something.
    const places = [...whole.keys()].filter((at) => whole[at] !== 0)
    const damage = fc.array(
      fc.tuple(fc.nat(places.length - 1), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
      { minLength: 1, maxLength: 6 },
    )
    const property = fc.asyncProperty(damage, async (changes) => {
      const damaged = whole.slice()
      for (const [place, octet] of changes) damaged[places[place]!] = octet
      await survive(name, damaged)
    })
    await fc.assert(property, { numRuns: 150, seed: 7 })
  })

  test('damaged in its first 4 KiB, where the structures are', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(4095), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
      async (changes) => {
        const damaged = whole.slice()
        for (const [at, octet] of changes) damaged[at] = octet
        await survive(name, damaged)
      },
    )
    await fc.assert(property, { numRuns: 300, seed: 8 })
  })
})

test('random octets are no volumes', async () => {
  const property = fc.asyncProperty(fc.uint8Array({ maxLength: 6000 }), (octets) =>
    survive('random', octets),
  )
  await fc.assert(property)
})

/** Writes 32-bit little-endian numbers into a fixture. */
function changed(name: string, numbers: Readonly<Record<number, number>>): Uint8Array {
  const octets = fixtureImage(name)
  const view = new DataView(octets.buffer)
  for (const [at, value] of Object.entries(numbers)) view.setUint32(Number(at), value, true)
  return octets
}

describe('traps, each by hand', () => {
  test('an extended partition that leads to itself', async () => {
    const octets = changed('mbr.img', {})
    // The record of the logical partition, sector 384, gets a second row that leads back.
    octets.set([0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], 384 * 512 + 462)
    await expect(readPartitions(memorySource(octets))).rejects.toThrow(
      'partition table: logical partitions go in a ring at sector 384',
    )
  })

  test('a GPT of a million partitions', async () => {
    const octets = changed('gpt.img', { [512 + 80]: 1_000_000 })
    await expect(readPartitions(memorySource(octets))).rejects.toThrow(
      'GPT header: 1000000 partitions are too many (at octet 592)',
    )
  })

  test('a GPT that is not there', async () => {
    const octets = changed('gpt.img', { 512: 0 })
    await expect(readPartitions(memorySource(octets))).rejects.toThrow('GPT header: is not there')
  })

  test.for([
    { what: 'blocks', at: 24, value: 60, says: 'blocks of 2^70 octets (at octet 1048)' },
    { what: 'features', at: 96, value: 0x1_0000, says: 'features 0x10000 are not known' },
    { what: 'groups', at: 40, value: 0, says: 'no inodes in a group (at octet 1064)' },
  ])('ext: $what', async ({ at, value, says }) => {
    const reading = readVolumes(memorySource(changed('ext2.img', { [1024 + at]: value })))
    await expect(reading).rejects.toThrow(says)
  })

  test('a folder of FAT that leads in a ring', async () => {
    const octets = fixtureImage('fat12.img').slice()
    // All clusters lead to cluster 2, which is the folder `boot`.
    const table = 512 * new DataView(octets.buffer).getUint16(14, true)
    for (let at = table + 3; at + 3 <= table + 512; at += 3) octets.set([2, 0x20, 0], at)
    const { volumes } = await readVolumes(memorySource(octets))
    await expect(listPaths(volumes[0]!.root, 100)).rejects.toThrow('FAT: a folder without end')
  })

  test('a file of several extents is one file', async () => {
    const octets = fixtureImage('disc.iso')
    const plain = await openIso(memorySource(octets))
    const size = (await findFile(plain!.root, 'boot/vmlinuz'))!.size
    // The record of `VMLINUZ.;1` is said to go on in the one that follows: another of the same.
    const at = Buffer.from(octets).indexOf('VMLINUZ.;1') - 33
    const length = octets[at]!
    octets.copyWithin(at + length, at, at + length)
    octets[at + 25] = 0x80
    const file = await findFile((await openIso(memorySource(octets)))!.root, 'boot/vmlinuz')
    expect(file?.size).toBe(2 * size)
    const whole = await readExactly(await file!.open(), 0, 2 * size, 'test')
    expect(Buffer.compare(whole.subarray(0, size), whole.subarray(size))).toBe(0)
  })

  test.for([
    { what: 'a folder that is larger than the image', at: 156 + 10, value: 0x00ff_ffff },
    { what: 'a folder outside', at: 156 + 2, value: 0x7fff_ffff },
    { what: 'sectors of another size', at: 128, value: 512 },
  ])('ISO 9660: $what', async ({ at, value }) => {
    const octets = changed('disc.iso', { [16 * 2048 + at]: value })
    await expect(openIso(memorySource(octets))).rejects.toThrow(ProtocolError)
  })

  test('a system use area that goes on in itself', async () => {
    const octets = fixtureImage('disc.iso')
    const text = Buffer.from(octets)
    const at = text.lastIndexOf('PX', text.indexOf('NM'))
    const sector = Math.floor(at / 2048)
    const view = new DataView(octets.buffer)
    octets.set([0x43, 0x45, 28, 1], at)
    view.setUint32(at + 4, sector, true)
    view.setUint32(at + 12, at % 2048, true)
    view.setUint32(at + 20, 28, true)
    const volume = await openIso(memorySource(octets))
    await expect(listPaths(volume!.root, 100)).rejects.toThrow('system use area has no end')
  })

  test.for([
    { what: 'capacity', at: 16, value: 0xffff_ffff, says: 'VMDK header' },
    { what: 'grain size', at: 20, value: 3, says: 'grains of 1536 octets (at octet' },
    { what: 'grain tables', at: 44, value: 0, says: 'grain tables of 0 entries (at octet' },
    { what: 'version', at: 4, value: 9, says: 'version 9 is not known (at octet 4)' },
    { what: 'directory', at: 56, value: 0x7fff_ffff, says: 'lie outside' },
  ])('VMDK: $what', async ({ at, value, says }) => {
    await expect(vmdk(changed('sparse.vmdk', { [at]: value }))).rejects.toThrow(says)
  })

  test('a grain that would unpack to more than a grain', async () => {
    const octets = fixtureImage('stream.vmdk').slice()
    const disk = await openSparseVmdk(memorySource(octets), (_packed, limit) =>
      Promise.reject(new Error(`more than ${limit}`)),
    )
    await expect(disk.read(new Uint8Array(10), 0)).rejects.toThrow(
      /^VMDK grain: it is damaged \(at octet \d+\)$/,
    )
  })

  test('a stream says only at its end where its directory is; one that is cut off has none', async () => {
    const image = fixtureImage('stream.vmdk')
    const footer = image.slice(0, 512)
    const header = image.slice(0, 512).fill(0xff, 56, 64)
    const marker = new Uint8Array(512)
    const whole = Buffer.concat([header, image.subarray(512), marker, footer, marker])
    const [volume] = (await readVolumes(await vmdk(whole))).volumes
    expect(volume?.format).toBe('ext2')
    await expect(vmdk(whole.subarray(0, whole.length - 512))).rejects.toThrow(
      /^VMDK footer: is not there \(at octet \d+\): the file is not whole$/,
    )
  })
})

function descriptor(lines: string) {
  return parseVmdkDescriptor(`# Disk DescriptorFile\n${lines}`)
}

describe('small images that need much', () => {
  test('a FAT whose table is shorter than its clusters', async () => {
    const octets = new Uint8Array(fixtureImage('fat12.img'))
    const view = new DataView(octets.buffer)
    // More clusters than the table has places, and a file that is said to lie in one of those.
    view.setUint16(19, 0, true)
    view.setUint32(32, 0x0fff_ffff, true)
    const [volume] = (await readVolumes(memorySource(octets))).volumes
    expect(volume?.format).toBe('FAT16')
    await surveyed(volume!.root)
  })

  test('a FAT file that goes in a ring ends', async () => {
    const octets = new Uint8Array(64 * 1024)
    const view = new DataView(octets.buffer)
    octets.set([0xeb, 0x3c, 0x90])
    view.setUint16(11, 512, true)
    octets.set([1, 1, 0, 1, 16], 13) // a cluster is a sector, one reserved, one table, 16 names
    view.setUint16(19, 128, true)
    view.setUint16(22, 1, true)
    octets.set([0xf8, 0xff, 0xff, 0x04, 0x20, 0x00], 512) // cluster 2 leads to 4
    octets.set([0x02, 0x00], 512 + 6) // and that back to 2
    octets.set(new TextEncoder().encode('RING       '), 1024)
    view.setUint16(1024 + 26, 2, true)
    view.setUint32(1024 + 28, 0xffff_ffff, true)
    const [volume] = (await readVolumes(memorySource(octets))).volumes
    const file = await findFile(volume!.root, 'ring')
    await expect(file!.open()).rejects.toThrow('FAT: a file in too many pieces')
  })

  test('an ext file whose map leads to the same block again and again', async () => {
    const octets = fixtureImage('ext4.img')
    const layout = await readExtSuperblock(memorySource(octets))
    const { blockSize } = layout!
    // Five levels of blocks of extents, all of one level leading to one block of the next: the last
    // maps nothing. The disk claims to be as large as disks get.
    const last = octets.length / blockSize - 1
    const write = (view: DataView, { entries, depth }: { entries: number; depth: number }) => {
      view.setUint16(0, 0xf30a, true)
      view.setUint16(2, entries, true)
      view.setUint16(6, depth, true)
      for (let at = 12; at <= entries * 12; at += 12) view.setUint32(at + 4, last - depth + 1, true)
    }
    const full = Math.floor((blockSize - 12) / 12)
    for (let depth = 0; depth < 5; depth++) {
      const at = octets.byteOffset + (last - depth) * blockSize
      const view = new DataView(octets.buffer, at, blockSize)
      write(view, { entries: depth === 0 ? 0 : full, depth })
    }
    const map = new Uint8Array(60)
    write(new DataView(map.buffer), { entries: 4, depth: 5 })
    const inode = { number: 12, type: 'file', size: 1e9, usesExtents: true } as const
    const guard = guarded(octets)
    const spans = extSpans(
      guard,
      { ...layout!, blocks: 2 ** 36 },
      { ...inode, map: new Fields(map, 'inode 12') },
    )
    await expect(spans).rejects.toThrow('its block map goes in a ring, or is too large')
    expect(guard.reads).toBeLessThan(70_000)
  })

  test('a file on a disc that ends behind it is refused before its first octet', async () => {
    const octets = fixtureImage('disc.iso')
    const root = (await openIso(memorySource(octets)))!.root
    const size = (await findFile(root, 'boot/vmlinuz'))!.size
    const record = Buffer.from(octets).indexOf(Buffer.from(Uint32Array.of(size).buffer))
    new DataView(octets.buffer, octets.byteOffset).setUint32(record, 2 ** 31, true)
    const grown = await findFile((await openIso(memorySource(octets)))!.root, 'boot/vmlinuz')
    await expect(grown!.open()).rejects.toThrow(/^vmlinuz: ends at octet \d+, behind the end/)
  })

  test('a folder that is in itself is read once', async () => {
    const guard = guarded(fixtureImage('ext4.img'))
    const [volume] = (await readVolumes(guard)).volumes
    await listPaths(volume!.root, 1000)
    const before = guard.reads
    await listPaths(volume!.root, 1000)
    expect(guard.reads).toBe(before)
  })
})

describe('VMDK descriptors', () => {
  test('extents of each kind, with their places in octets', () => {
    const text = [
      'version=1',
      'parentCID=ffffffff',
      'createType="custom"',
      'RW 4192256 SPARSE "disk-s001.vmdk"',
      'RW 2048 FLAT "disk-flat.vmdk" 63',
      'RW 8 ZERO',
      'ddb.adapterType = "ide"',
    ].join('\r\n')
    expect(descriptor(text)).toEqual({
      createType: 'custom',
      extents: [
        { kind: 'SPARSE', length: 4_192_256 * 512, file: 'disk-s001.vmdk', position: 0 },
        { kind: 'FLAT', length: 1_048_576, file: 'disk-flat.vmdk', position: 32_256 },
        { kind: 'ZERO', length: 4096, file: '', position: 0 },
      ],
    })
  })

  test('one that was made to take long does not, and names no more extents than disks have', () => {
    expect(descriptor('\n'.repeat(500_000)).extents).toEqual([])
    expect(descriptor(` createType = vmfs${' '.repeat(500_000)}`).createType).toBe('vmfs')
    expect(() => descriptor('RW 8 ZERO\n'.repeat(2000))).toThrow('2000 extents are too many')
  })

  test('a snapshot is only half a disk', () => {
    expect(() => descriptor('parentCID=0123abcd\n')).toThrow(
      'the disk is a snapshot of another one (parentCID 0123abcd): export it whole',
    )
  })

  test('random text is a descriptor without extents, or refused', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseVmdkDescriptor(text)).toThrow(ProtocolError)
        expect(descriptor(text).createType).toBeTypeOf('string')
      }),
    )
  })
})
