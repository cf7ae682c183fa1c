/** Readers of disk images against the tools that everybody makes images with. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findFile, type Volume } from '../../src/wire/disk/image-node.ts'
import { part } from '../../src/wire/byte-source.ts'
import { openFat } from '../../src/wire/disk/fat.ts'
import { openIso } from '../../src/wire/disk/iso9660.ts'
import { readVolumes } from '../../src/wire/disk/volumes.ts'
import { openDisk } from '../../src/io/image/disk-format.ts'
import {
  type FileMap,
  diskSource,
  noise,
  testFolder,
  tool,
  treeOf,
  wanted,
  wholeOf,
  writeFiles,
} from '../support/image-files.ts'

/** Small and large, empty, deep, many in one folder. */
const files: FileMap = {
  'boot/vmlinuz': noise(3_000_000, 2),
  'boot/core.gz': noise(1_234_567, 3),
  'boot/empty': new Uint8Array(0),
  'boot/one': noise(1, 4),
  'a/b/c/d/e/a long name with spaces, and more than thirty letters.txt': noise(70_000, 5),
  'umläut/ünïcode-名前.bin': noise(5000, 6),
  ...Object.fromEntries(
    Array.from({ length: 700 }, (_, index) => [`many/file-${index}.txt`, noise(index % 9, index)]),
  ),
}

const links: FileMap = {
  'boot/kernel': '-> vmlinuz',
  'boot/absolute': '-> /boot/core.gz',
  [`boot/long`]: `-> ${'../boot/'.repeat(12)}vmlinuz`,
  'boot/ring': '-> ring',
}

async function volumeIn(path: string): Promise<Volume> {
  const { volumes, problems } = await readVolumes(await diskSource(path))
  expect(problems).toEqual([])
  expect(volumes).toHaveLength(1)
  return volumes[0]!
}

test.for([
  { format: 'ext2', options: ['-b', '1024'] },
  { format: 'ext2', options: ['-b', '4096', '-I', '128'] },
  { format: 'ext3', options: ['-b', '1024'] },
  { format: 'ext4', options: ['-b', '1024'] },
  { format: 'ext4', options: ['-b', '4096', '-O', '64bit,metadata_csum'] },
  { format: 'ext4', options: ['-b', '4096', '-O', '^64bit,^flex_bg'] },
])('mke2fs: $format $options', async ({ format, options }) => {
  const folder = testFolder()
  const tree = writeFiles(join(folder, 'tree'), { ...files, ...links })
  const image = join(folder, 'disk.img')
  tool('mke2fs', '-q', '-t', format, ...options, '-L', 'TINY', '-d', tree, image, '24M')
  // Makes folders of many entries hashed ones, as the kernel does.
  tool('sh', '-c', `e2fsck -fyD ${image} || [ $? = 1 ]`) // 1: it changed something
  expect(tool('debugfs', '-R', 'stat many', image)).toMatch(/Flags: 0x8?1000\b/)
  const volume = await volumeIn(image)
  expect([volume.format, volume.label]).toEqual([format, 'TINY'])
  expect(await treeOf(volume.root)).toEqual(wanted({ ...files, ...links }))
  for (const path of ['boot/kernel', 'boot/long', 'BOOT/VMLINUZ', '/boot/../boot//vmlinuz']) {
    expect((await findFile(volume.root, path))?.size).toBe(3_000_000)
  }
  expect((await findFile(volume.root, 'boot/absolute'))?.size).toBe(1_234_567)
  await expect(findFile(volume.root, 'boot/ring')).rejects.toThrow('too many symbolic links')
  expect(await findFile(volume.root, 'boot/vmlinuz/x')).toBeUndefined()
})

