/** Tiny Core out of an image: what it loads at boot, and the second initrd that brings it. */
import { expect, test } from 'vitest'
import { findBoot } from '../../../src/boot/image/find-boot.ts'
import { isTinyCore, netbootArguments, readTinyCore } from '../../../src/boot/image/tiny-core.ts'
import { overlayItems } from '../../../src/boot/image/tiny-core-overlay.ts'
import { memorySource, part, readExactly } from '../../../src/wire/byte-source.ts'
import { readCpio, readCpioFolders, writeCpio } from '../../../src/wire/linux/cpio.ts'
import { cpioSource } from '../../../src/wire/linux/cpio-source.ts'
import { readTar } from '../../../src/wire/disk/tar.ts'
import { memoryFolder, text } from '../../support/image-files.ts'
import { tarOf } from '../../support/tar-writer.ts'

const release = '5.15.10-tinycore'
const tinyvm = memoryFolder({
  'tce/boot/vmlinuz': text('kernel'),
  'tce/boot/core.gz': text('initrd'),
  'tce/boot/extlinux/extlinux.conf': text(
    'DEFAULT core\nLABEL core\nKERNEL /tce/boot/vmlinuz\nINITRD /tce/boot/core.gz\n' +
      'APPEND quiet waitusb=5 tce=UUID="0b00-1ace" host=tinyvm\n',
  ),
  'tce/onboot.lst': text('ipv6-netfilter-KERNEL.tcz\n# later: nano.tcz\n\nnginx\ngone.tcz\n'),
  [`tce/optional/ipv6-netfilter-${release}.tcz`]: text('modules'),
  'tce/optional/nginx.tcz': text('web server'),
  'tce/optional/nginx.tcz.dep': text('openssl.tcz\npcre.tcz'),
  'tce/optional/openssl.tcz': text('tls'),
  'tce/optional/openssl.tcz.dep': text('nginx.tcz\n'),
  'tce/optional/pcre.tcz': text('expressions'),
  'tce/optional/unused.tcz': text('not at boot'),
  'tce/copy2fs.flg': text(''),
  'tce/mydata.tgz': text('packed'),
})

test('the boot loader says which kernel, initrd and boot codes', async () => {
  const found = await findBoot(tinyvm)
  expect(found?.config).toBe('tce/boot/extlinux/extlinux.conf')
  expect(found?.choice.kernel).toBe('tce/boot/vmlinuz')
  expect(found?.choice.args).toBe('quiet waitusb=5 tce=UUID="0b00-1ace" host=tinyvm')
  expect(isTinyCore(found?.choice.initrd ?? [])).toBe(true)
})

test('without a configuration the kernel is found by its place, with nothing there is none', async () => {
  const bare = memoryFolder({ 'boot/vmlinuz64': text('k'), 'boot/corepure64.gz': text('i') })
  expect(await findBoot(bare)).toMatchObject({
    config: undefined,
    choice: { kernel: 'boot/vmlinuz64', initrd: ['boot/corepure64.gz'], args: '' },
  })
  expect(await findBoot(memoryFolder({ 'boot/vmlinuz': text('k') }))).toBeUndefined()
})

test('a default whose files are not there gives way to one whose are; includes are followed once', async () => {
  const root = memoryFolder({
    'syslinux.cfg': text('DEFAULT gone\nINCLUDE more.cfg\nLABEL gone\nKERNEL nothing\n'),
    'more.cfg': text('INCLUDE syslinux.cfg\nLABEL more\nKERNEL linux\nAPPEND initrd=rd quiet\n'),
    linux: text('k'),
    rd: text('i'),
  })
  const found = await findBoot(root)
  expect(found?.choice).toMatchObject({ kernel: 'linux', initrd: ['rd'], args: 'quiet' })
  expect(found?.others).toEqual(['gone'])
})

