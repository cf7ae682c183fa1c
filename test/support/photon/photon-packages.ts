/**
 * A small repository of real RPMs, shaped as that of a Photon ISO: what a machine needs that starts
 * from its disk and says so. Made by rpmbuild and createrepo_c.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { places } from '../../../src/setup/places.ts'
import { standInParts } from '../../../src/setup/stand-in.ts'
import { type CpioEntry, writeCpio } from '../../../src/wire/linux/cpio.ts'
import { type FileMap, text, tool, writeFiles } from '../image-files.ts'

/** Any fixed time. */
const modified = 1_735_689_600

/** Of every package but the release's. */
const version = '6.1.10'

interface Package {
  readonly name: string
  readonly version?: string
  readonly arch?: 'noarch'
  readonly requires?: readonly string[]
  readonly files: FileMap
}

/** Writes `RPMS/` into the folder of the ISO. */
export async function writePackages(iso: string, work: string, release: string): Promise<void> {
  const packages = await packagesOf(work, release)
  const root = join(work, 'files')
  for (const { files } of packages) writeFiles(root, files)
  const spec = join(work, 'photon.spec')
  writeFileSync(spec, specOf(packages, root, `.ph${release.replace(/\..*/, '')}`))
  const rpms = join(iso, 'RPMS')
  const folders = ['--define', `_topdir ${work}/rpmbuild`, '--define', `_rpmdir ${rpms}`]
  tool('rpmbuild', '-bb', '--quiet', '--target', 'x86_64', ...folders, spec)
  tool('createrepo_c', '--quiet', '--database', rpms)
}

async function packagesOf(work: string, release: string): Promise<readonly Package[]> {
  const { kernel, release: uname } = await standInParts()
  return [
    {
      name: 'photon-release',
      version: release,
      arch: 'noarch',
      files: { 'etc/photon-release': text(`VMware Photon OS ${release}\n`) },
    },
    { name: 'filesystem', files: { 'etc/fstab': text('') } },
    { name: 'bash', files: { 'bin/bash': readFileSync('/bin/bash-static'), 'bin/sh': '-> bash' } },
    { name: 'toybox', files: applets() },
    { name: 'systemd', files: { 'usr/bin/systemctl': own('systemctl') } },
    { name: 'grub2', files: bootLoader(work) },
    {
      name: 'linux',
      requires: ['filesystem'],
      files: {
        [`boot/vmlinuz-${uname}`]: readFileSync(kernel),
        [`boot/initrd.img-${uname}`]: packed(await systemEntries({ init: own('disk-init') })),
      },
    },
    { name: 'linux-esx', files: { 'boot/vmlinuz-esx': text('not for this machine\n') } },
    { name: 'vim', files: { 'usr/share/vim/vimrc': text('') } },
    {
      name: 'minimal',
      requires: ['photon-release', 'filesystem', 'bash', 'toybox', 'systemd', 'grub2'],
      files: {},
    },
  ]
}

/** A file beside this one. */
export function own(name: string): Uint8Array {
  return readFileSync(join(import.meta.dirname, name))
}

/** What the scripts of an install use. */
function applets(): FileMap {
  const names = 'cat chmod echo grep ls mkdir sed sleep tr true'.split(' ')
  return {
    'usr/bin/busybox': readFileSync(join(places.tinyvmParts, 'busybox')),
    ...Object.fromEntries(names.map((name) => [`usr/bin/${name}`, '-> busybox'] as const)),
  }
}

/** GRUB for both kinds of firmware: it looks for the installed disk, and does as that says. */
function bootLoader(work: string): FileMap {
  const early = join(work, 'early.cfg')
  const lines = [
    'serial --unit=0 --speed=115200',
    'terminal_output serial console',
    'search --no-floppy --file --set=root /boot/grub2/grub.cfg',
    'set prefix=($root)/boot/grub2',
  ]
  writeFileSync(early, `${lines.join('\n')}\n`)
  const image = (format: string, ...also: string[]): Uint8Array => {
    const file = join(work, `${format}.img`)
    const args = ['-O', format, '-c', early, '-p', '/boot/grub2', '-o', file]
    tool('grub-mkimage', ...args, ...grubModules, ...also)
    return readFileSync(file)
  }
  return {
    'usr/lib/grub/boot.img': readFileSync('/usr/lib/grub/i386-pc/boot.img'),
    'usr/lib/grub/core.img': image('i386-pc', 'biosdisk'),
    'usr/lib/grub/grub.efi': image('x86_64-efi'),
  }
}

const grubModules =
  'part_gpt ext2 search search_fs_file normal configfile linux echo serial terminal'.split(' ')

/** An initrd. */
export function packed(entries: readonly CpioEntry[]): Uint8Array {
  return gzipSync(writeCpio(entries, modified))
}

/** busybox, a console and the modules, with these files. */
export async function systemEntries(
  files: Readonly<Record<string, Uint8Array>>,
): Promise<readonly CpioEntry[]> {
  const { modules } = await standInParts()
  const all: Readonly<Record<string, Uint8Array>> = {
    'bin/busybox': readFileSync(join(places.tinyvmParts, 'busybox')),
    ...Object.fromEntries(
      modules.map((path) => [`lib/modules/${path.replace(/^.*\//, '')}`, readFileSync(path)]),
    ),
    ...files,
  }
  const folders = new Set(Object.keys(all).flatMap(foldersOf))
  return [
    ...[...folders].sort().map((path) => ({ type: 'directory', path, mode: 0o755 }) as const),
    { type: 'directory', path: 'dev', mode: 0o755 },
    { type: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    ...Object.entries(all).map(
      ([path, octets]) => ({ type: 'file', path, mode: 0o755, octets }) as const,
    ),
  ]
}

function foldersOf(path: string): readonly string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_name, at) => names.slice(0, at + 1).join('/'))
}

/** One run for all of them: the main package of the spec has no files and so is not made. */
function specOf(packages: readonly Package[], root: string, dist: string): string {
  const parts = packages.map((one) => {
    const { name, requires = [], files } = one
    return [
      `%package -n ${name}`,
      `Version: ${one.version ?? version}`,
      `Summary: ${name} of a test`,
      ...(one.arch === 'noarch' ? ['BuildArch: noarch'] : []),
      ...requires.map((need) => `Requires: ${need}`),
      `%description -n ${name}`,
      'Made for a test.',
      `%files -n ${name}`,
      '%defattr(0755,root,root)',
      ...Object.keys(files).map((path) => `/${path}`),
    ].join('\n')
  })
  return [
    '%define debug_package %{nil}',
    '%define __os_install_post %{nil}',
    '%define _build_id_links none',
    '%define _binary_payload w6.gzdio',
    'Name: photon-test',
    `Version: ${version}`,
    `Release: 1${dist}`,
    'Summary: Packages of a test',
    'License: none',
    'AutoReqProv: no',
    '%description',
    'Made for a test.',
    '%install',
    `cp -a ${root}/. %{buildroot}/`,
    ...parts,
    '',
  ].join('\n')
}
