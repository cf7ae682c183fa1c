import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../../src/core/errors.ts'
import { memorySource } from '../../../src/wire/byte-source.ts'
import { readTar } from '../../../src/wire/disk/tar.ts'
import { type TarEntry, tarOf } from '../../support/tar-writer.ts'

const read = (octets: Uint8Array) => readTar(memorySource(octets))
const text = (words: string) => new TextEncoder().encode(words)

const entries: readonly TarEntry[] = [
  { path: './TinyVM.ovf', octets: text('<Envelope/>') },
  { path: 'opt/', type: '5', mode: 0o775, group: 50 },
  { path: 'etc/shadow', mode: 0o640, octets: text('x'.repeat(513)) },
  { path: 'usr/local/link', type: '2', target: '../lib' },
  { path: 'etc/shadow-', type: '1', target: 'etc/shadow' },
  { path: 'dev/null', type: '3' },
]

test('each member says what it is and where its content lies', async () => {
  const members = await read(tarOf(entries))
  expect(members).toEqual([
    member('file', 'TinyVM.ovf', { position: 512, size: 11 }),
    member('folder', 'opt', { position: 1536, mode: 0o775, owner: { user: 0, group: 50 } }),
    member('file', 'etc/shadow', { position: 2048, size: 513, mode: 0o640 }),
    member('link', 'usr/local/link', { position: 3584, target: '../lib' }),
    member('hardlink', 'etc/shadow-', { position: 4096, target: 'etc/shadow' }),
    member('other', 'dev/null', { position: 4608 }),
  ])
})

function member(type: string, path: string, rest: object) {
  const usual = { mode: 0o644, owner: { user: 0, group: 0 }, target: '', size: 0 }
  return { ...usual, type, path, ...rest }
}

test('long names: by prefix, as GNU writes them, and as pax does', async () => {
  const long = `${'folder/'.repeat(30)}file`
  const paths = async (list: readonly TarEntry[]) =>
    (await read(tarOf(list))).map(({ path, target }) => [path, target])
  expect(await paths([{ path: 'name', prefix: 'a/prefix' }])).toEqual([['a/prefix/name', '']])
  expect(
    await paths([
      { path: '././@LongLink', type: 'L', octets: text(`${long}\0`) },
      { path: '././@LongLink', type: 'K', octets: text(`${long}\0`) },
      { path: 'cut', type: '2', target: 'cut' },
      { path: 'next' },
    ]),
  ).toEqual([
    [long, long],
    ['next', ''],
  ])
  const record = ` path=${long}\n`
  const pax = `${record.length + 3}${record}11 size=3\n`
  expect(
    await read(
      tarOf([
        { path: 'pax', type: 'x', octets: text(pax) },
        { path: 'cut', octets: text('abc'), size: 0 },
        { path: 'next' },
      ]),
    ),
  ).toMatchObject([{ path: long, size: 3 }, { path: 'next' }])
})

test('a number of base 256 is a size above 8 GiB', async () => {
  const octets = tarOf([{ path: 'disk.vmdk', size: 9 * 2 ** 30 }])
  await expect(read(octets)).rejects.toThrow('disk.vmdk: breaks off')
  const endless = { ...memorySource(octets), size: 20 * 2 ** 30 }
  await expect(readTar(endless)).rejects.toThrow(ProtocolError)
})

test('an archive that breaks off anywhere is refused', async () => {
  const whole = tarOf(entries)
  const end = whole.length - 1024
  for (let length = 0; length <= end; length += 37) {
    await expect(read(whole.subarray(0, length)), `${length}`).rejects.toThrow(ProtocolError)
  }
  expect(await read(whole.subarray(0, end + 512))).toHaveLength(entries.length)
})

test('damage is told with its place', async () => {
  const octets = tarOf(entries)
  octets[1024] = 0x58
  await expect(read(octets)).rejects.toThrow('tar header: its check sum is wrong (at octet 1172)')
})

test('random octets are refused as a protocol error, never otherwise', async () => {
  const property = fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (octets) => {
    const outcome = await read(octets).catch((error: unknown) => error)
    expect(outcome instanceof ProtocolError || Array.isArray(outcome)).toBe(true)
  })
  await fc.assert(property)
})

test('any damaged octet of an archive leads to members or to a protocol error', async () => {
  const octets = tarOf(entries)
  const property = fc.asyncProperty(
    fc.nat(octets.length - 1),
    fc.integer({ min: 0, max: 255 }),
    async (at, octet) => {
      const damaged = octets.slice()
      damaged[at] = octet
      const outcome = await read(damaged).catch((error: unknown) => error)
      expect(outcome instanceof ProtocolError || Array.isArray(outcome)).toBe(true)
    },
  )
  await fc.assert(property, { numRuns: 500 })
})
