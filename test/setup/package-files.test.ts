import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SystemError } from '../../src/core/errors.ts'
import { type PackageRow, ensurePackageFiles } from '../../src/setup/package-files.ts'

const rows: readonly PackageRow[] = [
  {
    package: 'loader',
    tested: '1.0-1',
    licence: 'GPL-2+',
    files: { 'loader.0': '/usr/lib/loader/loader.0', 'menu.c32': '/usr/lib/loader/menu.c32' },
  },
  {
    package: 'other',
    tested: '2.0-1',
    licence: 'MIT',
    files: { 'other.efi': '/usr/lib/other.efi' },
  },
]

let folder = ''
let said: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-setup-'))
  said = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

/** An archive whose packages are these files; remembers what it was asked for. */
function archiveOf(version: string, absent: readonly string[] = []) {
  const asked: string[] = []
  return {
    asked,
    fetch: (names: readonly string[]) => {
      asked.push(...names)
      return Promise.resolve(
        names.map((name) => ({ name, version, root: packageRoot(name, absent) })),
      )
    },
  }
}

function packageRoot(name: string, absent: readonly string[]): string {
  const root = join(folder, 'packages', name)
  const paths = Object.values(rows.find((row) => row.package === name)?.files ?? {})
  for (const path of [...paths, `/usr/share/doc/${name}/copyright`]) {
    if (absent.includes(path)) continue
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), `${name} ${path}`)
  }
  return root
}

const target = () => join(folder, 'pxelinux')
const manifest = () => JSON.parse(readFileSync(join(target(), 'manifest.json'), 'utf8')) as unknown

test('what is missing is taken, with licences and a manifest; nothing half-made stays', async () => {
  await ensurePackageFiles(archiveOf('1.0-1'), target(), rows)
  expect(readdirSync(target(), { recursive: true }).map(String).sort()).toEqual([
    'licences',
    'licences/loader',
    'licences/other',
    'loader.0',
    'manifest.json',
    'menu.c32',
    'other.efi',
  ])
  expect(manifest()).toMatchObject({
    files: [
      {
        file: 'loader.0',
        package: 'loader',
        version: '1.0-1',
        tested: '1.0-1',
        licence: 'GPL-2+',
        copyright: 'licences/loader',
        size: 'loader /usr/lib/loader/loader.0'.length,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
      { file: 'menu.c32' },
      { file: 'other.efi', licence: 'MIT' },
    ],
  })
})

test('a second time asks nobody', async () => {
  await ensurePackageFiles(archiveOf('1.0-1'), target(), rows)
  const again = archiveOf('1.0-1')
  await ensurePackageFiles(again, target(), rows)
  expect(again.asked).toEqual([])
})

test('a file that somebody brought stays theirs, and the rest comes', async () => {
  mkdirSync(target())
  writeFileSync(join(target(), 'loader.0'), 'my own')
  await ensurePackageFiles(archiveOf('1.0-1'), target(), rows)
  expect(readFileSync(join(target(), 'loader.0'), 'utf8')).toBe('my own')
  expect(manifest()).toMatchObject({ files: [{ file: 'menu.c32' }, { file: 'other.efi' }] })
})

test('only the packages of what is missing are asked for', async () => {
  await ensurePackageFiles(archiveOf('1.0-1'), target(), rows)
  rmSync(join(target(), 'other.efi'))
  const again = archiveOf('2.0-1')
  await ensurePackageFiles(again, target(), rows)
  expect(again.asked).toEqual(['other'])
  expect(manifest()).toMatchObject({
    files: [{ version: '1.0-1' }, { version: '1.0-1' }, { file: 'other.efi', version: '2.0-1' }],
  })
})

test('files without a copyright of their own come with the paper of another package', async () => {
  const signed: PackageRow = {
    package: 'signed',
    tested: '1.0-1',
    licence: 'MIT',
    copyright: 'papers',
    files: { 'signed.efi': '/usr/share/doc/signed/copyright' }, // any file of the package will do
  }
  const papers: PackageRow = { package: 'papers', tested: '1.0-1', licence: 'MIT', files: {} }
  await ensurePackageFiles(archiveOf('1.0-1'), target(), [papers, signed])
  expect(readdirSync(join(target(), 'licences'))).toEqual(['papers'])
  expect(manifest()).toMatchObject({ files: [{ package: 'signed', copyright: 'licences/papers' }] })
  rmSync(join(target(), 'signed.efi'))
  const again = archiveOf('1.0-1')
  await ensurePackageFiles(again, target(), [papers, signed])
  expect(again.asked).toEqual(['signed'])
})

test('another version than the tested one is used, and said', async () => {
  await ensurePackageFiles(archiveOf('1.0-1'), target(), rows)
  expect(said.join('')).toContain('other 1.0-1 is not the version that was tested (2.0-1)')
  expect(said.join('')).not.toContain('loader 1.0-1 is not')
})

test('a file that has gone from its package is named', async () => {
  const archive = archiveOf('1.0-1', ['/usr/lib/loader/menu.c32'])
  await expect(ensurePackageFiles(archive, target(), rows)).rejects.toThrow(
    new SystemError('loader 1.0-1 has no /usr/lib/loader/menu.c32: it was tested with 1.0-1'),
  )
})
