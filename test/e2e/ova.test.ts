/**
 * The stand-in for TinyVM.ova, booted straight out of the OVA by each loader: its kernel and initrd,
 * its extensions mounted, its user's files in place. Nothing of it was unpacked by anybody before.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codes, writeStandIn } from '../support/stand-in.ts'
import { standInParts } from '../../src/setup/stand-in.ts'
import { boot, deliveries, eventsOf } from './lab-boot.ts'

let folder: string
let ova: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootlace-ova-'))
  ova = await writeStandIn(folder, 'MBR, ext4, extlinux')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test.for([
  { name: 'PXELINUX, by TFTP', firmware: 'bios', loader: 'pxelinux', via: 'tftp' },
  { name: 'iPXE of a BIOS machine', firmware: 'ipxe', loader: undefined, via: 'http' },
  { name: 'iPXE of a UEFI machine', firmware: 'uefi', loader: undefined, via: 'http' },
] as const)('$name', async ({ firmware, loader, via }) => {
  const result = await boot(`ova-${firmware}`, {
    firmware,
    loader,
    memory: 192,
    boot: 'tinyvm-ova',
    config: { images: { 'tinyvm-ova': { source: ova } } },
  })
  expect(deliveries(result)).toEqual(
    expect.arrayContaining(
      ['tce/boot/vmlinuz', 'tce/boot/core.gz', 'overlay.cpio'].map(
        (path) => `${via} boot/tinyvm-ova/${path}`,
      ),
    ),
  )
  const { release } = await standInParts()
  const [up] = eventsOf(result, 'machine.up')
  // Its own words, after the page that came out of a mounted extension.
  for (const fact of [
    'stand-in page of nginx',
    `loaded ipv6-netfilter-${release} pcre nginx`,
    'kept mine,bootlocal ran',
    'modes 1777:0:0 2775:0:50 644:1001:50 640:0:0',
  ]) {
    expect(up?.detail).toContain(fact)
  }
  expect(result.serial).toContain(codes.netboot)
})
