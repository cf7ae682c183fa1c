/** The local disk: right on BIOS and on UEFI, by either menu, and what happens by default. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { places } from '../../src/setup/places.ts'
import { diskWords, writeBiosDisk, writeUefiDisk } from './disk-image.ts'
import { boot, deliveries, sawMenu } from './lab-boot.ts'

let folder: string
let biosDisk: string
let uefiDisk: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootlace-disk-'))
  biosDisk = await writeBiosDisk(join(folder, 'bios.img'))
  uefiDisk = await writeUefiDisk(join(folder, 'uefi'), join(places.loaders, 'ipxe.efi'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const until = new RegExp(diskWords)

test('with nothing configured, a BIOS machine ends on its own disk', async () => {
  const config = { menu: { title: 'Bootlace lab', timeout: '2s' } }
  const result = await boot('default-bios', { firmware: 'ipxe', disk: biosDisk, until, config })
  expect(sawMenu(result)).toBe(true)
  expect(deliveries(result).filter((name) => name.includes('tinyvm'))).toEqual([])
})

test('with nothing configured, a UEFI machine ends on its own disk', async () => {
  const config = { menu: { title: 'Bootlace lab', timeout: '2s' } }
  const result = await boot('default-uefi', { firmware: 'uefi', disk: uefiDisk, until, config })
  expect(deliveries(result).filter((name) => name.includes('tinyvm'))).toEqual([])
})

test.for(['pxelinux', 'lpxelinux'] as const)('%s hands over to the disk', async (loader) => {
  await boot(`disk-${loader}`, { firmware: 'bios', loader, boot: 'disk', disk: biosDisk, until })
})

test('GRUB looks for a system on the disks itself', async () => {
  // Started by GRUB the disk's iPXE does not see its script; no other iPXE runs on this machine.
  const options = { disk: uefiDisk, until: /iPXE initialising/ }
  await boot('disk-grub', { firmware: 'uefi', loader: 'grub', boot: 'disk', ...options })
})

test('a host fixed to its disk gets there without a menu', async () => {
  const result = await boot('disk-fixed', { firmware: 'ipxe', boot: 'disk', disk: biosDisk, until })
  expect(sawMenu(result)).toBe(false)
})
