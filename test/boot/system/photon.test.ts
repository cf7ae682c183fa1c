/** Photon's entries, word for word: for each release, and for each installer that an ISO may carry. */
import { expect, test } from 'vitest'
import {
  type Installer,
  installers,
  isStrict,
  releases,
} from '../../../src/boot/kickstart/installers.ts'
import { keysOf } from '../../../src/boot/kickstart/kickstart-keys.ts'
import { installerIn, installerOfRelease } from '../../../src/boot/system/photon-installer.ts'
import { photon } from '../../../src/boot/system/photon.ts'
import type { ImageFacts } from '../../../src/boot/system/system.ts'

const whole = ['RPMS/repodata/repomd.xml', 'RPMS/x86_64/linux.rpm']

function boots(known: Partial<ImageFacts>, files: readonly string[] = whole) {
  const has = (path: string) => files.some((file) => file === path || file.startsWith(`${path}/`))
  const facts = { id: 'photon', version: undefined, label: '', name: 'photon', has, isDisc: true }
  return photon.boots({ ...facts, ...known })
}

const repo = 'root=/dev/ram0 loglevel=3 repo=${image}/RPMS'
const repos = 'root=/dev/ram0 loglevel=3 repos=${image}/RPMS'
const old = 'ks=${answers}/photon.json'
const insecure = 'insecure_installation=1 ks=${answers}/photon.json'

/** What the packages on the ISO of a release call it. */
test.for<readonly [release: string, version: string, asking: string, scripted: string]>([
  ['1.0 TP2', '1.2', repo, `${repo} ${old}`],
  ['1.0', '1.0', repo, `${repo} ${old}`],
  ['2.0', '2.0', repo, `${repo} ${old}`],
  ['3.0', '3.0', repo, `${repo} ${insecure}`],
  ['4.0', '4.0', repo, `${repo} ${insecure}`],
  ['5.0', '5.0', repos, `${repos} ${insecure}`],
  ['6.0', '6.0', repos, `${repos} ${insecure}`],
])('Photon %s', ([, version, args, install]) => {
  expect(boots({ version })).toEqual([
    {
      suffix: '',
      title: '',
      kernel: 'isolinux/vmlinuz',
      initrd: ['isolinux/initrd.img'],
      args,
      install,
    },
  ])
})

test.for(installers)('what installer %s understands', (installer) => {
  const [boot] = boots({ version: '5.0', installer })
  const words = boot?.install?.split(' ').map((word) => word.replace(/=.*/, ''))
  const late = ['2.2', '2.3', '2.4', '2.5', '2.6', '2.7', '2.8', '2.9', 'master'].includes(
    installer,
  )
  expect(words).toEqual([
    'root',
    'loglevel',
    late ? 'repos' : 'repo',
    ...(isStrict(installer) ? ['insecure_installation'] : []),
    'ks',
  ])
})

test('of a release that nobody knows yet it is what all understand', () => {
  expect(boots({ version: '7.0' })[0]?.install).toBe(`${repo} ${insecure}`)
})

test.for(releases)('$name: no word looks like another one to a greedy search', ({ installer }) => {
  for (const { args, install = '' } of boots({ installer })) {
    for (const line of [args, install]) {
      expect(line.match(/repos?=/g)).toHaveLength(1)
      expect(line.match(/ks=/g) ?? []).toHaveLength(line === install ? 1 : 0)
      expect(line).not.toMatch(/[&\\"'\t]/)
    }
  }
})

test('without packages there is no entry: the installer would restart the machine for ever', () => {
  const files = ['isolinux/vmlinuz', 'RPMS/x86_64/linux.rpm']
  expect(boots({ version: '5.0' }, files)).toEqual([])
  const facts = { id: 'photon', version: '5.0', label: '', name: 'photon', isDisc: true }
  expect(photon.says?.({ ...facts, has: () => false })).toEqual([
    expect.stringMatching(/no packages.*for ever/),
  ])
  expect(photon.says?.({ ...facts, has: () => true })).toEqual([])
})

test('packages from elsewhere', () => {
  const repository = 'http://192.168.50.1:5200/photon/5.0/photon_release_5.0_x86_64'
  const [boot] = boots({ version: '5.0', repository }, [])
  expect(boot?.args).toBe(`root=/dev/ram0 loglevel=3 repos=${repository}`)
  expect(boot?.install).toBe(`${boot?.args} ${insecure}`)
})

test('an ISO for ARM is for ARM', () => {
  const files = ['RPMS/repodata/repomd.xml', 'RPMS/aarch64/linux.rpm']
  expect(boots({ version: '5.0' }, files)[0]?.arch).toEqual(['arm64'])
  expect(boots({ version: '5.0' })[0]).not.toHaveProperty('arch')
})

const nothing: ReadonlySet<string> = new Set()

function python(keys: readonly string[]): string {
  return `class Installer(object):\n    known_keys = {\n${keys.map((key) => `        '${key}',\n`).join('')}    }\n`
}

function found(keys: readonly string[], release?: Installer): Installer | undefined {
  return installerIn({ source: python(keys), names: nothing }, release)
}

/** Of those with one set of keys the oldest: what it takes, all take. */
const sameKeys: Partial<Record<Installer, Installer>> = {
  '2.3': '2.2',
  '2.5': '2.4',
  master: '2.9',
}

test.for(installers.filter(isStrict))('%s is told by its keys', (installer) => {
  expect(found(keysOf(installer))).toBe(sameKeys[installer] ?? installer)
  expect(found(keysOf(installer), installer)).toBe(installer)
})

test('variants by processor do not count, whether they are listed or not', () => {
  const bare = keysOf('2.8').filter((key) => !/_(x86_64|aarch64)$/.test(key))
  expect(found(bare)).toBe('2.8')
  expect(found([...bare, 'packages_x86_64'])).toBe('2.8')
})

test('a patched installer is the nearest: 4.0 has 1.0 with keys of 2.0', () => {
  expect(found([...keysOf('1.0'), 'photon_release_version', 'insecure_installation'])).toBe('2.0')
  expect(found([...keysOf('2.7'), 'something_new'])).toBe('2.7')
})

test.for<readonly [installer: Installer | undefined, names: readonly string[]]>([
  ['tp2', ['isoInstaller.py', 'license.txt']],
  ['photon1.0', ['isoInstaller.py', 'EULA.txt']],
  ['photon2.0', ['isoInstaller.py', 'EULA.txt', 'linuxselector.py']],
  ['photon3.0-ga', ['isoInstaller.py', 'EULA.txt', 'linuxselector.py', 'iso_config.py']],
  [undefined, ['busybox']],
])('%s has no list of keys, and files by which it is known', ([installer, names]) => {
  const traces = { source: 'class Installer(object):\n', names: new Set(names) }
  expect(installerIn(traces, '2.7')).toBe(installer)
})

test('every release has its installer', () => {
  const versions = ['1.2', '1.0', '2.0', '3.0', '4.0', '5.0', '6.0', undefined, '9.9']
  expect(versions.map(installerOfRelease)).toEqual([
    'tp2',
    'photon1.0',
    'photon2.0',
    'photon3.0',
    '2.0',
    '2.3',
    '2.7',
    undefined,
    undefined,
  ])
})
