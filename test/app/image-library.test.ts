/** Images as they come, change and go while they are served. */
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { droppedImages, imagesTree } from '../../src/app/command/image-names.ts'
import { ImageLibrary } from '../../src/app/image-library.ts'
import { imageReport, reportLines } from '../../src/app/command/image-report.ts'
import type { Arch } from '../../src/boot/menu/catalog.ts'
import { findEntry } from '../../src/boot/menu/menu.ts'
import type { ServiceEvent } from '../../src/core/events.ts'
import type { Client } from '../../src/io/files/file-tree.ts'
import { openNetbootImage } from '../../src/io/image/netboot-image.ts'
import { readCpio, writeCpio } from '../../src/wire/linux/cpio.ts'
import { fixtureImage, testFolder, text, writeFiles, wholeOf } from '../support/image-files.ts'
import { ovaOf } from '../support/ova.ts'
import { tarOf } from '../support/tar-writer.ts'

const client: Client = { via: 'http', ip: '10.0.0.9', server: '10.0.0.1' }

function libraryOf(folder: string, taken: readonly string[] = []) {
  const events: Omit<ServiceEvent, 'at'>[] = []
  const state = { now: Date.now() + 60_000 }
  const library = new ImageLibrary({
    named: () => droppedImages([folder]),
    taken: new Set(taken),
    emit: (event) => events.push(event),
    clock: () => state.now,
  })
  onTestFinished(() => library.close())
  const said = () => events.splice(0).map(({ type, entry }) => `${type} ${entry}`)
  return { library, state, said, events }
}

/** A folder as Tiny Core leaves it on a disk. */
function tinyCore(folder: string): string {
  const core = writeCpio([{ type: 'directory', path: 'etc', mode: 0o755 }], 0)
  return writeFiles(folder, {
    'tce/boot/vmlinuz': text('kernel'),
    'tce/boot/core.gz': gzipSync(core),
    'tce/boot/extlinux/extlinux.conf': text(
      'LABEL core\nKERNEL /tce/boot/vmlinuz\nINITRD ../core.gz\nAPPEND quiet tce=sda1\n',
    ),
    'tce/onboot.lst': text('nginx.tcz\n'),
    'tce/optional/nginx.tcz': text('web server'),
    'tce/mydata.tgz': gzipSync(tarOf([{ path: 'etc/motd', octets: text('hello') }])),
  })
}

/** No more of a kernel than its header. */
function kernelOf({ is64, hasEfiStub }: { is64: boolean; hasEfiStub: boolean }): Uint8Array {
  const octets = Buffer.alloc(1024)
  octets.write(hasEfiStub ? 'MZ' : '')
  octets.write('HdrS', 0x202)
  octets.writeUInt16LE(0x020c, 0x206)
  octets.writeUInt16LE(is64 ? 1 : 0, 0x236)
  return new Uint8Array(octets)
}

async function textAt(library: ImageLibrary, path: string): Promise<string | undefined> {
  const file = await library.tree.open(path, client)
  if (file === undefined) return undefined
  const octets = await wholeOf(file)
  await file.close()
  return new TextDecoder().decode(octets)
}

test('a folder with Tiny Core is an entry with a second initrd, its files served as they are', async () => {
  const folder = testFolder()
  tinyCore(join(folder, 'my tiny'))
  const { library, said } = libraryOf(folder)
  await library.refresh()
  expect(said()).toEqual(['image.ready my-tiny'])
  expect(library.entries()).toEqual([
    {
      type: 'linux',
      name: 'my-tiny',
      title: 'my-tiny (Tiny Core Linux)',
      arch: ['x64', 'ia32'],
      kernel: 'boot/my-tiny/tce/boot/vmlinuz',
      initrd: ['boot/my-tiny/tce/boot/core.gz', 'boot/my-tiny/overlay.cpio'],
      args: 'quiet base norestore noswap',
    },
  ])
  expect(await textAt(library, 'my-tiny/TCE/boot/VMLINUZ')).toBe('kernel')
  const overlay = await library.tree.open('my-tiny/overlay.cpio', client)
  const paths = readCpio(await wholeOf(overlay!)).map(({ path }) => path)
  expect(paths).toContain('tmp/builtin/optional/nginx.tcz')
  expect(paths).toContain('etc/motd')
  await overlay!.close()
})

