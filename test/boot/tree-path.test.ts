import { expect, test } from 'vitest'
import { treePath } from '../../src/boot/tree-path.ts'

test.for([
  ['small', ['small']],
  ['/small', ['small']],
  ['//small', ['small']],
  ['./small', ['small']],
  ['dir//inner', ['dir', 'inner']],
  ['dir\\inner', ['dir', 'inner']],
  ['\\dir\\inner', ['dir', 'inner']],
  ['dir/../small', ['small']],
  ['dir/', ['dir']],
  ['', []],
  ['/', []],
  ['..foo', ['..foo']],
  ['....//secret', ['....', 'secret']],
  ['%2e%2e/secret', ['%2e%2e', 'secret']],
] as const)('%j is %j', ([path, names]) => {
  expect(treePath(path)).toEqual(names)
})

test.for([
  '..',
  '../secret',
  '/../secret',
  'dir/../../secret',
  '..\\secret',
  '\\..\\secret',
  'a\0b',
])('%j leaves the tree', (path) => {
  expect(treePath(path)).toBeUndefined()
})
