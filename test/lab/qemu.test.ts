import { expect, test } from 'vitest'
import {
  type LabFirmware,
  type MachineSpec,
  labFirmwares,
  qemuArguments,
} from '../../src/lab/qemu.ts'
import type { LabFiles } from '../../src/setup/lab-files.ts'

const files: LabFiles = {
  ovmf: { code: '/ovmf/code.fd', variables: '/ovmf/vars.fd' },
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
    variables: '/run/vars.fd',
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

test('UEFI writes only into its own copy of the variables', () => {
  const line = argumentsOf({ firmware: 'uefi' })
  expect(line).toContain('readonly=on,file=/ovmf/code.fd')
  expect(line).toContain('if=pflash,unit=1,format=raw,file=/run/vars.fd')
  expect(line).not.toContain('/ovmf/vars.fd')
})

test('HTTP boot has PXE switched off', () => {
  expect(argumentsOf({ firmware: 'uefi-http' })).toContain('IPv4PXESupport,string=n')
  expect(argumentsOf({ firmware: 'uefi' })).not.toContain('IPv4PXESupport')
})

test('a disk comes after the network and keeps what it has', () => {
  const line = argumentsOf({ disk: '/disk.img' })
  expect(line).toContain('snapshot=on,file=/disk.img')
  expect(line).toContain('drive=disk,bootindex=1')
})
