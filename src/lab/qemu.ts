/**
 * QEMU's argument list for one machine: its board's, and what each network card needs. Starts
 * nothing.
 *
 * Sources: QEMU's manual; OVMF's README for its fw_cfg switches.
 */
import type { CardModel, LabFiles } from '../setup/lab-files.ts'
import { type BoardChoice, boardOf, isUefi } from './boards.ts'

/** What runs the guest's code: the processor itself, or QEMU's translator. */
export type Acceleration = 'kvm' | 'tcg'

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
export interface MachineSpec extends BoardChoice {
  readonly name: string
  readonly mac: string
  readonly tap: string
  readonly card: CardModel
  readonly memory: number
  readonly acceleration: Acceleration
  readonly serialSocket: string
  readonly monitorSocket: string
  /** A raw disk image; what the machine writes to it is thrown away unless it is kept. */
  readonly disk?: string | undefined
  readonly keepsDisk?: boolean | undefined
  /** UEFI boots over this family; IPv4 by default, and then never the other. */
  readonly family?: 'ipv4' | 'ipv6' | undefined
}

export function qemuArguments(spec: MachineSpec, files: LabFiles): readonly string[] {
  return [
    ['-nodefaults', '-no-user-config', '-name', spec.name, '-uuid', uuidOf(spec.mac)],
    ['-display', 'none', '-no-reboot', '-S', '-smp', '1', '-m', String(spec.memory)],
    accelerationArguments[accelerationOf(spec)],
    boardOf(spec).arguments,
    flashArguments(spec, files),
    cardArguments(spec, files),
    diskArguments(spec),
    ['-device', 'virtio-rng-pci'], // userland need not wait for entropy
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

/** The lab's host is taken for an x86: ARM code is always translated. */
function accelerationOf(spec: MachineSpec): Acceleration {
  return spec.arch === 'arm64' ? 'tcg' : spec.acceleration
}

/** What the firmware writes into its variables is thrown away with the machine. */
function flashArguments(spec: MachineSpec, files: LabFiles): readonly string[] {
  const { flash } = boardOf(spec)
  if (flash === undefined) return []
  const { code, variables } = files.flash(flash)
  return [
    ['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${code}`],
    ['-drive', `if=pflash,unit=1,format=raw,snapshot=on,file=${variables}`],
    pxeArguments(spec),
  ].flat()
}

/**
 * Where nobody serves PXE over a family, it would be a minute of waiting before the next boot entry.
 * With both switched off, UEFI goes straight to HTTP boot.
 */
function pxeArguments({ firmware, family = 'ipv4' }: MachineSpec): readonly string[] {
  const served = firmware === 'uefi-http' ? undefined : family
  const names = { ipv4: 'IPv4', ipv6: 'IPv6' } as const
  return (['ipv4', 'ipv6'] as const)
    .filter((each) => each !== served)
    .flatMap((each) => ['-fw_cfg', `name=opt/org.tianocore/${names[each]}PXESupport,string=n`])
}

function cardArguments(spec: MachineSpec, files: LabFiles): readonly string[] {
  const settings = cardSettings[spec.card]
  const rom = romOf(spec, files)
  return [
    ['-netdev', `tap,id=net,ifname=${spec.tap},script=no,downscript=no`],
    ['-device', `${spec.card},netdev=net,mac=${spec.mac},bootindex=0,romfile=${rom}${settings}`],
  ].flat()
}

/**
 * UEFI drives a virtio card itself, and must: with iPXE's EFI ROM it would be iPXE that boots. The
 * ROMs' EFI half is for x64 alone.
 */
function romOf({ card, firmware, arch }: MachineSpec, files: LabFiles): string {
  if (!isUefi(firmware)) return files.rom(card, 'bios')
  const driven = card === 'virtio-net-pci' || (arch ?? 'x64') !== 'x64'
  return driven ? '' : files.rom(card, 'uefi')
}

function diskArguments({ disk, keepsDisk = false }: MachineSpec): readonly string[] {
  if (disk === undefined) return []
  // The disk need not survive a failure of the lab's own machine.
  const keeping = keepsDisk ? 'cache=unsafe' : 'snapshot=on'
  return [
    ['-drive', `if=none,id=disk,format=raw,${keeping},file=${disk}`],
    ['-device', 'virtio-blk-pci,drive=disk,bootindex=1'],
  ].flat()
}
