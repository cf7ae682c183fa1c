/** What boot loaders say of the machine they run on: processor and firmware in their own words. */
import type { Firmware } from '../loader/firmware.ts'

/** iPXE's `${buildarch}-${platform}` and GRUB's `$grub_cpu-$grub_platform`. */
const platforms: Readonly<Record<string, Firmware>> = {
  'i386-pcbios': 'bios',
  'x86_64-pcbios': 'bios',
  'i386-pc': 'bios',
  'i386-efi': 'uefi-ia32',
  'x86_64-efi': 'uefi-x64',
  'arm-efi': 'uefi-arm32',
  'arm32-efi': 'uefi-arm32',
  'arm64-efi': 'uefi-arm64',
  'riscv64-efi': 'uefi-riscv64',
  'loong64-efi': 'uefi-loongarch64',
  'loongarch64-efi': 'uefi-loongarch64',
}

export function firmwareOfPlatform(platform: string): Firmware | undefined {
  return Object.hasOwn(platforms, platform) ? platforms[platform] : undefined
}
