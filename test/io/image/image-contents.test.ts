/** Images of every kind, opened as far as their file systems; and what is said of damaged ones. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { InputError } from '../../../src/core/errors.ts'
import { openContents } from '../../../src/io/image/image-contents.ts'
import { parseOvf } from '../../../src/io/image/ovf.ts'
import { fixtureImage, testFolder, writeFiles, text } from '../../support/image-files.ts'
import { ovaOf, ovfOf } from '../../support/ova.ts'

const disk = fixtureImage('stream.vmdk')

async function contentsOf(name: string, octets: Uint8Array) {
  const file = join(testFolder(), name)
  writeFileSync(file, octets)
  const contents = await openContents(file)
  onTestFinished(() => contents.files.release())
  return contents
}

async function refusal(name: string, octets: Uint8Array): Promise<string> {
  const error: unknown = await contentsOf(name, octets).catch((thrown: unknown) => thrown)
  if (!(error instanceof InputError)) throw new Error('was not refused as input')
  return error.message.replace(/^.*?: /, '')
}

test.for(['sha1', 'sha256'] as const)('an OVA whose %s manifest is right', async (manifest) => {
  const contents = await contentsOf('TinyVM.ova', ovaOf({ disk, manifest }))
  expect(contents.format).toBe('OVA with VMDK (streamOptimized)')
  expect(contents.machine).toMatchObject({
    name: 'TinyVM',
    product: 'TinyVM & tools',
    version: '2.7',
    memory: 192,
    cards: ['VmxNet3'],
    checked: true,
  })
  expect(contents.volumes.map(({ partition, format }) => [partition, format])).toEqual([
    [1, 'ext2'],
    [5, 'FAT12'],
  ])
  expect(contents.notes).toEqual([])
})

test('one without a manifest is served, and that is said', async () => {
  const contents = await contentsOf('a.ova', ovaOf({ disk, manifest: 'none' }))
  expect(contents.machine?.checked).toBe(false)
  expect(contents.notes).toEqual(['it has no manifest: its files could not be checked'])
})

test('an OVA that is damaged is refused with the name of the file that is', async () => {
  const octets = ovaOf({ disk })
  const at = Buffer.from(octets).indexOf('KDMV') + 70_000
  octets[at] = octets[at]! ^ 1
  expect(await refusal('a.ova', octets)).toMatch(
    /^TinyVM-disk1.vmdk: is damaged: its SHA256 is [0-9a-f]{64}, TinyVM.mf says [0-9a-f]{64}$/,
  )
})

test('an OVA that is still being copied is refused', async () => {
  const octets = ovaOf({ disk })
  for (const length of [700, 5000, 60_000, octets.length - 1024]) {
    expect(await refusal('a.ova', octets.subarray(0, length))).toMatch(/whole|truncated/)
  }
})

test.for([
  { what: 'no descriptor', parts: { name: 'a.b' }, change: 'a.b.ovf', says: 'has no descriptor' },
  { what: 'no such disk', parts: { diskName: 'x.vmdk' }, change: 'x.vmdk', says: 'is not in the' },
])('$what', async ({ parts, change, says }) => {
  const octets = Buffer.from(ovaOf({ disk, ...parts, manifest: 'none' }))
  const at = octets.indexOf(`${change}\0`)
  octets.write('q', at + change.length - 1)
  // The header's check sum has to fit again.
  const sum = Number.parseInt(octets.toString('latin1', at + 148, at + 154), 8)
  const difference = 'q'.charCodeAt(0) - change.charCodeAt(change.length - 1)
  octets.write((sum + difference).toString(8).padStart(6, '0'), at + 148)
  expect(await refusal('a.ova', octets)).toContain(says)
})

test('an OVF with its disk beside it, and a folder that holds them', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'm.ovf'), ovfOf({ name: 'm' }))
  writeFileSync(join(folder, 'm-disk1.vmdk'), disk)
  for (const path of [join(folder, 'm.ovf'), folder]) {
    const contents = await openContents(path)
    onTestFinished(() => contents.files.release())
    expect(contents.format).toBe('OVF with VMDK (streamOptimized)')
    expect(contents.volumes).toHaveLength(2)
  }
})

test('a part of a disk that is not there is named; one that is named often is opened once', async () => {
  const folder = testFolder()
  const file = join(folder, 'split.vmdk')
  const write = (extents: readonly string[]) =>
    writeFileSync(file, `# Disk DescriptorFile\n${extents.join('\n')}\n`)
  write(['RW 2 FLAT "split-flat.vmdk" 0'])
  await expect(openContents(file)).rejects.toThrow(
    'split.vmdk: split-flat.vmdk: is not there, beside its VMDK',
  )
  writeFileSync(join(folder, 'split-flat.vmdk'), new Uint8Array(1024))
  write(Array.from({ length: 1000 }, () => 'RW 2 FLAT "split-flat.vmdk" 0'))
  const before = readdirSync('/proc/self/fd').length
  const contents = await openContents(file)
  onTestFinished(() => contents.files.release())
  expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(10)
})

test('an OVF opens what it names, whatever lies beside it', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'm.ovf'), ovfOf({ name: 'm' }))
  writeFileSync(join(folder, 'm-disk1.vmdk'), disk)
  for (let index = 0; index < 50; index++) writeFileSync(join(folder, `${index}.vmdk`), 'x')
  const before = readdirSync('/proc/self/fd').length
  const contents = await openContents(join(folder, 'm.ovf'))
  onTestFinished(() => contents.files.release())
  expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(10)
})

test('a manifest that names a file twice is refused, before it is read twice', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'm.ovf'), ovfOf({ name: 'm' }))
  writeFileSync(join(folder, 'm-disk1.vmdk'), disk)
  const digest = createHash('sha256').update(disk).digest('hex')
  writeFileSync(join(folder, 'm.mf'), `SHA256(m-disk1.vmdk)= ${digest}\n`.repeat(2))
  await expect(openContents(folder)).rejects.toThrow('m.mf: names m-disk1.vmdk twice')
})

test('a VMDK, a raw disk, and a folder', async () => {
  expect((await contentsOf('a.vmdk', disk)).format).toBe('VMDK (streamOptimized)')
  expect((await contentsOf('a.img', fixtureImage('ext4.img'))).volumes[0]?.format).toBe('ext4')
  const folder = writeFiles(testFolder(), { 'boot/vmlinuz': text('k'), '.hidden': text('h') })
  symlinkSync('/etc/hostname', join(folder, 'outside'))
  mkdirSync(join(folder, 'empty'))
  const contents = await openContents(folder)
  const names = (await contents.roots[0]!.list()).map(({ type, name }) => `${type} ${name}`)
  expect(names.sort()).toEqual(['folder boot', 'folder empty'])
})

test('what is no image is refused in plain words', async () => {
  expect(await refusal('a.img', new Uint8Array(0))).toBe('is empty')
  await expect(openContents('/nowhere/a.ova')).rejects.toThrow('/nowhere/a.ova: cannot be read')
  await expect(openContents('/dev/null')).rejects.toThrow('is no plain file')
})

test('an OVF that packs its disk, describes two machines or is no XML is refused', () => {
  const packed = ovfOf({}).replace('ovf:size="1"', 'ovf:compression="gzip"')
  expect(() => parseOvf(packed)).toThrow('is packed with gzip: unpack it first')
  for (const xml of ['', 'x', '<Envelope/>', '<a>'.repeat(50_000), ovfOf({}).slice(0, 900)]) {
    expect(() => parseOvf(xml)).toThrow(/^OVF: /)
  }
  const bomb = `<!DOCTYPE x [<!ENTITY a "${'a'.repeat(1000)}">${Array.from(
    { length: 20 },
    (_, index) => `<!ENTITY a${index} "${`&a${index === 0 ? '' : index - 1};`.repeat(20)}">`,
  ).join('')}]>`
  const grown = ovfOf({}).replace('?>', `?>${bomb}`).replace('<Name>', '<Name>&a19;')
  const started = performance.now()
  try {
    expect(parseOvf(grown).name.length).toBeLessThan(1_000_000)
  } catch (error) {
    expect(String(error)).toContain('OVF: ')
  }
  expect(performance.now() - started).toBeLessThan(20_000)
})
