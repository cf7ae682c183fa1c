/**
 * The boards that a lab machine can have: for each firmware and processor the emulator, the board
 * model, the flash image and the screen. A table; starts nothing, and knows nothing of cards.
 *
 * Sources: QEMU's manual; OVMF's README for the flash images, for Secure Boot's system management
 * mode and for the fw_cfg switches.
 */
import { InputError } from '../core/errors.ts'
import type { FlashName } from '../setup/lab-files.ts'

/** How the lab's machine starts: which firmware, and what it is asked to pass for. */
export const labFirmwares = {
  bios: 'SeaBIOS with the card’s own ROM, served as a plain PXE ROM would be',
  ipxe: 'the same machine, recognised as the iPXE that the card’s ROM really is',
  uefi: 'UEFI, PXE boot',
  'uefi-http': 'UEFI, HTTP boot',
} as const
export type LabFirmware = keyof typeof labFirmwares

/** The processor that the firmware is made for. */
export const labArches = {
  x64: '64-bit x86',
  ia32: 'UEFI of 32 bits on a 64-bit processor, as in early Atom tablets',
  arm64: '64-bit ARM',
} as const
export type LabArch = keyof typeof labArches

/** What decides the board. */
export interface BoardChoice {
  readonly firmware: LabFirmware
  /** `x64` by default. */
  readonly arch?: LabArch | undefined
  /** UEFI refuses what Microsoft's keys do not vouch for. */
  readonly secureBoot?: boolean | undefined
}

export interface Board {
  readonly emulator: 'qemu-system-x86_64' | 'qemu-system-aarch64'
  /** Board, processor and screen. */
  readonly arguments: readonly string[]
  /** The firmware's image; QEMU brings SeaBIOS itself. */
  readonly flash?: FlashName
  /** What a machine gets that is not told otherwise, MiB. */
  readonly memory: number
}

const x86 = { emulator: 'qemu-system-x86_64', memory: 256 } as const
const x86Screen = ['-vga', 'std']

/** Only code in system management mode may write to the flash: else the keys would be no lock. */
const protectedFlash = [
  ['-global', 'driver=cfi.pflash01,property=secure,value=on'],
  ['-global', 'ICH9-LPC.disable_s3=1'],
].flat()

/** ARM's board has neither a VGA card nor a PS/2 keyboard. */
const arm = {
  emulator: 'qemu-system-aarch64',
  arguments: [
    ['-M', 'virt', '-cpu', 'cortex-a57', '-device', 'ramfb'],
    ['-device', 'qemu-xhci', '-device', 'usb-kbd'],
  ].flat(),
  memory: 512,
} as const

const boards: Readonly<Record<string, Board>> = {
  // `graphics=off` makes SeaBIOS show its screen on the serial port as well as on the display.
  'bios x64': {
    ...x86,
    arguments: ['-M', 'pc,graphics=off', '-boot', 'menu=off', ...x86Screen],
  },
  'uefi x64': { ...x86, arguments: ['-M', 'q35', ...x86Screen], flash: 'x64' },
  'uefi x64 secure': {
    ...x86,
    arguments: ['-M', 'q35,smm=on', ...protectedFlash, ...x86Screen],
    flash: 'x64-secure',
  },
  // The only image of this kind is built for a flash that is protected, with no keys in it.
  'uefi ia32': {
    ...x86,
    arguments: ['-M', 'q35,smm=on', ...protectedFlash, ...x86Screen],
    flash: 'ia32',
  },
  'uefi arm64': { ...arm, flash: 'arm64' },
  'uefi arm64 secure': { ...arm, flash: 'arm64-secure' },
}

/** The board for this choice; throws InputError where there is none. */
export function boardOf(choice: BoardChoice): Board {
  const board = boards[keyOf(choice)]
  if (board === undefined) throw new InputError([boardProblem(choice)])
  return board
}

function keyOf({ firmware, arch = 'x64', secureBoot = false }: BoardChoice): string {
  return [isUefi(firmware) ? 'uefi' : 'bios', arch, ...(secureBoot ? ['secure'] : [])].join(' ')
}

function boardProblem({ firmware, arch = 'x64' }: BoardChoice): string {
  if (isUefi(firmware)) return `no ${arch} firmware with Microsoft’s keys in it is to be had`
  return arch === 'x64'
    ? 'a BIOS knows no Secure Boot: add --firmware uefi'
    : `${arch} machines start by UEFI only: add --firmware uefi`
}

export function isUefi(firmware: LabFirmware): boolean {
  return firmware.startsWith('uefi')
}
