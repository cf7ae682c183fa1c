/**
 * The boot loaders that Bootlace serves, and the packages of Debian 13 that they come from. Debian
 * 13's iPXE is of 2025; Debian 12's is of 2019 and waits 13 s for an IPv6 router on every boot.
 */
import type { PackageArchive } from './apt.ts'
import { type PackageRow, ensurePackageFiles } from './package-files.ts'
import { places } from './places.ts'

const syslinux = '3:6.04~git20190206.bf6db5b4+dfsg1-3.1'
const modules = '/usr/lib/syslinux/modules/bios'

const loaders: readonly PackageRow[] = [
  {
    package: 'pxelinux',
    tested: syslinux,
    licence: 'GPL-2+',
    files: {
      'pxelinux.0': '/usr/lib/PXELINUX/pxelinux.0',
      'lpxelinux.0': '/usr/lib/PXELINUX/lpxelinux.0',
    },
  },
  {
    package: 'syslinux-common',
    tested: syslinux,
    licence: 'GPL-2+',
    files: {
      'ldlinux.c32': `${modules}/ldlinux.c32`,
      'libutil.c32': `${modules}/libutil.c32`,
      'libcom32.c32': `${modules}/libcom32.c32`,
      'menu.c32': `${modules}/menu.c32`,
      'vesamenu.c32': `${modules}/vesamenu.c32`,
      'chain.c32': `${modules}/chain.c32`,
    },
  },
  {
    package: 'ipxe',
    tested: '1.21.1+git20250501.dad20602+dfsg-1',
    licence: 'GPL-2+',
    files: {
      'undionly.kpxe': '/usr/lib/ipxe/undionly.kpxe',
      'snponly.efi': '/usr/lib/ipxe/snponly.efi',
      'ipxe.efi': '/usr/lib/ipxe/ipxe-amd64.efi',
    },
  },
]

/** Fetches the loaders that are not in `pxelinux/`. */
export function ensureLoaders(archive: PackageArchive): Promise<void> {
  return ensurePackageFiles(archive, places.loaders, loaders)
}