test('boot codes that mean the disk are dropped, and the booted machine’s disks stay alone', () => {
  expect(
    netbootArguments('quiet waitusb=5:UUID="1" tce=sda1 opt=sda1 home=sda1 cde host=box base'),
  ).toEqual({
    args: 'quiet host=box base norestore noswap',
    dropped: ['waitusb=5:UUID="1"', 'tce=sda1', 'opt=sda1', 'home=sda1', 'cde'],
  })
  expect(netbootArguments('options=x hostname=y').args).toContain('options=x hostname=y')
})

test('extensions come with what they need, once, by the names of the image', async () => {
  const parts = await readTinyCore([tinyvm], 'tce=UUID="0b00-1ace"', release)
  expect([...parts.files.keys()]).toEqual([
    `optional/ipv6-netfilter-${release}.tcz`,
    'optional/nginx.tcz',
    'optional/nginx.tcz.dep',
    'optional/openssl.tcz',
    'optional/openssl.tcz.dep',
    'optional/pcre.tcz',
    'copy2fs.flg',
  ])
  expect(parts.onboot).toEqual(['ipv6-netfilter-KERNEL.tcz', 'nginx.tcz', 'gone.tcz'])
  expect(parts.notes).toEqual(['extension gone.tcz is listed, but not in the image'])
  expect(parts.backup?.name).toBe('mydata.tgz')
  const unknown = await readTinyCore([tinyvm], '', undefined)
  expect([...unknown.files.keys()][0]).toBe(`optional/ipv6-netfilter-${release}.tcz`)
})

test('boot codes choose the folder, the list and the backup', async () => {
  const root = memoryFolder({
    'my/dir/web.lst': text('nginx.tcz\n'),
    'my/dir/optional/nginx.tcz': text('web server'),
    'saved/mine.tgz': text('packed'),
  })
  const codes = 'tce=sda1/my/dir lst=web.lst restore=sdb1/saved mydata=mine'
  const parts = await readTinyCore([memoryFolder({}), root], codes, release)
  expect([...parts.files.keys()]).toEqual(['optional/nginx.tcz'])
  expect(parts.backup?.name).toBe('mine.tgz')
  const disc = memoryFolder({
    'cde/onboot.lst': text('Xvesa.tcz\n'),
    'cde/optional/Xvesa.tcz': text('X'),
  })
  expect((await readTinyCore([disc], 'loglevel=3 cde', release)).onboot).toEqual(['Xvesa.tcz'])
  const none = await readTinyCore([root], `${codes} base norestore`, release)
  expect([none.files.size, none.backup]).toEqual([0, undefined])
})

