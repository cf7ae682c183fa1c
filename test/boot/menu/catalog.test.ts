import { expect, test } from 'vitest'
import { tinyvmEntries } from '../../../src/boot/menu/builtin.ts'
import { withFiles } from '../../../src/boot/menu/catalog.ts'

test('an entry is shown while its files are there', () => {
  const files = new Set(['boot/tinyvm/vmlinuz'])
  const disk = { type: 'disk', name: 'disk', title: 'Local disk' } as const
  const all = { title: 'B', timeout: 0, default: 'disk', entries: [...tinyvmEntries, disk] }
  const shown = withFiles(all, files)
  expect(shown.entries).toEqual([tinyvmEntries[0], disk])
  files.add('boot/tinyvm-arm64/vmlinuz')
  expect(shown.entries).toEqual(all.entries)
})
