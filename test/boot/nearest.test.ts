import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest } from '../../src/boot/nearest.ts'

const list = ['snponly.efi', 'ipxe.efi', 'undionly.kpxe', 'boot/tinyvm/vmlinuz', 'rescue/vmlinuz']

test.for([
  { path: 'snponly.efu', closest: 'snponly.efi' },
  { path: 'efi/ipxe.efi', closest: 'ipxe.efi' },
  { path: 'BOOT\\TINYVM\\VMLINUZ', closest: 'boot/tinyvm/vmlinuz' },
  { path: 'resque/vmlinuz', closest: 'rescue/vmlinuz' },
  { path: '/undionly.kpx', closest: 'undionly.kpxe' },
  { path: 'something-else-entirely', closest: undefined },
  { path: '', closest: undefined },
])('nearest to $path is $closest', ({ path, closest }) => {
  expect(nearest(path, list)).toBe(closest)
})

test('nothing is near in an empty tree', () => {
  expect(nearest('ipxe.efi', [])).toBeUndefined()
})

test('a long path with more errors than a slip of the fingers is another path', () => {
  const path = 'photon/5.0/x86_64/iso/isolinux/vmlinuz-6.1.10-11.ph5-esx.signed'
  const slips = (count: number) => path.replaceAll(/./g, (c, at: number) => (at < count ? '#' : c))
  expect(nearest(slips(6).replace('vmlinuz', 'VMLINUZ'), [path])).toBe(path)
  expect(nearest(slips(7).replace(/signed$/, 'sigmed'), [path])).toBeUndefined()
})

test('it is near exactly when few errors lie between', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 24 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      const isNear = a === b || levenshtein(a, b) <= Math.min(Math.floor(a.length / 3), 6)
      expect(nearest(a, [b])).toBe(isNear ? b : undefined)
    }),
    { seed: 5, numRuns: 2000 },
  )
})

/** By the book: every cell of the table. */
function levenshtein(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, row) => [row])
  for (let column = 1; column <= b.length; column++) rows[0]![column] = column
  for (let row = 1; row <= a.length; row++) {
    for (let column = 1; column <= b.length; column++) {
      const replaced = rows[row - 1]![column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      rows[row]![column] = Math.min(
        replaced,
        rows[row]![column - 1]! + 1,
        rows[row - 1]![column]! + 1,
      )
    }
  }
  return rows[a.length]![b.length]!
}