test('a file with holes, and one with more extents than its inode holds, as debugfs reads them', async () => {
  const folder = testFolder()
  for (const format of ['ext2', 'ext4']) {
    const image = join(folder, `${format}.img`)
    tool('mke2fs', '-q', '-t', format, '-b', '1024', image, '16M')
    const sparse = join(folder, 'sparse')
    tool('truncate', '-s', '3M', sparse)
    for (let at = 3; at < 2900; at += 40) {
      tool(
        'dd',
        'if=/dev/urandom',
        `of=${sparse}`,
        'bs=1k',
        'count=3',
        `seek=${at}`,
        'conv=notrunc',
      )
    }
    tool('debugfs', '-w', '-R', `write ${sparse} sparse`, image)
    tool('debugfs', '-R', `dump sparse ${join(folder, 'dumped')}`, image)
    const dumped = await wholeOf(await diskSource(join(folder, 'dumped')))
    const volume = await volumeIn(image)
    const file = await findFile(volume.root, 'sparse')
    const ours = await wholeOf(await file!.open(), 100_000)
    expect(Buffer.compare(ours, dumped)).toBe(0)
  }
})

test.for([
  { bits: '12', size: '4M', cluster: '4' },
  { bits: '16', size: '64M', cluster: '4' },
  { bits: '32', size: '64M', cluster: '1' },
])('mkfs.fat and mcopy: FAT$bits', async ({ bits, size, cluster }) => {
  const folder = testFolder()
  const kept = bits === '12' ? { ...files, 'boot/vmlinuz': noise(900_000, 9) } : files
  const tree = writeFiles(join(folder, 'tree'), kept)
  const image = join(folder, 'disk.img')
  tool('truncate', '-s', size, image)
  tool('mkfs.fat', '-F', bits, '-s', cluster, '-n', 'TINY', image)
  const names = tool('ls', tree).trim().split('\n')
  tool('mcopy', '-s', '-i', image, ...names.map((name) => join(tree, name)), '::/')
  const volume = await volumeIn(image)
  expect([volume.format, volume.label]).toEqual([`FAT${bits}`, 'TINY'])
  expect(await treeOf(volume.root)).toEqual(wanted(kept))
})

test.for([
  { label: 'dos', script: 'start=2048,size=8192\nstart=10240,size=8192,type=83\n' },
  {
    label: 'dos',
    script:
      'start=2048,size=8192\nstart=12288,size=40000,type=5\nstart=14336,size=8192\nstart=24576,size=8192\n',
  },
  { label: 'gpt', script: 'start=2048,size=8192\nstart=10240,size=8192\n' },
])('sfdisk: $label $script', async ({ label, script }) => {
  const folder = testFolder()
  const image = join(folder, 'disk.img')
  tool('truncate', '-s', '40M', image)
  tool('sh', '-c', `printf '${script}' | sfdisk -q --label ${label} ${image}`)
  const lines = [...tool('sfdisk', '-d', image).matchAll(/img(\d+) : start= *(\d+),.*type=(\w+)/g)]
  const partitions = lines
    .filter(([, , , type]) => type !== '5')
    .map(([, number, start]) => ({ number: Number(number), start: Number(start) }))
  for (const { number, start } of partitions) {
    const tree = writeFiles(join(folder, `tree${number}`), { [`p${number}`]: noise(999, number) })
    const file = join(folder, `part${number}`)
    tool('mke2fs', '-q', '-t', 'ext4', '-d', tree, file, '4M')
    tool('dd', `if=${file}`, `of=${image}`, 'bs=512', `seek=${start}`, 'conv=notrunc')
  }
  const { volumes, problems } = await readVolumes(await diskSource(image))
  expect(problems).toEqual([])
  expect(volumes.map(({ partition }) => partition)).toEqual(partitions.map(({ number }) => number))
  for (const { partition, root } of volumes) {
    const expected = wanted({ [`p${partition}`]: noise(999, partition) })
    expect(await treeOf(root)).toEqual(expected)
  }
})

test.for(['streamOptimized', 'monolithicSparse', 'monolithicFlat', 'twoGbMaxExtentSparse'])(
  'qemu-img: VMDK %s holds the very same disk',
  async (subformat) => {
    const folder = testFolder()
    const raw = join(folder, 'disk.img')
    const tree = writeFiles(join(folder, 'tree'), { ...files, ...links })
    tool('mke2fs', '-q', '-t', 'ext4', '-d', tree, raw, '80M')
    const vmdk = join(folder, 'disk.vmdk')
    tool('qemu-img', 'convert', '-O', 'vmdk', '-o', `subformat=${subformat}`, raw, vmdk)
    const beside = (name: string) => diskSource(join(folder, name))
    const disk = await openDisk(await diskSource(vmdk), beside)
    expect(disk.format).toBe(`VMDK (${subformat})`)
    expect(disk.source.size).toBe(statSync(raw).size)
    const ours = await wholeOf(disk.source)
    expect(Buffer.compare(ours, await wholeOf(await diskSource(raw)))).toBe(0)
    const [volume] = (await readVolumes(disk.source)).volumes
    expect(await treeOf(volume!.root)).toEqual(wanted({ ...files, ...links }))
  },
)