test('a kernel is offered to firmware that can start it', async () => {
  const folder = testFolder()
  const kernels = {
    old: kernelOf({ is64: false, hasEfiStub: false }),
    small: kernelOf({ is64: false, hasEfiStub: true }),
    whole: kernelOf({ is64: true, hasEfiStub: true }),
  }
  for (const [name, kernel] of Object.entries(kernels)) {
    writeFiles(join(folder, name), { 'boot/vmlinuz': kernel, 'boot/core.gz': text('x') })
  }
  const { library } = libraryOf(folder)
  await library.refresh()
  const catalog = { title: '', timeout: 0, default: '', entries: library.entries() }
  const context = { catalog, url: '', loaders: new Set<string>(), variables: {} }
  const names = (architecture: Arch, firmware: string | undefined) =>
    ['old', 'small', 'whole'].filter(
      (name) => findEntry(name, { ...context, architecture, firmware }) !== undefined,
    )
  expect(names('x64', 'bios')).toEqual(['old', 'small', 'whole'])
  expect(names('x64', 'uefi-x64')).toEqual(['whole'])
  expect(names('ia32', 'uefi-ia32')).toEqual(['small'])
  expect(names('x64', undefined)).toEqual(['old', 'small', 'whole'])
})

test('of a disk nothing is served but what boots', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'a.ova'), ovaOf({ disk: fixtureImage('stream.vmdk') }))
  const { library, said, events } = libraryOf(folder)
  await library.refresh()
  // The fixture has no boot loader.
  expect(events[0]?.reason).toContain('no boot loader configuration with a Linux kernel was found')
  expect(said()).toEqual(['image.refused a'])
  expect(library.entries()).toEqual([])
  expect(await textAt(library, 'a/boot/vmlinuz')).toBeUndefined()
  expect(await library.tree.list()).toEqual([])
})

test('a disc is served whole, and offered only where it boots as it stands', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'disc.iso'), fixtureImage('disc.iso'))
  const { library, said, events } = libraryOf(folder)
  await library.refresh()
  expect(events[0]?.detail).toBe(
    'image disc: disc, ISO 9660 with Rock Ridge; its files are served; what boots of them is an entry of your own',
  )
  expect(said()).toEqual(['image.ready disc'])
  expect(library.entries()).toEqual([])
  expect([...(await library.tree.list())].sort()).toEqual([
    'disc/boot/sub/a name that is longer than 8.3.txt',
    'disc/boot/vmlinuz',
    'disc/disc.iso',
    'disc/empty',
  ])
  for (const path of ['disc/kernel', 'disc//BOOT\\vmlinuz', 'disc/x/../boot/vmlinuz']) {
    expect((await textAt(library, path))?.length).toBe(22_000)
  }
  expect(await textAt(library, 'disc/../a')).toBeUndefined()
  expect(await textAt(library, 'disc/nothing')).toBeUndefined()
  // From the middle, as a range asks for it.
  const file = await library.tree.open('disc/boot/vmlinuz', client)
  const buffer = new Uint8Array(10)
  expect(await file!.read(buffer, 21_995)).toBe(5)
  expect(new TextDecoder().decode(buffer.subarray(0, 5))).toBe('2000\n')
  await file!.close()
})

test('a file that is still being copied is not offered; once it is whole it is', async () => {
  const folder = testFolder()
  const { library, state, said } = libraryOf(folder)
  const file = join(folder, 'a.ova')
  const whole = ovaOf({ disk: fixtureImage('stream.vmdk') })
  state.now = Date.now()
  writeFileSync(file, whole.subarray(0, 10_000))
  await library.refresh()
  expect(said()).toEqual([])
  writeFileSync(file, whole)
  await library.refresh()
  expect(said()).toEqual([])
  // Unchanged since the look before: it is all there.
  await library.refresh()
  expect(said()).toEqual(['image.refused a'])
  await library.refresh()
  expect(said()).toEqual([])
})

