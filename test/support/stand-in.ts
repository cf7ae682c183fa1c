/**
 * A stand-in for the original TinyVM.ova, whose file is not to be had: Tiny Core's layout on a disk
 * of 80 MB in an OVA, with a kernel of Debian's and a small system that does with extensions and
 * kept files what Tiny Core does. Made by the tools that people make such images with.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { places } from '../../src/setup/places.ts'
import { standInParts } from '../../src/setup/stand-in.ts'
import { type CpioEntry, writeCpio } from '../../src/wire/linux/cpio.ts'
import { text, tool, writeFiles } from './image-files.ts'
import { ovaOf } from './ova.ts'
import { tarOf } from './tar-writer.ts'

/** How the disk is laid out; the loader's configuration lies where that loader looks for it. */
export const layouts = {
  'MBR, ext4, extlinux': {
    label: 'dos',
    filesystem: 'ext4',
    config: 'tce/boot/extlinux/extlinux.conf',
  },
  'MBR, ext2, extlinux': {
    label: 'dos',
    filesystem: 'ext2',
    config: 'boot/extlinux/extlinux.conf',
  },
  'GPT, ext3, extlinux': {
    label: 'gpt',
    filesystem: 'ext3',
    config: 'tce/boot/extlinux/extlinux.conf',
  },
  'MBR, FAT16, syslinux': { label: 'dos', filesystem: 'vfat', config: 'syslinux.cfg' },
} as const

export type Layout = keyof typeof layouts

/** What the stand-in's boot loader says, and what is left of it over the network. */
export const codes = {
  own: 'loglevel=3 console=ttyS0,115200 waitusb=5 tce=UUID="0b001ace-0001" host=standin',
  netboot: 'loglevel=3 console=ttyS0,115200 host=standin base norestore noswap',
} as const

/** Writes `TinyVM.ova` into the folder; answers its path. */
export async function writeStandIn(folder: string, layout: Layout): Promise<string> {
  const { label, filesystem, config } = layouts[layout]
  const tree = await writeTree(join(folder, 'tree'), config)
  const disk = join(folder, 'disk.img')
  const [start, size] = [2048, 155_648]
  tool('truncate', '-s', '80M', disk)
  const script = `start=${start},size=${size}${label === 'dos' ? ',bootable' : ''}\\n`
  tool('sh', '-c', `printf '${script}' | sfdisk -q --label ${label} ${disk}`)
  const part = join(folder, 'part.img')
  tool('truncate', '-s', String(size * 512), part)
  if (filesystem === 'vfat') {
    tool('mkfs.fat', '-F', '16', part)
    tool('sh', '-c', `mcopy -s -i ${part} ${tree}/* ::/`)
  } else tool('mke2fs', '-q', '-t', filesystem, '-d', tree, part)
  tool('dd', `if=${part}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=notrunc')
  const vmdk = join(folder, 'disk.vmdk')
  tool('qemu-img', 'convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized', disk, vmdk)
  const ova = join(folder, 'TinyVM.ova')
  writeFileSync(ova, ovaOf({ disk: readFileSync(vmdk), manifest: 'sha1' }))
  return ova
}

async function writeTree(folder: string, config: string): Promise<string> {
  const { kernel, release } = await standInParts()
  const netfilter = `ipv6-netfilter-${release}.tcz`
  writeFiles(folder, {
    'tce/boot/core.gz': await coreOf(),
    [config]: text(
      `DEFAULT core\nLABEL core\nKERNEL /tce/boot/vmlinuz\nINITRD /tce/boot/core.gz\nAPPEND ${codes.own}\n`,
    ),
    'tce/onboot.lst': text('ipv6-netfilter-KERNEL.tcz\nnginx.tcz\n'),
    'tce/optional/nginx.tcz.dep': text('pcre.tcz\n'),
    'tce/optional/unused.tcz': text('not at boot'),
    'tce/mydata.tgz': gzipSync(keptFiles()),
  })
  copyFileSync(kernel, join(folder, 'tce/boot/vmlinuz'))
  extension(folder, netfilter, { 'usr/local/lib/netfilter': text('modules') })
  extension(folder, 'pcre.tcz', { 'usr/local/lib/pcre': text('expressions') })
  extension(folder, 'nginx.tcz', { 'usr/local/share/web/page': text('page of nginx') })
  return folder
}

function extension(folder: string, name: string, files: Parameters<typeof writeFiles>[1]): void {
  const root = writeFiles(join(folder, '..', name), files)
  tool('mksquashfs', root, join(folder, 'tce/optional', name), '-b', '4096', '-no-xattrs', '-quiet')
}

/** What the user of the machine kept: `/opt/.filetool.lst` says opt and home. */
function keptFiles(): Uint8Array {
  return tarOf([
    { path: 'opt/', type: '5', mode: 0o2775, group: 50 },
    {
      path: 'opt/bootlocal.sh',
      mode: 0o775,
      group: 50,
      octets: text('#!/bin/sh\necho "bootlocal ran" >>/home/tc/kept\n'),
    },
    { path: 'home/tc/kept', mode: 0o644, user: 1001, group: 50, octets: text('mine,') },
    { path: 'etc/shadow', mode: 0o640, octets: text('root:*:19000::::::\n') },
  ])
}

const folders: readonly CpioEntry[] = [
  'bin',
  'dev',
  'etc',
  'home',
  'lib',
  'lib/modules',
  'opt',
  'proc',
  'sys',
  'usr',
  'usr/local',
].map((path) => ({ type: 'directory', path, mode: 0o755 }))

function file(path: string, octets: Uint8Array, mode = 0o755): CpioEntry {
  return { type: 'file', path, mode, octets }
}

/** core.gz: busybox, the modules and the init. */
async function coreOf(): Promise<Uint8Array> {
  const { modules } = await standInParts()
  const entries: CpioEntry[] = [
    ...folders,
    { type: 'directory', path: 'tmp', mode: 0o1777 },
    { type: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    file('bin/busybox', readFileSync(join(places.tinyvmParts, 'busybox'))),
    file('init', readFileSync(new URL('stand-in/init', import.meta.url))),
    ...modules.map((path) => file(`lib/modules/${path.replace(/^.*\//, '')}`, readFileSync(path))),
  ]
  return gzipSync(writeCpio(entries, 1_735_689_600))
}
