/**
 * What a machine's firmware can run, from DHCP option 93 (RFC 4578 §2.1 and the IANA registry
 * "Processor Architecture Types"). One row per code; `decisions` elsewhere use the names only.
 */

/** How it boots: `bios`, `uefi-…`, or something we have no loader for. */
export type Firmware =
  | 'bios'
  | 'uefi-ia32'
  | 'uefi-x64'
  | 'uefi-arm32'
  | 'uefi-arm64'
  | 'uefi-riscv64'
  | 'uefi-loongarch64'
  | 'other'

export interface Architecture {
  readonly code: number
  readonly name: string
  readonly firmware: Firmware
  /** The firmware fetches its boot program by HTTP (UEFI HTTP boot), not by TFTP. */
  readonly http: boolean
}

const rows: readonly (readonly [number, string, Firmware, 'http'?])[] = [
  [0, 'x86 BIOS', 'bios'], // Raspberry Pi sends 0 as well
  [1, 'NEC PC-98', 'other'],
  [2, 'Itanium', 'other'],
  [3, 'DEC Alpha', 'other'],
  [4, 'Arc x86', 'other'],
  [5, 'Intel Lean Client', 'other'],
  [6, 'IA32 UEFI', 'uefi-ia32'],
  [7, 'x64 UEFI', 'uefi-x64'],
  [8, 'Xscale EFI', 'other'],
  [9, 'EBC', 'uefi-x64'], // RFC 4578 printed 7 and 9 swapped; older x64 firmware still sends 9
  [10, 'ARM 32-bit UEFI', 'uefi-arm32'],
  [11, 'ARM 64-bit UEFI', 'uefi-arm64'],
  [12, 'PowerPC Open Firmware', 'other'],
  [13, 'PowerPC ePAPR', 'other'],
  [14, 'PowerPC OPAL', 'other'],
  [15, 'IA32 UEFI HTTP', 'uefi-ia32', 'http'],
  [16, 'x64 UEFI HTTP', 'uefi-x64', 'http'],
  [17, 'EBC HTTP', 'uefi-x64', 'http'],
  [18, 'ARM 32-bit UEFI HTTP', 'uefi-arm32', 'http'],
  [19, 'ARM 64-bit UEFI HTTP', 'uefi-arm64', 'http'],
  [20, 'x86 BIOS HTTP', 'bios', 'http'],
  [21, 'ARM 32-bit U-Boot', 'other'],
  [22, 'ARM 64-bit U-Boot', 'other'],
  [23, 'ARM 32-bit U-Boot HTTP', 'other', 'http'],
  [24, 'ARM 64-bit U-Boot HTTP', 'other', 'http'],
  [25, 'RISC-V 32-bit UEFI', 'other'],
  [26, 'RISC-V 32-bit UEFI HTTP', 'other', 'http'],
  [27, 'RISC-V 64-bit UEFI', 'uefi-riscv64'],
  [28, 'RISC-V 64-bit UEFI HTTP', 'uefi-riscv64', 'http'],
  [29, 'RISC-V 128-bit UEFI', 'other'],
  [30, 'RISC-V 128-bit UEFI HTTP', 'other', 'http'],
  [31, 's390 basic', 'other'],
  [32, 's390 extended', 'other'],
  [33, 'MIPS 32-bit UEFI', 'other'],
  [34, 'MIPS 64-bit UEFI', 'other'],
  [35, 'Sunway 32-bit UEFI', 'other'],
  [36, 'Sunway 64-bit UEFI', 'other'],
  [37, 'LoongArch 32-bit UEFI', 'other'],
  [38, 'LoongArch 32-bit UEFI HTTP', 'other', 'http'],
  [39, 'LoongArch 64-bit UEFI', 'uefi-loongarch64'],
  [40, 'LoongArch 64-bit UEFI HTTP', 'uefi-loongarch64', 'http'],
  [41, 'ARM Raspberry Pi boot', 'other'],
]

export const architectures: ReadonlyMap<number, Architecture> = new Map(
  rows.map(([code, name, firmware, http]) => [
    code,
    { code, name, firmware, http: http !== undefined },
  ]),
)

/** A name of firmware, as events and stored data carry it. */
export function isFirmware(name: unknown): name is Firmware {
  return rows.some(([, , firmware]) => firmware === name)
}

/**
 * Option 93 may list several codes, best first in no particular order: take the first one that we
 * have a loader for, else the first one that is known at all.
 */
export function chooseArchitecture(codes: readonly number[]): Architecture | undefined {
  const known = codes.flatMap((code) => architectures.get(code) ?? [])
  return known.find((architecture) => architecture.firmware !== 'other') ?? known[0]
}