test('an image that is replaced or taken away goes, and what is being sent is sent to its end', async () => {
  const folder = testFolder()
  tinyCore(join(folder, 'tiny'))
  const { library, said } = libraryOf(folder)
  await library.refresh()
  const open = await library.tree.open('tiny/overlay.cpio', client)
  const etag = open!.etag
  renameSync(join(folder, 'tiny'), join(folder, 'other'))
  await library.refresh()
  expect(said()).toEqual(['image.ready tiny', 'image.gone tiny', 'image.ready other'])
  expect(await library.tree.open('tiny/overlay.cpio', client)).toBeUndefined()
  await open!.close()
  await open!.close()
  const again = await library.tree.open('other/overlay.cpio', client)
  expect(again!.etag).not.toBe(etag)
  await again!.close()
  rmSync(join(folder, 'other'), { recursive: true })
  await library.refresh()
  expect(said()).toEqual(['image.gone other'])
})

test('a raw disk that is being sent outlives its removal', async () => {
  const folder = testFolder()
  // A FAT16 disk with nothing but a boot loader, a kernel and an initrd.
  writeFileSync(join(folder, 'disk.img'), fixtureImage('boot.img'))
  const { library, said } = libraryOf(folder)
  await library.refresh()
  expect(said()).toEqual(['image.ready disk'])
  const [entry] = library.entries()
  expect(entry).toMatchObject({ kernel: 'boot/disk/boot/vmlinuz' })
  const file = await library.tree.open('disk/boot/vmlinuz', client)
  rmSync(join(folder, 'disk.img'))
  await library.refresh()
  expect(said()).toEqual(['image.gone disk'])
  expect(new TextDecoder().decode(await wholeOf(file!))).toMatch(/^line 00001\n/)
  await file!.close()
  expect((await library.tree.list()).length).toBe(0)
})

test('a disc that was copied only in part is refused', async () => {
  const folder = testFolder()
  const whole = fixtureImage('disc.iso')
  writeFileSync(join(folder, 'half.iso'), whole.subarray(0, 40_960))
  const { library, events } = libraryOf(folder)
  await library.refresh()
  expect(events[0]?.reason).toMatch(/the disc has \d+ octets, of which 40960 are there/)
})

test('a disc of UDF is told from one that is damaged', async () => {
  const folder = testFolder()
  const disc = new Uint8Array(40 * 2048)
  for (const [at, name] of ['BEA01', 'NSR02', 'TEA01'].entries()) {
    disc.set(text(name), (16 + at) * 2048 + 1)
  }
  writeFileSync(join(folder, 'windows.iso'), disc)
  const { library, events } = libraryOf(folder)
  await library.refresh()
  expect(events[0]?.reason).toMatch(/most of this disc is UDF, which is not read: unpack it into/)
})

test('a folder that is filled slowly is looked at again until it boots', async () => {
  const folder = testFolder()
  const { library, said } = libraryOf(folder)
  writeFiles(join(folder, 'slow'), { 'boot/later': text('') })
  await library.refresh()
  expect(library.entries()).toEqual([])
  writeFiles(join(folder, 'slow'), { 'boot/vmlinuz': text('k'), 'boot/core.gz': text('half') })
  await library.refresh()
  expect(said()).toEqual(['image.ready slow'])
  // Deep inside, and the folder itself does not tell.
  writeFiles(join(folder, 'slow'), { 'boot/core.gz': text('the whole of it') })
  await library.refresh()
  expect(said()).toEqual(['image.gone slow', 'image.ready slow'])
})

test('a folder is served without the disks in it, and with the names that installers ask for', async () => {
  const folder = testFolder()
  const files = ['a.vmdk', 'sub/b.QCOW2', 'c.ova.part', '.treeinfo', '.disk/info', '.ssh/key', 'd']
  writeFiles(join(folder, 'rhel'), Object.fromEntries(files.map((path) => [path, text(path)])))
  const { library } = libraryOf(folder)
  await library.refresh()
  const served = ['rhel/.disk/info', 'rhel/.treeinfo', 'rhel/d']
  for (const tree of [library.tree, imagesTree(folder)]) {
    expect([...(await tree.list())].sort()).toEqual(served)
    for (const path of files) {
      const file = await tree.open(`rhel/${path}`, client)
      expect([path, file !== undefined]).toEqual([path, served.includes(`rhel/${path}`)])
      await file?.close()
    }
  }
})

