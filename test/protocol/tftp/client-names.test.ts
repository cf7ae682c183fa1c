import { expect, test } from 'vitest'
import { clientName } from '../../../src/protocol/tftp/client-names.ts'

test.for([
  [{ tsize: '0', blksize: '1468', windowsize: '4' }, 'EDK2'],
  [{ blksize: '1432', tsize: '0' }, 'iPXE'],
  [{ tsize: '0', blksize: '1432' }, undefined],
  [{}, undefined],
] as const)('%j is asked by %s', ([options, name]) => {
  expect(clientName(new Map(Object.entries(options)))).toBe(name)
})
