import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ProgramRow, collectPrograms } from '../../src/setup/tinyvm/programs.ts'
import { programFile } from '../support/elf-file.ts'

const lib = 'usr/lib/x86_64-linux-gnu'
const loader = '/lib64/ld-linux-x86-64.so.2'

/** What each package holds, and depends on. */
const packages: Readonly<
  Record<
    string,
    { depends: readonly string[]; files: Readonly<Record<string, Uint8Array | string>> }
  >
> = {
  web: {
    depends: ['libc6', 'libtls', 'web-data'],
    files: { 'usr/sbin/web': programFile(['libtls.so.3', 'libc.so.6'], loader), 'etc/web': 'text' },
  },
  libtls: {
    depends: ['libc6', 'libpress'],
    files: { [`${lib}/libtls.so.3`]: programFile(['libpress.so.1', 'libc.so.6']) },
  },
  libpress: { depends: ['libc6'], files: { [`${lib}/libpress.so.1`]: programFile(['libc.so.6']) } },
  libc6: {
    depends: ['libunused'],
    files: {
      [`${lib}/libc.so.6`]: programFile(['ld-linux-x86-64.so.2']),
      'usr/lib64/ld-linux-x86-64.so.2': programFile([]),
    },
  },
  libunused: { depends: [], files: {} },
  probe: {
    depends: ['libpcap', 'libc6'],
    files: { 'usr/bin/probe': programFile(['libpcap.so.0', 'libc.so.6'], loader) },
  },
  libpcap: { depends: ['libc6'], files: { [`${lib}/libpcap.so.0`]: programFile(['libc.so.6']) } },
  broken: { depends: [], files: { 'usr/bin/broken': programFile(['libnowhere.so.1']) } },
}

let folder = ''
let fetched: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-programs-'))
  fetched = []
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const archive = {
  architecture: 'amd64' as const,
  fetch: (names: readonly string[]) => Promise.resolve(names.map(unpack)),
  dependencies: (...names: readonly string[]) =>
    Promise.resolve(names.flatMap((name) => packages[name]?.depends ?? [])),
}

function unpack(name: string) {
  fetched.push(name)
  const root = join(folder, name)
  for (const [path, content] of Object.entries(packages[name]?.files ?? {})) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return { name, version: '1', root }
}

const collect = (rows: readonly ProgramRow[]) => collectPrograms(archive, rows)

test('a program comes with its libraries, with theirs, and with what loads it', async () => {
  const { files, packages: used } = await collect([{ package: 'web', files: ['usr/sbin/web'] }])
  expect(files.map(({ path }) => path).sort()).toEqual(
    [
      'lib64/ld-linux-x86-64.so.2',
      `${lib}/libc.so.6`,
      `${lib}/libpress.so.1`,
      `${lib}/libtls.so.3`,
      'usr/sbin/web',
    ].sort(),
  )
  expect(used.map(({ name }) => name).sort()).toEqual(['libc6', 'libpress', 'libtls', 'web'])
})

test('only packages of libraries are fetched, each once', async () => {
  await collect([
    { package: 'web', files: ['usr/sbin/web'] },
    { package: 'probe', files: ['usr/bin/probe'] },
  ])
  expect(fetched).not.toContain('web-data')
  expect(fetched.length).toBe(new Set(fetched).size)
})

test('what an early program needs is early, whoever else needs it', async () => {
  const { files } = await collect([
    { package: 'web', files: ['usr/sbin/web', 'etc/web'], early: true },
    { package: 'probe', files: ['usr/bin/probe'] },
  ])
  const early = (wanted: boolean) =>
    files.filter((file) => file.early === wanted).map(({ path }) => path.replace(/.*\//, ''))
  expect(early(false).sort()).toEqual(['libpcap.so.0', 'probe'])
  expect(early(true)).toEqual(expect.arrayContaining(['web', 'libc.so.6', 'libpress.so.1']))
})

test('a library that no package has is named', async () => {
  await expect(collect([{ package: 'broken', files: ['usr/bin/broken'] }])).rejects.toThrow(
    'no package has libnowhere.so.1',
  )
})

test('a file that is no longer in its package is named', async () => {
  await expect(collect([{ package: 'web', files: ['usr/sbin/gone'] }])).rejects.toThrow(
    'web 1 has no usr/sbin/gone',
  )
})
