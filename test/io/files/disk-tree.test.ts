import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskTree } from '../../../src/io/files/disk-tree.ts'
import type { Client } from '../../../src/io/files/file-tree.ts'

const client: Client = { via: 'tftp', ip: '127.0.0.1', server: '127.0.0.1' }
let outside: string
let root: string
beforeAll(() => {
  outside = mkdtempSync(join(tmpdir(), 'bootlace-disk-tree-'))
  root = join(outside, 'root')
  mkdirSync(join(root, 'dir/.git'), { recursive: true })
  mkdirSync(join(outside, 'root-too'))
  writeFileSync(join(outside, 'secret'), 'secret')
  writeFileSync(join(outside, 'root-too/secret'), 'secret')
  writeFileSync(join(root, 'small'), 'a small file')
  writeFileSync(join(root, 'with space and ü'), 'name')
  writeFileSync(join(root, '.hidden'), 'hidden')
  writeFileSync(join(root, 'dir/Inner.EFI'), 'inner')
  writeFileSync(join(root, 'dir/.git/config'), 'hidden')
  symlinkSync('small', join(root, 'link'))
  symlinkSync('dir', join(root, 'folder-link'))
  symlinkSync('../secret', join(root, 'way-out'))
  symlinkSync('../root-too', join(root, 'folder-out'))
  symlinkSync('loop', join(root, 'loop'))
  symlinkSync('nowhere', join(root, 'dangling'))
  execFileSync('mkfifo', [join(root, 'fifo')])
})
afterAll(() => rmSync(outside, { recursive: true }))

async function textOf(path: string, folder = root): Promise<string | undefined> {
  const file = await diskTree(folder).open(path, client)
  if (file === undefined) return undefined
  const buffer = new Uint8Array(100)
  const length = await file.read(buffer, 0)
  await file.close()
  return new TextDecoder().decode(buffer.subarray(0, length))
}

test.for([
  ['small', 'a small file'],
  ['/small', 'a small file'],
  ['//small', 'a small file'],
  ['./small', 'a small file'],
  ['dir/../small', 'a small file'],
  ['SMALL', 'a small file'],
  ['with space and ü', 'name'],
  ['dir/Inner.EFI', 'inner'],
  ['dir//Inner.EFI', 'inner'],
  ['\\dir\\Inner.EFI', 'inner'],
  ['/DIR/inner.efi', 'inner'],
  ['link', 'a small file'],
  ['folder-link/inner.efi', 'inner'],
])('%j is served', async ([path, text]) => {
  expect(await textOf(path!)).toBe(text)
})

test.for([
  '',
  '/',
  'dir',
  'dir/',
  'missing',
  'small/below',
  '.hidden',
  'dir/.git/config',
  'fifo',
  'way-out',
  'folder-out/secret',
  'loop',
  'dangling',
  '../secret',
  '/../secret',
  'dir/../../secret',
  '..\\secret',
  '\\..\\secret',
  '....//secret',
  '%2e%2e/secret',
  '..%2fsecret',
  '..;/secret',
  '/etc/passwd',
  'file:///etc/passwd',
  'small ',
  'small\n',
  'small\0.efi',
  'x'.repeat(255),
  'x'.repeat(300),
  'x/'.repeat(5000),
])('%j is not served', async (path) => {
  expect(await textOf(path)).toBeUndefined()
})

test('a folder that is not there yet is empty, and serves once it is', async () => {
  const late = join(outside, 'late')
  expect(await textOf('file', late)).toBeUndefined()
  expect(await diskTree(late).list()).toEqual([])
  mkdirSync(late)
  writeFileSync(join(late, 'file'), 'now')
  expect(await textOf('file', late)).toBe('now')
})

test('the list has files and links, but nothing hidden', async () => {
  const list = await diskTree(root).list()
  expect(list.toSorted()).toEqual([
    'dangling',
    'dir/Inner.EFI',
    'folder-link',
    'folder-out',
    'link',
    'loop',
    'small',
    'way-out',
    'with space and ü',
  ])
})

test('a read past the end and a read across it are short', async () => {
  const file = (await diskTree(root).open('small', client))!
  const buffer = new Uint8Array(8)
  expect(file.size).toBe(12)
  expect(await file.read(buffer, 8)).toBe(4)
  expect(await file.read(buffer, 12)).toBe(0)
  await file.close()
})

test('the validator changes with the time of the file, and names the file on disk', async () => {
  const path = join(root, 'changing')
  writeFileSync(path, 'same')
  const validators: string[] = []
  for (const time of [1_000_000, 2_000_000, 2_000_000]) {
    utimesSync(path, time, time)
    const file = (await diskTree(root).open('changing', client))!
    validators.push(file.etag)
    expect(file.diskPath).toBe(path)
    expect(file.modified).toEqual(new Date(time * 1000))
    await file.close()
  }
  rmSync(path)
  expect(validators[0]).not.toBe(validators[1])
  expect(validators[1]).toBe(validators[2])
})

test('a folder with too much in it does not hide what lies beside it', async () => {
  const crowded = join(outside, 'crowded')
  for (const folder of ['aaa', 'aaa/inner', 'zzz'])
    mkdirSync(join(crowded, folder), { recursive: true })
  for (let count = 0; count < 10_000; count++)
    writeFileSync(join(crowded, 'aaa/inner', `${count}`), '')
  writeFileSync(join(crowded, 'snponly.efi'), '')
  writeFileSync(join(crowded, 'zzz/one'), '')
  const list = await diskTree(crowded).list()
  expect(list).toHaveLength(10_000)
  expect(list.slice(0, 2)).toEqual(['snponly.efi', 'zzz/one'])
})
