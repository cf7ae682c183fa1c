/**
 * Firmware for the lab's virtual machines: the iPXE ROMs of QEMU's network cards out of Debian 13
 * (Debian 12's of 2019 wait 13 s for an IPv6 router), and the UEFI firmware that is installed.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SystemError } from '../core/errors.ts'
import type { PackageArchive } from './apt.ts'
import { type PackageRow, ensurePackageFiles } from './package-files.ts'
import { places } from './places.ts'

/** QEMU's name of a network card → the ROM's name in the package. */
const cards = {
  'virtio-net-pci': 'virtio',
  vmxnet3: 'vmxnet3',
  e1000: 'e1000',
  e1000e: 'e1000e',
  rtl8139: 'rtl8139',
} as const

export type CardModel = keyof typeof cards

const roms: PackageRow = {
  package: 'ipxe-qemu',
  tested: '1.21.1+git20250501.dad20602+dfsg-1',
  licence: 'GPL-2+',
  files: Object.fromEntries(
    Object.values(cards).flatMap((card) =>
      ['pxe', 'efi'].map((kind) => [`${kind}-${card}.rom`, `/usr/share/qemu/${kind}-${card}.rom`]),
    ),
  ),
}

/** Fetches the ROMs that are not there. */
export function ensureRoms(archive: PackageArchive): Promise<void> {
  return ensurePackageFiles(archive, places.roms, [roms])
}

export interface LabFiles {
  /** Path of a card's option ROM: `bios` holds only BIOS code, `uefi` both. */
  rom(card: CardModel, firmware: 'bios' | 'uefi'): string
  /** UEFI: the code, and the variables as they are when the machine is bought. */
  flash(name: FlashName): { readonly code: string; readonly variables: string }
}

const flashes = {
  x64: ['OVMF/OVMF_CODE_4M.fd', 'OVMF/OVMF_VARS_4M.fd'],
  // With Microsoft's keys enrolled, and so with Secure Boot on.
  'x64-secure': ['OVMF/OVMF_CODE_4M.secboot.fd', 'OVMF/OVMF_VARS_4M.ms.fd'],
  ia32: ['OVMF/OVMF32_CODE_4M.secboot.fd', 'OVMF/OVMF32_VARS_4M.fd'],
  arm64: ['AAVMF/AAVMF_CODE.fd', 'AAVMF/AAVMF_VARS.fd'],
  'arm64-secure': ['AAVMF/AAVMF_CODE.fd', 'AAVMF/AAVMF_VARS.ms.fd'],
} as const
export type FlashName = keyof typeof flashes

/** The lab's firmware; its methods throw SystemError naming the command that fetches what is absent. */
export function labFiles(): LabFiles {
  return {
    rom: (card, firmware) =>
      present(join(places.roms, `${firmware === 'bios' ? 'pxe' : 'efi'}-${cards[card]}.rom`)),
    flash: (name) => {
      const [code, variables] = flashes[name]
      return { code: present(`/usr/share/${code}`), variables: present(`/usr/share/${variables}`) }
    },
  }
}

function present(path: string): string {
  if (existsSync(path)) return path
  throw new SystemError(`${path} is missing: run "npm run setup -- --lab"`)
}
