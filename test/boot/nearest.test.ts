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