test('a disk in parts is opened anew when one of them is replaced', async () => {
  const folder = testFolder()
  const whole = fixtureImage('boot.img')
  const flat = join(folder, 'd-flat.vmdk')
  writeFileSync(flat, whole)
  const extent = `RW ${whole.length / 512} FLAT "d-flat.vmdk" 0`
  writeFileSync(join(folder, 'd.vmdk'), `# Disk DescriptorFile\n${extent}\n`)
  const { library, said } = libraryOf(folder)
  await library.refresh()
  expect(said()).toEqual(['image.ready d'])
  writeFileSync(join(folder, 'new'), new Uint8Array(whole.length))
  renameSync(join(folder, 'new'), flat)
  await library.refresh()
  expect(said()).toEqual(['image.gone d', 'image.refused d'])
})

test('a file that is written into is not sent on, half of it another one', async () => {
  const folder = testFolder()
  const whole = fixtureImage('boot.img')
  writeFileSync(join(folder, 'disk.img'), whole)
  utimesSync(join(folder, 'disk.img'), 1, 1)
  const { library } = libraryOf(folder)
  await library.refresh()
  const file = await library.tree.open('disk/boot/vmlinuz', client)
  expect(await file!.read(new Uint8Array(10), 0)).toBe(10)
  writeFileSync(join(folder, 'disk.img'), whole.fill(120))
  await expect(file!.read(new Uint8Array(10), 0)).rejects.toThrow(
    'disk.img: was written to while it was read',
  )
  await file!.close()
})

test('what goes wrong with one image leaves the others alone', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'a.ova'), 'x')
  tinyCore(join(folder, 'tiny'))
  const library = new ImageLibrary({
    named: () => droppedImages([folder]),
    taken: new Set(),
    emit: ({ entry }) => {
      if (entry === 'a') throw new Error('a bug')
    },
    clock: () => Date.now() + 60_000,
  })
  onTestFinished(() => library.close())
  await expect(library.refresh()).rejects.toThrow('a bug')
  expect(library.entries().map(({ name }) => name)).toEqual(['tiny'])
  await library.refresh()
})

test('an image that is being opened when the service stops is given up', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'a.ova'), ovaOf({ disk: fixtureImage('stream.vmdk') }))
  const { library, said } = libraryOf(folder)
  const looked = library.refresh()
  await library.close()
  await looked
  expect(said()).toEqual([])
})

test('names: of files and folders, made fit for menus, and none that is taken', async () => {
  const folder = testFolder()
  for (const name of [
    'a b.OVA',
    'x-flat.vmdk',
    'x.vmdk',
    'x.ova',
    '.h.ova',
    'README.md',
    '-.img',
  ]) {
    writeFileSync(join(folder, name), 'x')
  }
  for (const name of ['tinyvm', '.part', 'rescue']) mkdirSync(join(folder, name))
  expect(
    droppedImages([folder]).map(({ name, source }) => [name, source.slice(folder.length + 1)]),
  ).toEqual([
    ['image', '-.img'],
    ['a-b', 'a b.OVA'],
    ['rescue', 'rescue'],
    ['x', 'x.ova'],
    ['x.vmdk', 'x.vmdk'],
  ])
  const other = testFolder()
  writeFileSync(join(other, 'x.iso'), 'x')
  expect(droppedImages([other, folder]).map(({ name }) => name)).toContain('x.ova')
  expect(droppedImages([join(folder, 'nowhere')])).toEqual([])
  // A folder of such a name is what the user's own entry boots from.
  const { library, said } = libraryOf(folder, ['x', 'image', 'rescue'])
  await library.refresh()
  await library.refresh()
  expect(said().sort()).toEqual(
    ['a-b', 'image', 'x', 'x.vmdk'].map((name) => `image.refused ${name}`),
  )
})