test('the overlay brings extensions and kept files, with modes and owners that the system needs', async () => {
  const tar = memorySource(
    tarOf([
      { path: 'opt', type: '5', mode: 0o775, group: 50 },
      { path: 'opt/bootlocal.sh', mode: 0o775, group: 50, octets: text('#!/bin/sh\n') },
      { path: 'home/tc/.profile', user: 1001, group: 50, octets: text('x') },
      { path: 'etc/shadow', mode: 0o640, octets: text('root:*') },
      { path: 'etc/shadow-', type: '1', target: 'etc/shadow' },
      { path: 'usr/local/etc/ssh/key', mode: 0o600, octets: text('secret') },
      { path: 'var/link', type: '2', target: '/tmp' },
      { path: '../outside', octets: text('no') },
      { path: 'dev/tty9', type: '3' },
    ]),
  )
  const members = await readTar(tar)
  const backup = {
    members,
    content: ({ position, size }: { position: number; size: number }) =>
      part(tar, position, size, 'backup'),
  }
  const parts = await readTinyCore([tinyvm], '', release)
  const folders = new Set(['etc', 'home', 'home/tc', 'usr', 'usr/local', 'usr/local/etc', 'var'])
  const archive = cpioSource(await overlayItems(parts, backup, folders), 1_735_689_600)
  expect(archive.size % 512).toBe(0)
  const octets = await readExactly(archive, 0, archive.size, 'overlay')
  const found = readCpio(octets).map(
    ({ type, path, mode, owner = { user: 0, group: 0 } }) =>
      `${type} ${path} ${mode.toString(8)} ${owner.user}:${owner.group}`,
  )
  expect(found).toEqual([
    'directory tmp 1777 0:0',
    'directory tmp/builtin 775 0:50',
    'directory tmp/builtin/optional 775 0:50',
    'file tmp/builtin/onboot.lst 664 0:50',
    `file tmp/builtin/optional/ipv6-netfilter-${release}.tcz 664 0:50`,
    'file tmp/builtin/optional/nginx.tcz 664 0:50',
    'file tmp/builtin/optional/nginx.tcz.dep 664 0:50',
    'file tmp/builtin/optional/openssl.tcz 664 0:50',
    'file tmp/builtin/optional/openssl.tcz.dep 664 0:50',
    'file tmp/builtin/optional/pcre.tcz 664 0:50',
    'file tmp/builtin/copy2fs.flg 664 0:50',
    'directory opt 775 0:50',
    'file opt/bootlocal.sh 775 0:50',
    'file home/tc/.profile 644 1001:50',
    'file etc/shadow 640 0:0',
    'file etc/shadow- 640 0:0',
    'directory usr/local/etc/ssh 755 0:0',
    'file usr/local/etc/ssh/key 600 0:0',
    'link var/link 777 0:0',
  ])
  const shadow = readCpio(octets).find(({ path }) => path === 'etc/shadow-')
  expect(shadow?.type === 'file' && new TextDecoder().decode(shadow.octets)).toBe('root:*')
})

test('an image with neither needs no overlay', async () => {
  const parts = await readTinyCore([memoryFolder({})], '', release)
  expect(await overlayItems(parts, undefined, new Set())).toEqual([])
})

test('folders of an initrd are those of all archives in it', () => {
  const one = writeCpio([{ type: 'directory', path: './etc', mode: 0o755 }], 0)
  const other = writeCpio(
    [
      { type: 'directory', path: 'lib', mode: 0o755 },
      { type: 'file', path: 'lib/a', mode: 0o644, octets: text('a') },
    ],
    0,
  )
  const both = Buffer.concat([
    one,
    new Uint8Array(512 - (one.length % 512)),
    other,
    Buffer.alloc(9),
  ])
  expect(readCpioFolders(both)).toEqual(['etc', 'lib'])
})

test('a backup whose folders would fill the memory is refused', async () => {
  const parts = await readTinyCore([], '', release)
  const member = { type: 'file', mode: 0o644, owner: { user: 0, group: 0 }, target: '' } as const
  const overlayOf = (paths: readonly string[]) => {
    const members = paths.map((path) => ({ ...member, path, position: 0, size: 0 }))
    return overlayItems(parts, { members, content: () => memorySource(text('')) }, new Set())
  }
  const deep = Array.from({ length: 100_000 }, (_, index) => `${index}/${'a/'.repeat(2000)}b`)
  const many = 'the backup has too many folders, or too deep ones'
  await expect(overlayOf(deep)).rejects.toThrow(many)
  await expect(overlayOf([`${'a/'.repeat(30_000)}b`])).rejects.toThrow(many)
  expect(await overlayOf(['a/b/c', 'a/b/d'])).toHaveLength(4)
})

test('of more extensions than a system has the first come along, and that is said', async () => {
  const names = Array.from({ length: 5000 }, (_, index) => `e${index}.tcz`)
  const files = Object.fromEntries(names.map((name) => [`tce/optional/${name}`, text('x')]))
  const root = memoryFolder({ ...files, 'tce/onboot.lst': text(names.join('\n')) })
  const parts = await readTinyCore([root], '', release)
  expect(parts.files.size).toBe(1000)
  expect(parts.notes).toEqual(['more than 1000 extensions: the others are left out'])
})