/** Nine folders deep: Rock Ridge moves what lies deeper. */
const deep: FileMap = { 'a/b/c/d/e/f/g/h/i/j/deep.txt': noise(3000, 11) }

test.for([
  { names: 'Rock Ridge', options: ['-R'], files: { ...files, ...links, ...deep } },
  { names: 'Rock Ridge', options: ['-R', '-J', '-joliet-long'], files: { ...files, ...links } },
  { names: 'Joliet', options: ['-J', '-joliet-long', '-l'], files },
])('xorriso $options: $names', async ({ names, options, files: kept }) => {
  const folder = testFolder()
  const tree = writeFiles(join(folder, 'tree'), kept)
  const image = join(folder, 'disc.iso')
  const rockRidge = options.includes('-R') ? [] : ['--norock']
  tool('xorriso', '-as', 'mkisofs', ...rockRidge, ...options, '-V', 'TINY', '-o', image, tree)
  const volume = await volumeIn(image)
  expect([volume.format, volume.label]).toEqual([`ISO 9660 with ${names}`, 'TINY'])
  expect(await treeOf(volume.root)).toEqual(wanted(kept))
  expect((await findFile(volume.root, 'BOOT/vmlinuz'))?.size).toBe(3_000_000)
})

test('xorriso: plain names, shown in lower case', async () => {
  const folder = testFolder()
  const plain = {
    'boot/vmlinuz': noise(70_000, 2),
    'readme.txt': noise(10, 3),
    'b.b00': noise(5, 4),
  }
  const tree = writeFiles(join(folder, 'tree'), plain)
  const image = join(folder, 'disc.iso')
  tool('xorriso', '-as', 'mkisofs', '--norock', '-o', image, tree)
  const volume = await volumeIn(image)
  expect(volume.format).toBe('ISO 9660')
  expect(await treeOf(volume.root)).toEqual(wanted(plain))
})

test('xorriso: boot images for BIOS and UEFI, the latter a FAT that reads in place', async () => {
  const folder = testFolder()
  const efi = join(folder, 'tree/efi.img')
  writeFiles(join(folder, 'tree'), { 'isolinux.bin': noise(4096, 5), kernel: noise(99, 6) })
  tool('truncate', '-s', '1M', efi)
  tool('mkfs.fat', '-F', '12', efi)
  tool('mcopy', '-i', efi, join(folder, 'tree/kernel'), '::/bootx64.efi')
  const image = join(folder, 'disc.iso')
  const bios = ['-b', 'isolinux.bin', '-no-emul-boot', '-boot-load-size', '4']
  const uefi = ['-eltorito-alt-boot', '-e', 'efi.img', '-no-emul-boot']
  tool('xorriso', '-as', 'mkisofs', '-R', ...bios, ...uefi, '-o', image, join(folder, 'tree'))
  const source = await diskSource(image)
  const volume = await openIso(source)
  const images = await volume!.bootImages()
  expect(images.map(({ platform }) => platform)).toEqual(['bios', 'uefi'])
  const { position } = images[1]!
  const fat = await openFat(part(source, position, source.size - position, 'boot image'))
  expect(await treeOf(fat!.root)).toEqual(wanted({ 'bootx64.efi': noise(99, 6) }))
})

test.for(['qcow2', 'vdi', 'vhdx'])('%s is refused by its name', async (format) => {
  const folder = testFolder()
  tool('qemu-img', 'create', '-f', format, join(folder, 'disk'), '8M')
  const opening = openDisk(await diskSource(join(folder, 'disk')), () => Promise.resolve(undefined))
  await expect(opening).rejects.toThrow(new RegExp(`${format} is not read here`, 'i'))
})
