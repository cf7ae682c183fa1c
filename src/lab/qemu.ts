/**
 * QEMU's argument list for one machine, from two tables: what each firmware needs, and what each
 * network card needs. Starts nothing.
 *
 * Sources: QEMU's manual; OVMF's README for the two flash images and for its fw_cfg switches.
 */
import type { CardModel, LabFiles } from '../setup/lab-files.ts'

export const emulator = 'qemu-system-x86_64'

/** What runs the guest's code: the processor itself, or QEMU's translator. */
export type Acceleration = 'kvm' | 'tcg'

/** How the lab's machine starts: which firmware, and what it is asked to pass for. */
export const labFirmwares = {
  bios: 'SeaBIOS with the card’s own ROM, served as a plain PXE ROM would be',
  ipxe: 'the same machine, recognised as the iPXE that the card’s ROM really is',
  uefi: 'OVMF, PXE boot',
  'uefi-http': 'OVMF, UEFI HTTP boot',
} as const
export type LabFirmware = keyof typeof labFirmwares

/** The network cards that a lab machine can have, and what each needs besides its ROM. */
export const cardSettings: Readonly<Record<CardModel, string>> = {
  // Debian 13's ROM carries a modern virtio card's device id: a transitional card passes it by.
  'virtio-net-pci': ',disable-legacy=on',
  vmxnet3: '',
  e1000: '',
  e1000e: '',
  rtl8139: '',
}

/** One machine, as QEMU needs to know it. Sockets are paths; `memory` is in MiB. */
export interface MachineSpec {
  readonly name: string
  readonly mac: string
  readonly tap: string
  readonly firmware: LabFirmware
  readonly card: CardModel
  readonly memory: number
  readonly acceleration: Acceleration
  readonly serialSocket: string
  readonly monitorSocket: string
  /** This machine's own copy of OVMF's variables; unused for BIOS. */
  readonly variables: string
  /** A raw disk image; what the machine writes to it is thrown away. */
  readonly disk?: string | undefined
}

export function qemuArguments(spec: MachineSpec, files: LabFiles): readonly string[] {
  return [
    ['-nodefaults', '-no-user-config', '-name', spec.name, '-uuid', uuidOf(spec.mac)],
    ['-display', 'none', '-no-reboot', '-S', '-smp', '1', '-m', String(spec.memory)],
    accelerationArguments[spec.acceleration],
    firmwareArguments[spec.firmware](spec, files),
    cardArguments(spec, files),
    diskArguments(spec),
    ['-vga', 'std', '-device', 'virtio-rng-pci'], // the latter: userland need not wait for entropy
    ['-chardev', `socket,id=serial,path=${spec.serialSocket},server=on,wait=off`],
    ['-serial', 'chardev:serial', '-qmp', `unix:${spec.monitorSocket},server=on,wait=off`],
  ].flat()
}

/** Every real board has one of its own, more or less; firmware sends it in option 97. */
function uuidOf(mac: string): string {
  return `b0071ace-0000-4000-8000-${mac.replaceAll(':', '')}`
}

const accelerationArguments: Readonly<Record<Acceleration, readonly string[]>> = {
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
  tcg: ['-accel', 'tcg,thread=single'],
}

type FirmwareArguments = (spec: MachineSpec, files: LabFiles) => readonly string[]

// `graphics=off` makes SeaBIOS show its screen on the serial port as well as on the display.
const bios: FirmwareArguments = () => ['-M', 'pc,graphics=off', '-boot', 'menu=off']

const uefi: FirmwareArguments = (spec, { ovmf }) =>
  [
    ['-M', 'q35'],
    ['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${ovmf.code}`],
    ['-drive', `if=pflash,unit=1,format=raw,file=${spec.variables}`],
  ].flat()

/** With PXE switched off, OVMF goes straight to HTTP boot over IPv4. */
const uefiHttp: FirmwareArguments = (spec, files) =>
  [
    uefi(spec, files),
    ['-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n'],
    ['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
  ].flat()

const firmwareArguments: Readonly<Record<LabFirmware, FirmwareArguments>> = {
  bios,
  ipxe: bios,
  uefi,
  'uefi-http': uefiHttp,
}

export function isUefi(firmware: LabFirmware): boolean {
  return firmware.startsWith('uefi')
}

function cardArguments(spec: MachineSpec, files: LabFiles): readonly string[] {
  const settings = cardSettings[spec.card]
  const rom = romOf(spec, files)
  return [
    ['-netdev', `tap,id=net,ifname=${spec.tap},script=no,downscript=no`],
    ['-device', `${spec.card},netdev=net,mac=${spec.mac},bootindex=0,romfile=${rom}${settings}`],
  ].flat()
}

/** OVMF drives a virtio card itself, and must: with iPXE's EFI ROM it would be iPXE that boots. */
function romOf({ card, firmware }: MachineSpec, files: LabFiles): string {
  if (!isUefi(firmware)) return files.rom(card, 'bios')
  return card === 'virtio-net-pci' ? '' : files.rom(card, 'uefi')
}

function diskArguments({ disk }: MachineSpec): readonly string[] {
  if (disk === undefined) return []
  return [
    ['-drive', `if=none,id=disk,format=raw,snapshot=on,file=${disk}`],
    ['-device', 'virtio-blk-pci,drive=disk,bootindex=1'],
  ].flat()
}
