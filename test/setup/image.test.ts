import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CpioEntry, readCpio } from '../../src/wire/linux/cpio.ts'
import { composeImage } from '../../src/setup/tinyvm/image.ts'
import type { Parts } from '../../src/setup/tinyvm/parts.ts'

const failover = 'kernel/net/core/failover.ko.xz'
const parts: Parts = {
  wanted: 'failover',
  release: '6.12-test',
  packages: [{ package: 'linux', version: '6.12' }],
  modules: [
    { path: failover, info: { name: 'failover', depends: [], before: [], aliases: ['pci:v1*'] } },
  ],
  programs: [
    { path: 'usr/sbin/nginx', early: true },
    { path: 'etc/nginx/mime.types', early: true },
    { path: 'usr/bin/sudo', early: false },
  ],
}

let folder = ''
const source = () => ({
  parts,
  partsFolder: join(folder, 'parts'),
  rootFolder: join(folder, 'root'),
  version: '1.2.3',
})

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-image-'))
  const files = {
    'parts/busybox': '\u007fELF',
    'parts/programs/usr/sbin/nginx': '\u007fELF',
    'parts/programs/etc/nginx/mime.types': 'types {}\n',
    'parts/programs/usr/bin/sudo': '\u007fELF',
    [`parts/${failover}`]: 'xz',
    'root/init': '#!/bin/busybox sh\n',
    'root/etc/shadow': 'root:*:\n',
    'root/srv/www/health.html': 'SUCCESS\n',
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const entries = async () => readCpio(zstdDecompressSync((await composeImage(source())).initrd))
const tools = async () => readCpio(gunzipSync((await composeImage(source())).tools))
const find = (all: readonly CpioEntry[], path: string) => all.find((entry) => entry.path === path)

test('the image holds programs, modules with their tables, and its version', async () => {
  const all = await entries()
  const text = (path: string) => {
    const entry = find(all, path)
    return entry?.type === 'file' ? new TextDecoder().decode(entry.octets) : undefined
  }
  expect(find(all, 'init')).toMatchObject({ type: 'file', mode: 0o755 })
  expect(find(all, 'bin/busybox')).toMatchObject({ type: 'file', mode: 0o755 })
  expect(find(all, 'srv/www/health.html')).toMatchObject({ mode: 0o644 })
  expect(find(all, 'dev/console')).toMatchObject({ type: 'device', major: 5, minor: 1 })
  expect(text(`lib/modules/6.12-test/${failover}`)).toBe('xz')
  expect(text('lib/modules/6.12-test/modules.dep')).toBe(`${failover}:\n`)
  expect(text('lib/modules/6.12-test/modules.alias')).toBe('alias pci:v1* failover\n')
  expect(text('etc/tinyvm-version')).toBe('1.2.3\n')
})

test('the initrd has what is needed early; the tools have the rest', async () => {
  const [early, late] = [await entries(), await tools()]
  expect(find(early, 'usr/sbin/nginx')).toMatchObject({ mode: 0o755 })
  expect(find(early, 'etc/nginx/mime.types')).toMatchObject({ mode: 0o644 })
  expect(find(early, 'usr/bin/sudo')).toBeUndefined()
  expect(late.map(({ path }) => path)).toEqual(['usr', 'usr/bin', 'usr/bin/sudo'])
})

test('sudo runs as root whoever starts it; only root reads the passwords', async () => {
  expect(find(await tools(), 'usr/bin/sudo')).toMatchObject({ mode: 0o4755 })
  expect(find(await entries(), 'etc/shadow')).toMatchObject({ mode: 0o600 })
})

test('every folder stands before what is in it', async () => {
  const seen = new Set(['.'])
  for (const entry of [...(await entries()), ...(await tools())]) {
    expect(seen, `the folder of ${entry.path}`).toContain(dirname(entry.path))
    if (entry.type === 'directory') seen.add(entry.path)
  }
})

test('the same parts give the same octets', async () => {
  expect(await composeImage(source())).toEqual(await composeImage(source()))
})
