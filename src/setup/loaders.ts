/**
 * The boot loaders that Bootlace serves, and the packages of Debian 13 that they come from: names
 * as boot/loader/loader-files.ts looks for them.
 *
 * Debian 13's iPXE is of 2025; Debian 12's is of 2019 and waits 13 s for an IPv6 router on every
 * boot. Its GRUB is 2.12; 2.06 asks the wrong server beside another DHCP server, and has no HTTP
 * of its own under Secure Boot.
 */
import type { Architecture, PackageArchive } from './apt.ts'
import { type PackageRow, ensurePackageFiles } from './package-files.ts'
import { places } from './places.ts'

const syslinux = '3:6.04~git20190206.bf6db5b4+dfsg1-3.1'
const shim = '1.51~1+deb13u1+16.1-2~deb13u1'
const shimHelpers = '1+16.1+2~deb13u1'
const grub = '2.12-9+deb13u2'
const signedGrub = '1+2.12+9+deb13u2'

/** What a menu and a chain to a disk need; UEFI's modules are not those of BIOS. */
const modules = ['libutil.c32', 'libcom32.c32', 'menu.c32', 'vesamenu.c32', 'chain.c32']

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
      ...syslinuxModules('bios', ['ldlinux.c32', ...modules], ''),
      ...syslinuxModules('efi64', ['ldlinux.e64', ...modules], 'efi64/'),
    },
  },
  {
    package: 'syslinux-efi',
    tested: syslinux,
    licence: 'GPL-2+',
    // The one of 32 bit crashes when it has its ldlinux.e32.
    files: { 'efi64/syslinux.efi': '/usr/lib/SYSLINUX.EFI/efi64/syslinux.efi' },
  },
  {
    package: 'ipxe',
    tested: '1.21.1+git20250501.dad20602+dfsg-1',
    licence: 'GPL-2+',
    files: {
      'undionly.kpxe': '/usr/lib/ipxe/undionly.kpxe',
      'ipxe.lkrn': '/usr/lib/ipxe/ipxe.lkrn',
      'snponly.efi': '/usr/lib/ipxe/snponly.efi',
      'ipxe.efi': '/usr/lib/ipxe/ipxe-amd64.efi',
      'ipxe-arm64.efi': '/usr/lib/ipxe/ipxe-arm64.efi',
      'ipxe-riscv64.efi': '/usr/lib/ipxe/ipxe-riscv64.efi',
      'ipxe-loong64.efi': '/usr/lib/ipxe/ipxe-loong64.efi',
    },
  },
  // The papers of shim and GRUB: the signed packages only speak of their signatures.
  { package: 'shim-unsigned', tested: '16.1-2~deb13u1', licence: 'BSD-2-Clause', files: {} },
  { package: 'grub-common', tested: grub, licence: 'GPL-3+', files: {} },
  {
    package: 'shim-signed',
    tested: shim,
    licence: 'BSD-2-Clause',
    copyright: 'shim-unsigned',
    files: { 'shimx64.efi': '/usr/lib/shim/shimx64.efi.signed' },
  },
  {
    package: 'shim-helpers-amd64-signed',
    tested: shimHelpers,
    licence: 'BSD-2-Clause',
    copyright: 'shim-unsigned',
    files: { 'mmx64.efi': '/usr/lib/shim/mmx64.efi.signed' },
  },
  {
    package: 'grub-efi-amd64-signed',
    tested: signedGrub,
    licence: 'GPL-3+',
    copyright: 'grub-common',
    files: { 'grubx64.efi': '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed' },
  },
  {
    // Debian has no signed shim of 32 bit, so a signature on this GRUB would help nobody.
    package: 'grub-efi-ia32-unsigned',
    tested: grub,
    licence: 'GPL-3+',
    copyright: 'grub-common',
    files: { 'grubia32.efi': '/usr/lib/grub/i386-efi/monolithic/grubnetia32.efi' },
  },
  {
    // A name that ends in `.bin` would be a boot sector to PXELINUX.
    package: 'memtest86+',
    tested: '7.20-1',
    licence: 'GPL-2',
    files: {
      memtest64: '/boot/memtest86+x64.bin',
      'memtest64.efi': '/boot/memtest86+x64.efi',
      'memtest32.efi': '/boot/memtest86+ia32.efi',
    },
  },
]

/** Fetched after the others, whose copyright files they share. */
const arm64Loaders: readonly PackageRow[] = [
  {
    package: 'shim-signed',
    tested: shim,
    licence: 'BSD-2-Clause',
    copyright: 'shim-unsigned',
    files: { 'shimaa64.efi': '/usr/lib/shim/shimaa64.efi.signed' },
  },
  {
    package: 'shim-helpers-arm64-signed',
    tested: shimHelpers,
    licence: 'BSD-2-Clause',
    copyright: 'shim-unsigned',
    files: { 'mmaa64.efi': '/usr/lib/shim/mmaa64.efi.signed' },
  },
  {
    package: 'grub-efi-arm64-signed',
    tested: signedGrub,
    licence: 'GPL-3+',
    copyright: 'grub-common',
    files: { 'grubaa64.efi': '/usr/lib/grub/arm64-efi-signed/grubnetaa64.efi.signed' },
  },
]

function syslinuxModules(
  platform: 'bios' | 'efi64',
  names: readonly string[],
  folder: string,
): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [`${folder}${name}`, `/usr/lib/syslinux/modules/${platform}/${name}`]),
  )
}

/** Fetches the loaders that are not in `pxelinux/`. */
export async function ensureLoaders(
  archives: Readonly<Record<Architecture, PackageArchive>>,
): Promise<void> {
  await ensurePackageFiles(archives.amd64, places.loaders, loaders)
  await ensurePackageFiles(archives.arm64, places.loaders, arm64Loaders)
}
