/**
 * A disc of each system, built by xorriso in every form of names, dropped into `images/`: recognised,
 * offered with its arguments, and each file that a machine fetches served out of it.
 */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { droppedImages } from '../../src/app/command/image-names.ts'
import { ImageLibrary } from '../../src/app/image-library.ts'
import type { BootEntry } from '../../src/boot/menu/catalog.ts'
import type { Client } from '../../src/io/files/file-tree.ts'
import { readCpio } from '../../src/wire/linux/cpio.ts'
import { testFolder, text, tool, wholeOf, writeFiles } from '../support/image-files.ts'

const client: Client = { via: 'http', ip: '10.0.0.9', server: '10.0.0.1' }

const forms = {
  'Rock Ridge': ['-R'],
  Joliet: ['--norock', '-J', '-joliet-long', '-l'],
  plain: ['--norock', '-iso-level', '3'],
} as const
type Form = keyof typeof forms

interface Disc {
  readonly files: readonly string[]
  readonly label?: string
  readonly publisher?: string
  /** Its names have no plain form: they begin with a dot, or have a dash. */
  readonly isNeverPlain?: boolean
  /** Names of entries with words of their arguments, and of those to install. */
  readonly entries: Readonly<Record<string, { readonly args: string; readonly install?: string }>>
}

const discs: Readonly<Record<string, Disc>> = {
  vic: {
    files: ['boot/vmlinuz64', 'boot/core.gz'],
    publisher: 'VMware Inc. v1.5.6',
    entries: { it: { args: 'rdinit=' } },
  },
  redhat: {
    files: ['.discinfo', 'images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img'],
    isNeverPlain: true,
    entries: {
      it: { args: 'inst.repo=${image}', install: 'inst.ks=${answers}/ks.cfg' },
      'it-rescue': { args: 'inst.rescue' },
    },
  },
  ubuntu: {
    files: ['.disk/info', 'casper/vmlinuz', 'casper/initrd'],
    isNeverPlain: true,
    entries: { it: { args: 'url=${image}/disc.iso', install: 'ds=nocloud-net;s=${answers}/' } },
  },
  debian: {
    files: ['.disk/info', 'dists/stable/Release', 'install.amd/vmlinuz', 'install.amd/initrd.gz'],
    isNeverPlain: true,
    entries: {},
  },
  alpine: {
    files: ['.alpine-release', 'boot/vmlinuz-lts', 'boot/initramfs-lts', 'apks/x86_64/x.apk'],
    isNeverPlain: true,
    entries: { it: { args: 'alpine_repo=${image}/apks', install: 'apkovl=${answers}/' } },
  },
  coreos: {
    files: [
      ...['vmlinuz', 'initrd.img', 'rootfs.img'].map((name) => `images/pxeboot/${name}`),
      'images/ignition.img',
    ],
    entries: {
      it: { args: 'coreos.live.rootfs_url=${image}/images', install: 'ignition.config.url=' },
    },
  },
  flatcar: {
    files: ['flatcar/vmlinuz', 'flatcar/cpio.gz'],
    entries: { it: { args: 'flatcar.first_boot=1', install: 'ignition.config.url=' } },
  },
  talos: {
    label: 'TALOS_V1_9_0',
    files: ['boot/vmlinuz', 'boot/initramfs.xz'],
    entries: { it: { args: 'talos.platform=metal', install: 'talos.config=${answers}/' } },
  },
  kairos: {
    files: ['boot/kernel', 'boot/initrd', 'rootfs.squashfs'],
    entries: { it: { args: 'root=live:${image}/rootfs.squashfs', install: 'config_url=' } },
  },
  proxmox: {
    files: ['.cd-info', 'boot/linux26', 'boot/initrd.img'],
    isNeverPlain: true,
    entries: { it: { args: 'ramdisk_size=16777216' } },
  },
  suse: {
    files: ['boot/x86_64/loader/linux', 'boot/x86_64/loader/initrd', 'media.1/products'],
    entries: {
      it: { args: 'install=${image}', install: 'autoyast=${answers}/autoinst.xml' },
      'it-rescue': { args: 'rescue=1' },
    },
  },
  agama: {
    files: ['boot/x86_64/loader/linux', 'boot/x86_64/loader/initrd', 'LiveOS/squashfs.img'],
    entries: { it: { args: 'root=live:${image}/LiveOS/', install: 'inst.auto=${answers}/' } },
  },
  arch: {
    label: 'ARCH_202511',
    files: ['vmlinuz-linux', 'initramfs-linux.img'].map((name) => `arch/boot/x86_64/${name}`),
    isNeverPlain: true,
    entries: { it: { args: 'archiso_http_srv=${image}/', install: 'script=${answers}/' } },
  },
  systemrescue: {
    files: ['vmlinuz', 'sysresccd.img'].map((name) => `sysresccd/boot/x86_64/${name}`),
    entries: { it: { args: 'archisobasedir=sysresccd', install: 'sysrescuecfg=${answers}/' } },
  },
  live: {
    files: ['live/vmlinuz', 'live/initrd.img', 'live/filesystem.squashfs'],
    entries: { it: { args: 'boot=live fetch=${image}/live/filesystem.squashfs' } },
  },
  windows: {
    files: ['bootmgr', 'boot/bcd', 'boot/boot.sdi', 'sources/boot.wim'],
    entries: { it: { args: '' } },
  },
  'xcp-ng': {
    files: ['packages.main', 'boot/xen.gz', 'boot/vmlinuz', 'install.img'],
    entries: {},
  },
  memtest: { files: ['boot/memtest64'], entries: { it: { args: 'console=ttyS0' } } },
}

