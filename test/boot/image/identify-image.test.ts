/** Each kind of image by the files that it has, and the more special kinds before the general ones. */
import { expect, test } from 'vitest'
import { identifyImage } from '../../../src/boot/image/identify-image.ts'
import { memoryFolder, text } from '../../support/image-files.ts'

const nothing = text('')

test.for([
  { id: 'vic', files: ['boot/vmlinuz64', 'boot/core.gz'], publisher: 'VMware Inc. v1.5.6-1' },
  { id: 'tinycore', files: ['boot/vmlinuz64', 'boot/core.gz'] },
  { id: 'tinycore', files: ['tce/boot/core.gz'] },
  { id: 'photon', files: ['PHOTON_VMWARE_CD', 'isolinux/vmlinuz'] },
  { id: 'esxi', files: ['B.B00', 'BOOT.CFG', 'EFI/BOOT/BOOTX64.EFI', 'mboot.c32'] },
  { id: 'esxi', files: ['tboot.b00', 'boot.cfg', 'efi/boot/bootx64.efi'] },
  { id: 'proxmox', files: ['.cd-info', 'boot/linux26', 'boot/initrd.img'] },
  { id: 'coreos', files: ['images/pxeboot/rootfs.img', 'images/ignition.img', '.discinfo'] },
  { id: 'redhat', files: ['.discinfo', 'images/pxeboot/vmlinuz'] },
  { id: 'ubuntu', files: ['.disk/info', 'casper/vmlinuz', 'dists/x'] },
  { id: 'debian-installer', files: ['debian-installer/amd64/linux', 'version.info'] },
  { id: 'debian-installer', files: ['ubuntu-installer/amd64/linux', 'pxelinux.0'] },
  { id: 'debian', files: ['.disk/info', 'dists/x', 'install.amd/vmlinuz'] },
  { id: 'alpine', files: ['.alpine-release', 'boot/vmlinuz-virt'] },
  { id: 'systemrescue', files: ['sysresccd/boot/x86_64/vmlinuz'] },
  { id: 'arch', files: ['arch/boot/x86_64/vmlinuz-linux'] },
  { id: 'agama', files: ['boot/x86_64/loader/linux', 'LiveOS/squashfs.img'] },
  { id: 'suse', files: ['boot/x86_64/loader/linux', 'media.1/products'] },
  { id: 'live', files: ['live/vmlinuz', 'live/filesystem.squashfs'] },
  { id: 'talos', files: ['boot/vmlinuz', 'boot/initramfs.xz'], label: 'TALOS_V1_9_0' },
  { id: undefined, files: ['boot/vmlinuz', 'boot/initramfs.xz'] },
  { id: 'flatcar', files: ['flatcar/vmlinuz', 'flatcar/cpio.gz'] },
  { id: 'kairos', files: ['boot/kernel', 'boot/initrd', 'rootfs.squashfs'] },
  { id: 'windows', files: ['sources/boot.wim', 'bootmgr.efi'] },
  { id: 'xcp-ng', files: ['packages.main', 'boot/xen.gz'] },
  { id: 'memtest', files: ['boot/memtest64'] },
  { id: undefined, files: ['boot/vmlinuz'] },
])('$id: $files', async ({ id, files, label = '', publisher = '' }) => {
  const root = memoryFolder(Object.fromEntries(files.map((path) => [path, nothing])))
  expect((await identifyImage(root, { label, publisher }))?.kind.id).toBe(id)
})

test.for([
  {
    version: '5.0',
    files: { PHOTON_VMWARE_CD: '', 'RPMS/noarch/photon-release-5.0-3.ph5.noarch.rpm': '' },
  },
  {
    version: '7.0.3-19193900',
    files: {
      'b.b00': '',
      'boot.cfg': 'bootstate=0\ntitle=Loading ESXi installer 7.0.3-19193900\n',
      'efi/boot/bootx64.efi': '',
    },
  },
  {
    version: '8.1',
    files: { '.cd-info': "RELEASE='8.1-1'\n", 'boot/linux26': '', 'boot/initrd.img': '' },
  },
  {
    version: '12',
    files: {
      'debian-installer/arm64/linux': '',
      'version.info': 'Debian version:  12 (bookworm)\nInstaller build: 20230607+deb12u15\n',
    },
  },
  {
    version: '9.4',
    files: {
      '.treeinfo': '[general]\nfamily = Rocky Linux\nversion = 9.4\n',
      'images/pxeboot/vmlinuz': '',
    },
  },
  {
    version: '24.04',
    files: { '.disk/info': 'Ubuntu-Server 24.04 LTS "Noble Numbat"', 'casper/vmlinuz': '' },
  },
  {
    version: '12.8.0',
    files: {
      '.disk/info': 'Debian GNU/Linux 12.8.0 "Bookworm" - Official amd64',
      'dists/x': '',
      'install.amd/vmlinuz': '',
    },
  },
  {
    version: 'V1_9_0',
    label: 'TALOS_V1_9_0',
    files: { 'boot/vmlinuz': '', 'boot/initramfs.xz': '' },
  },
  { version: '202511', label: 'ARCH_202511', files: { 'arch/boot/x86_64/vmlinuz-linux': '' } },
] as const)('version $version', async (row) => {
  const files = Object.entries(row.files).map(([path, words]) => [path, text(words)] as const)
  const label = 'label' in row ? row.label : ''
  const found = await identifyImage(memoryFolder(Object.fromEntries(files)), {
    label,
    publisher: '',
  })
  expect(found?.version).toBe(row.version)
})

test('a file that was made to take long to look for a version does not', async () => {
  const files = { 'b.b00': text(''), 'boot.cfg': text(`title=${'1'.repeat(65_000)}`) }
  const root = memoryFolder({ ...files, 'efi/boot/bootx64.efi': text('') })
  const found = await identifyImage(root, { label: '', publisher: '' })
  expect([found?.kind.id, found?.version]).toEqual(['esxi', undefined])
})
