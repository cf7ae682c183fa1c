/** Entries of the menu: an image that is known has its own arguments, whatever its user adds. */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { LinuxEntry } from '../../src/boot/menu/catalog.ts'
import { imageEntries } from '../../src/app/image-entries.ts'
import { openNetbootImage } from '../../src/io/image/netboot-image.ts'
import { testFolder, text, writeFiles } from '../support/image-files.ts'

const photon = {
  PHOTON_VMWARE_CD: text(''),
  'isolinux/vmlinuz': text('kernel'),
  'isolinux/initrd.img': text('initrd'),
  'RPMS/noarch/photon-release-5.0-1.ph5.noarch.rpm': text('rpm'),
}
const repodata = { 'RPMS/repodata/repomd.xml': text('<repomd/>') }

async function entriesOf(files: Parameters<typeof writeFiles>[1], more: object = {}) {
  const source = writeFiles(join(testFolder(), 'photon-5.0'), files)
  const named = { name: 'photon-5.0', source, isConfigured: true, ...more }
  const image = await openNetbootImage(source, named)
  onTestFinished(() => image.close())
  const entries = imageEntries(named, image)
  return entries.filter((entry): entry is LinuxEntry => entry.type === 'linux')
}

const base = 'root=/dev/ram0 loglevel=3 repos=${image}/RPMS'
const scripted = `${base} insecure_installation=1 ks=\${answers}/photon.json`

test('Photon, asking and by its kickstart', async () => {
  expect(await entriesOf({ ...photon, ...repodata })).toEqual([
    expect.objectContaining({ name: 'photon-5.0', args: base, install: scripted }),
  ])
})

test('what the user adds stands beside what the installer needs', async () => {
  const more = { args: 'console=ttyS0' }
  expect(await entriesOf({ ...photon, ...repodata }, more)).toEqual([
    expect.objectContaining({
      args: `${base} console=ttyS0`,
      install: `${scripted} console=ttyS0`,
    }),
  ])
})

test('no entry without packages, and one where they are elsewhere', async () => {
  expect(await entriesOf(photon)).toEqual([])
  const [entry] = await entriesOf(photon, { repository: '${server}:5300/photon' })
  expect(entry?.args).toBe('root=/dev/ram0 loglevel=3 repos=${server}:5300/photon')
})