/** The octets of a file tell which it is. */
const contentOf = (path: string) => text(`this is ${path}`)

async function dropped(disc: Disc, form: Form): Promise<ImageLibrary> {
  const folder = testFolder()
  const files = disc.files.map((path) => [path, contentOf(path)] as const)
  const tree = writeFiles(join(folder, 'tree'), Object.fromEntries(files))
  const label = ['-V', disc.label ?? 'IT']
  const publisher = disc.publisher === undefined ? [] : ['-publisher', disc.publisher]
  const images = writeFiles(join(folder, 'images'), { 'README.md': text('') })
  const options = [...forms[form], ...label, ...publisher]
  tool('xorriso', '-as', 'mkisofs', '-quiet', ...options, '-o', join(images, 'it.iso'), tree)
  const library = new ImageLibrary({
    named: () => droppedImages([images]),
    taken: new Set(),
    emit: () => undefined,
    clock: () => Date.now() + 60_000,
  })
  onTestFinished(() => library.close())
  await library.refresh()
  return library
}

async function fetched(library: ImageLibrary, path: string): Promise<Uint8Array> {
  const file = await library.tree.open(path.replace(/^boot\//, ''), client)
  if (file === undefined) throw new Error(`${path} is not served`)
  const octets = await wholeOf(file)
  await file.close()
  return octets
}

/** What a machine fetches to boot an entry, from inside the image. */
function filesOf(entry: BootEntry): readonly string[] {
  if (entry.type === 'linux') return [entry.kernel, ...entry.initrd]
  return entry.type === 'wimboot' ? Object.values(entry.files) : []
}

const cases = Object.keys(discs).flatMap((id) =>
  (Object.keys(forms) as Form[])
    .filter((form) => !(form === 'plain' && discs[id]?.isNeverPlain === true))
    .map((form) => ({ id, form })),
)

test.for(cases)('$id with $form names', async ({ id, form }) => {
  const disc = discs[id]!
  const library = await dropped(disc, form)
  const entries = library.entries()
  expect(entries.map(({ name }) => name)).toEqual(Object.keys(disc.entries))
  for (const entry of entries) {
    const { args = '', install } = disc.entries[entry.name] ?? {}
    if (entry.type === 'linux') {
      expect(entry.args).toContain(args)
      expect(entry.install ?? '').toContain(install ?? '')
      expect(entry.install === undefined).toBe(install === undefined)
    }
    for (const path of filesOf(entry).filter((each) => !each.endsWith('.cpio'))) {
      const inner = path.replace(/^boot\/it\//, '')
      expect(await fetched(library, path)).toEqual(contentOf(inner))
    }
  }
  // The disc itself, for who takes it whole.
  const whole = await fetched(library, 'boot/it/disc.iso')
  expect(new TextDecoder().decode(whole.subarray(32_769, 32_774))).toBe('CD001')
})

test('what comes along as an initrd: Proxmox its disc, Windows the files of its boot manager', async () => {
  const proxmox = await dropped(discs['proxmox']!, 'Rock Ridge')
  const packed = readCpio(await fetched(proxmox, 'boot/it/proxmox.cpio'))
  expect(packed.map(({ path, type }) => [path, type])).toEqual([['proxmox.iso', 'file']])
  const disc = await fetched(proxmox, 'boot/it/disc.iso')
  const [inner] = packed
  expect(inner?.type === 'file' && Buffer.compare(inner.octets, disc)).toBe(0)
  const windows = await dropped(discs['windows']!, 'plain')
  const files = readCpio(await fetched(windows, 'boot/it/windows.cpio'))
  expect(files.map(({ path }) => path)).toEqual(['bootmgr', 'bcd', 'boot.sdi', 'boot.wim'])
})
