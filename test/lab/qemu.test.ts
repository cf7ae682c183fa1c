import { expect, test } from 'vitest'
import {
  type BoardChoice,
  type LabArch,
  type LabFirmware,
  boardOf,
  labArches,
  labFirmwares,
} from '../../src/lab/boards.ts'
import { type MachineSpec, qemuArguments } from '../../src/lab/qemu.ts'
import type { LabFiles } from '../../src/setup/lab-files.ts'

const files: LabFiles = {
  flash: (name) => ({ code: `/flash/${name}.code`, variables: `/flash/${name}.vars` }),
  rom: (card, firmware) => `/roms/${firmware}-${card}.rom`,
}

function argumentsOf(change: Partial<MachineSpec>): string {
  const spec: MachineSpec = {
    name: 'machine-1',
    mac: '52:54:00:b0:07:01',
    tap: 't1',
    firmware: 'bios',
    card: 'virtio-net-pci',
    memory: 192,
    acceleration: 'tcg',
    serialSocket: '/run/serial',
    monitorSocket: '/run/monitor',
    ...change,
  }
  return qemuArguments(spec, files).join(' ')
}

test.for(Object.keys(labFirmwares) as LabFirmware[])('%s waits switched off', (firmware) => {
  const line = argumentsOf({ firmware })
  expect(line).toContain(' -S ')
  expect(line).toContain(' -m 192')
  expect(line).toContain('mac=52:54:00:b0:07:01')
  expect(line).toContain('-uuid b0071ace-0000-4000-8000-525400b00701')
  expect(line).toContain('ifname=t1,script=no,downscript=no')
})

test('BIOS runs the card’s own ROM, as a modern virtio card', () => {
  expect(argumentsOf({ firmware: 'bios' })).toContain(
    'romfile=/roms/bios-virtio-net-pci.rom,disable-legacy=on',
  )
})

test('UEFI drives a virtio card itself and needs the ROM for others', () => {
  expect(argumentsOf({ firmware: 'uefi' })).toContain('romfile=,disable-legacy=on')
  expect(argumentsOf({ firmware: 'uefi', card: 'e1000' })).toContain('/roms/uefi-e1000.rom')
})

test('UEFI starts from its own flash, and keeps nothing of what it writes there', () => {
  const line = argumentsOf({ firmware: 'uefi' })
  expect(line).toContain('unit=0,format=raw,readonly=on,file=/flash/x64.code')
  expect(line).toContain('unit=1,format=raw,snapshot=on,file=/flash/x64.vars')
})

test('Secure Boot has Microsoft’s keys, in a flash that a system cannot write', () => {
  for (const firmware of ['uefi', 'uefi-http'] as const) {
    const line = argumentsOf({ firmware, secureBoot: true })
    expect(line).toContain('/flash/x64-secure.vars')
    expect(line).toContain('-M q35,smm=on')
    expect(line).toContain('cfi.pflash01,property=secure,value=on')
  }
  expect(argumentsOf({ firmware: 'uefi' })).not.toContain('secure')
})

test('ARM64 is translated, and has a screen and a keyboard of its own kind', () => {
  const line = argumentsOf({ firmware: 'uefi', arch: 'arm64', acceleration: 'kvm' })
  expect(line).toContain('-accel tcg')
  expect(line).toContain('-device ramfb')
  expect(line).toContain('-device usb-kbd')
  expect(line).not.toContain('-vga')
})

test.for(['ia32', 'arm64'] as const)('%s firmware gets no ROM: theirs are for x64', (arch) => {
  expect(argumentsOf({ firmware: 'uefi', arch, card: 'e1000' })).toContain('romfile= ')
})

const impossible: readonly (readonly [BoardChoice, string])[] = [
  [{ firmware: 'bios', secureBoot: true }, 'a BIOS knows no Secure Boot: add --firmware uefi'],
  [{ firmware: 'ipxe', arch: 'arm64' }, 'arm64 machines start by UEFI only'],
  [{ firmware: 'bios', arch: 'ia32' }, 'ia32 machines start by UEFI only'],
  [{ firmware: 'uefi', arch: 'ia32', secureBoot: true }, 'no ia32 firmware with Microsoft’s keys'],
]

test.for(impossible)('%o is refused: %s', ([choice, reason]) => {
  expect(() => boardOf(choice)).toThrow(reason)
})

test('every processor starts by PXE and by HTTP boot', () => {
  for (const arch of Object.keys(labArches) as LabArch[]) {
    expect(boardOf({ firmware: 'uefi', arch })).toBe(boardOf({ firmware: 'uefi-http', arch }))
  }
})

test('HTTP boot has PXE switched off, and PXE is tried over IPv4 alone', () => {
  expect(argumentsOf({ firmware: 'uefi-http' })).toContain('IPv4PXESupport,string=n')
  expect(argumentsOf({ firmware: 'uefi' })).not.toContain('IPv4PXESupport')
  expect(argumentsOf({ firmware: 'uefi' })).toContain('IPv6PXESupport,string=n')
})

test('a disk comes after the network and keeps what it has', () => {
  const line = argumentsOf({ disk: '/disk.img' })
  expect(line).toContain('snapshot=on,file=/disk.img')
  expect(line).toContain('drive=disk,bootindex=1')
})

test('a disk that keeps what is written is the file itself', () => {
  const line = argumentsOf({ disk: '/disk.img', keepsDisk: true })
  expect(line).toContain('if=none,id=disk,format=raw,cache=unsafe,file=/disk.img')
})
