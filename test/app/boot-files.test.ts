import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bootFiles } from '../../src/app/boot-files.ts'
import { parseConfig } from '../../src/app/config/config.ts'
import { MachineTable } from '../../src/boot/machine-table.ts'
import { siteOf } from '../../src/app/site.ts'
import { type Client, overlay } from '../../src/io/files/file-tree.ts'

const client: Client = { via: 'tftp', ip: '10.0.0.9', server: '10.0.0.1' }
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-files-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function open(yaml = '') {
  const config = parseConfig(`files: ${folder}\n${yaml}`, 'test.yaml')
  const machines = new MachineTable()
  return await bootFiles({
    config,
    site: siteOf(config),
    macOf: () => undefined,
    machines,
    emit: () => {},
    images: {
      tree: overlay([]),
      refresh: () => Promise.resolve(),
      bootCfgOf: () => undefined,
    },
  })
}

async function textOf(files: Awaited<ReturnType<typeof open>>, path: string) {
  const file = await files.tree.open(path, client)
  if (file === undefined) return undefined
  const buffer = new Uint8Array(file.size)
  await file.read(buffer, 0)
  await file.close()
  return new TextDecoder().decode(buffer)
}

test('the built-in image is under boot/, however the path is written', async () => {
  const files = await open()
  const spellings = [
    'boot/tinyvm/vmlinuz',
    '//boot//tinyvm/vmlinuz',
    './boot/tinyvm/vmlinuz',
    '\\BOOT\\tinyvm\\vmlinuz',
  ]
  for (const path of spellings) {
    const file = await files.tree.open(path, client)
    expect(file?.size).toBeGreaterThan(1_000_000)
    await file?.close()
  }
  expect(await files.tree.open('boot/../tinyvm/vmlinuz', client)).toBeUndefined()
})

test('a file of the user goes before one of the same name that we bring', async () => {
  writeFileSync(join(folder, 'pxelinux.0'), 'mine')
  expect(await textOf(await open(), 'pxelinux.0')).toBe('mine')
})

test('a boot loader that the user drops in is known after the next look', async () => {
  const files = await open()
  const loader = 'undionly.kpxe.vmw-hardwired'
  expect(files.loaders.has(loader)).toBe(false)
  writeFileSync(join(folder, loader), 'loader')
  await files.refresh()
  expect(files.loaders.has(loader)).toBe(true)
  expect(files.loaders.has('pxelinux.0')).toBe(true)
})

test('a folder of the user that is gone hides nothing else', async () => {
  const files = await open()
  rmSync(folder, { recursive: true })
  await files.refresh()
  expect(files.loaders.has('lpxelinux.0')).toBe(true)
  mkdirSync(folder)
})

test('tramp leads through our mirror even where vCenter’s own lies in the user’s folder', async () => {
  writeFileSync(join(folder, 'tramp'), '#!gpxe\nchain https://vcsa:6501/vmw/rbd/tramp\n')
  expect(await textOf(await open(), 'tramp')).toContain('vcsa:6501')
  const mirrored = await open('mirrors: { autodeploy: { origin: "https://vcsa:6501" } }')
  expect(await textOf(mirrored, 'tramp')).toContain('http://10.0.0.1:5100/vmw/rbd/tramp')
})

test('image files are known by their path in the tree: menus show what is there', async () => {
  const { loaders } = await open()
  expect(loaders.has('boot/tinyvm/vmlinuz')).toBe(true)
  expect(loaders.has('boot/tinyvm-of-another-kind/vmlinuz')).toBe(false)
})

test('loaders with modules of their own lie in a folder', async () => {
  mkdirSync(join(folder, 'efi64'))
  writeFileSync(join(folder, 'efi64', 'mine.efi'), 'mine')
  expect((await open()).loaders.has('efi64/mine.efi')).toBe(true)
})
