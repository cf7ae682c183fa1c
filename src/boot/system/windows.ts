/**
 * Windows PE and Setup: wimboot gives its boot manager the files that it wants. wimboot is no package
 * of Debian, so the user supplies it.
 *
 * Source: ipxe/wimboot 2.9 (main.c, efifile.c): on BIOS it takes its files from one archive, on UEFI
 * from the folder that iPXE makes of what it has loaded; where there is no boot manager among them,
 * it takes that out of the WIM.
 */
import type { System } from './system.ts'

/** Where Windows has them on its disc. */
const files: Readonly<Record<string, string>> = {
  bcd: 'boot/bcd',
  'boot.sdi': 'boot/boot.sdi',
  'boot.wim': 'sources/boot.wim',
}

export const windows: System = {
  id: 'windows',
  boots: ({ has }) => [
    {
      suffix: '',
      title: '',
      kernel: '',
      isWimboot: true,
      initrd: ['windows.cpio'],
      archive: {
        path: 'windows.cpio',
        files: has('bootmgr') ? { bootmgr: 'bootmgr', ...files } : files,
      },
      args: '',
      arch: ['x64'],
    },
  ],
  says: () => [
    'it starts by wimboot: put its file, from https://github.com/ipxe/wimboot, into pxelinux/ as wimboot',
    'on UEFI only iPXE can start it: give its hosts loader: ipxe; GRUB cannot, PXELINUX on BIOS can',
    'Setup finds its own files (sources/install.wim) on a network share of yours only: HTTP is nothing to it',
  ],
}
