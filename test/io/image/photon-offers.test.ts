/** What a Photon image offers, by what is in it and by what its host's configuration adds. */
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { keysOf } from '../../../src/boot/kickstart/kickstart-keys.ts'
import type { ImageFacts } from '../../../src/boot/system/system.ts'
import { imageOffers } from '../../../src/io/image/image-offers.ts'
import { writeCpio } from '../../../src/wire/linux/cpio.ts'
import { memoryFolder, text } from '../../support/image-files.ts'

const facts: Omit<ImageFacts, 'has' | 'discSize'> = {
  id: 'photon',
  version: '4.0',
  label: 'PHOTON_20250501',
  name: 'photon-4.0',
  isDisc: true,
}

const source = `known_keys = {${keysOf('2.7')
  .map((key) => `'${key}'`)
  .join(', ')}}`
const path = 'usr/lib/python3.10/site-packages/photon_installer/installer.py'
const initrd = gzipSync(writeCpio([{ type: 'file', path, mode: 0o644, octets: text(source) }], 0))

const files = {
  'isolinux/vmlinuz': text('kernel'),
  'isolinux/initrd.img': text('not to be read'),
  'RPMS/repodata/repomd.xml': text('<repomd/>'),
}

async function offers(more: Readonly<Record<string, Uint8Array>>, known = {}) {
  return imageOffers(memoryFolder({ ...files, ...more }), undefined, { ...facts, ...known })
}

test('the installer in the initrd counts, whatever the release came with', async () => {
  const found = await offers({ 'isolinux/initrd.img': initrd })
  expect(found?.installer).toEqual({ version: '2.7', by: 'initrd' })
  expect(found?.boots[0]?.args).toContain(' repos=')
})

test('where the initrd does not tell, the release does', async () => {
  const found = await offers({})
  expect(found?.installer).toEqual({ version: '2.0', by: 'release' })
  expect(found?.boots[0]?.args).toContain(' repo=')
})

test('where nothing tells, nothing is said', async () => {
  expect((await offers({}, { version: undefined }))?.installer).toBeUndefined()
})

test('packages of another place', async () => {
  const repository = '${server}:5200/photon/4.0/photon_release_4.0_x86_64'
  const found = await offers({}, { repository })
  expect(found?.boots[0]?.install).toBe(
    `root=/dev/ram0 loglevel=3 repo=${repository} insecure_installation=1 ks=\${answers}/photon.json`,
  )
})