test('a disk in images/ is not given away whole, an initrd in a folder is', async () => {
  const files = ['a.ova', 'b.img', 'b.iso', 'rescue/initrd.img', 'ovf/disk1.vmdk', 'ovf/x.ovf']
  const tree = imagesTree(
    writeFiles(testFolder(), Object.fromEntries(files.map((path) => [path, text(path)]))),
  )
  expect([...(await tree.list())].sort()).toEqual(['b.iso', 'rescue/initrd.img'])
  for (const path of ['/a.OVA', 'b.img', 'ovf\\disk1.vmdk', 'rescue/../a.ova']) {
    expect(await tree.open(path, client)).toBeUndefined()
  }
  const file = await tree.open('rescue/initrd.img', client)
  expect(file?.size).toBe(17)
  await file?.close()
})

test('a configured image that is not there is said once, and served when it comes', async () => {
  const folder = testFolder()
  const source = join(folder, 'later')
  const events: string[] = []
  const library = new ImageLibrary({
    named: () => [{ name: 'later', source, title: 'Mine', args: 'single', isConfigured: true }],
    taken: new Set(),
    emit: ({ type, reason }) => events.push(`${type} ${reason ?? ''}`),
    clock: () => Date.now() + 60_000,
  })
  onTestFinished(() => library.close())
  await library.refresh()
  await library.refresh()
  expect(events.splice(0)).toEqual([`image.refused there is no file ${source}`])
  tinyCore(source)
  utimesSync(source, 1, 1)
  await library.refresh()
  expect(events).toEqual(['image.ready '])
  expect(library.entries()[0]).toMatchObject({ title: 'Mine', args: 'single' })
})

test('the report says in plain words what was found and what is served', async () => {
  const folder = tinyCore(join(testFolder(), 'tiny'))
  const image = await openNetbootImage(folder)
  onTestFinished(() => image.close())
  expect(reportLines(imageReport(image, 'tiny'))).toEqual([
    'image       tiny (Tiny Core Linux): folder',
    'system      Tiny Core Linux',
    'found in    tce/boot/extlinux/extlinux.conf',
    'arguments   quiet tce=sda1',
    'serves      tce/boot/vmlinuz, tce/boot/core.gz, overlay.cpio',
    'with        quiet base norestore noswap',
    'without     tce=sda1',
    'extensions  nginx.tcz',
    'kept files  1',
    'note        tce/boot/vmlinuz is no Linux kernel that is known here',
  ])
})

test('what an image says of itself moves no cursor and adds no line', async () => {
  const folder = testFolder()
  const name = 'x\u001b[2J\nnote        all is well'
  writeFileSync(
    join(folder, 'a.ova'),
    ovaOf({ disk: fixtureImage('stream.vmdk'), name, manifest: 'none' }),
  )
  const image = await openNetbootImage(join(folder, 'a.ova'))
  onTestFinished(() => image.close())
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  for (const line of reportLines(imageReport(image, 'a'))) expect(line).not.toMatch(/[\x00-\x1f]/)
})

test('the report of a known system: its entries, what it installs with, what a machine needs', async () => {
  const folder = writeFiles(join(testFolder(), 'rocky'), {
    '.treeinfo': text('[general]\nversion = 9.5\n'),
    'images/pxeboot/vmlinuz': kernelOf({ is64: true, hasEfiStub: true }),
    'images/pxeboot/initrd.img': text('initrd'),
  })
  const image = await openNetbootImage(folder)
  onTestFinished(() => image.close())
  const files = 'images/pxeboot/vmlinuz, images/pxeboot/initrd.img'
  const base = 'inst.repo=${image} ip=dhcp ${bootif}'
  expect(reportLines(imageReport(image, 'rocky'))).toEqual([
    'image       rocky (Red Hat family 9.5): folder',
    'entry       rocky',
    `serves      ${files}`,
    `with        ${base}`,
    `to install  ${base} inst.ks=\${answers}/ks.cfg`,
    'entry       rocky-rescue',
    `serves      ${files}`,
    `with        ${base} inst.rescue`,
    'unattended  Red Hat kickstart',
  ])
})

test('what a system lacks in an image is said, and what is there is offered', async () => {
  const folder = writeFiles(join(testFolder(), 'rocky'), {
    '.discinfo': text(''),
    'images/pxeboot/vmlinuz': text('x'),
  })
  const image = await openNetbootImage(folder)
  onTestFinished(() => image.close())
  expect(image.notes).toEqual(['there is no images/pxeboot/initrd.img in it'])
  expect(image.offers?.boots).toEqual([])
})
