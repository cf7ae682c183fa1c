/** The installer of a Photon image, found in its initrd. */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { keysOf } from '../../../src/boot/kickstart/kickstart-keys.ts'
import { findPhotonInstaller } from '../../../src/io/image/photon-initrd.ts'
import { type CpioEntry, writeCpio } from '../../../src/wire/linux/cpio.ts'
import { memoryFolder, noise, text } from '../../support/image-files.ts'

function file(path: string, content: string | Uint8Array): CpioEntry {
  const octets = typeof content === 'string' ? text(content) : content
  return { type: 'file', path, mode: 0o644, octets }
}

const python = `known_keys = {\n${keysOf('2.7')
  .map((key) => `    '${key}',\n`)
  .join('')}}\n`
const packages = 'usr/lib/python3.11/site-packages'

/** More than one piece before what is looked for. */
const entries = [
  file('./bin/large', noise(700_001)),
  file(`./${packages}/photon_installer/__init__.py`, ''),
  file(`./${packages}/photon_installer/installer.py`, python),
  file('./installer/packages_minimal.json', '{}'),
]

function find(initrd: Uint8Array | undefined, release?: '2.3') {
  const files = initrd === undefined ? {} : { 'isolinux/initrd.img': initrd }
  return findPhotonInstaller(memoryFolder(files), release)
}

const archive = writeCpio(entries, 0)

test.for([
  ['gzip', gzipSync(archive)],
  ['zstd', zstdCompressSync(archive)],
  ['nothing', archive],
] as const)('packed by %s', async ([, initrd]) => {
  expect(await find(initrd)).toBe('2.7')
})

test('what follows is not read: it may be damaged', async () => {
  const packed = gzipSync(writeCpio([...entries, file('large', noise(3_000_000, 2))], 0))
  expect(await find(packed.subarray(0, packed.length - 1_000_000))).toBe('2.7')
})

test('the release decides between installers with the same keys', async () => {
  const keys = keysOf('2.2').map((key) => `'${key}'`)
  const source = `known_keys = {${keys.join(', ')}}`
  const initrd = gzipSync(writeCpio([file('photon_installer/installer.py', source)], 0))
  expect(await find(initrd, '2.3')).toBe('2.3')
  expect(await find(initrd)).toBe('2.2')
})

test('an installer of the first years, which has no list of keys', async () => {
  const names = ['installer/installer.py', 'installer/isoInstaller.py', 'installer/EULA.txt']
  const initrd = gzipSync(
    writeCpio(
      names.map((name) => file(name, 'import os\n')),
      0,
    ),
  )
  expect(await find(initrd)).toBe('photon1.0')
})

test.for([
  ['no initrd', undefined],
  ['an initrd packed by xz', new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0])],
  ['an empty one', new Uint8Array()],
  ['half of one', gzipSync(archive).subarray(0, 100_000)],
  ['a damaged one', gzipSync(archive).fill(0x55, 2000, 3000)],
  ['one that is no archive', gzipSync(text('hello'.repeat(100)))],
  ['one without installer', gzipSync(writeCpio([file('init', '')], 0))],
] as const)('nothing is found in %s', async ([, initrd]) => {
  expect(await find(initrd)).toBeUndefined()
})
