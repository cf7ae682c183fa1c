import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { parseConfig } from '../../../src/app/config/config.ts'
import { parseKickstart, readKickstart } from '../../../src/app/kickstart/kickstart-file.ts'
import { reportKickstart, sentence } from '../../../src/app/kickstart/kickstart-report.ts'
import { exampleVariables } from '../../../src/boot/kickstart/host-variables.ts'
import {
  type Installer,
  installers,
  isBefore,
  isStrict,
} from '../../../src/boot/kickstart/installers.ts'
import { keysOf } from '../../../src/boot/kickstart/kickstart-keys.ts'
import { kickstartJson } from '../../../src/boot/kickstart/render-kickstart.ts'
import { InputError } from '../../../src/core/errors.ts'
import { badKickstarts, goodKickstart, withChange } from '../../support/bad-kickstarts.ts'

const folder = mkdtempSync(join(tmpdir(), 'kickstart-'))
afterAll(() => rmSync(folder, { recursive: true }))

const variables = exampleVariables(new Map())
const good = JSON.stringify(goodKickstart, undefined, 2)

function reportOf(text: string, installer: Installer) {
  return reportKickstart(parseKickstart(text, 'ks.json'), variables, installer)
}

function errorsOf(text: string, installer: Installer): string[] {
  const { problems } = reportOf(text, installer)
  return problems
    .filter(({ severity }) => severity === 'error')
    .map((problem) => sentence('ks.json', problem))
}

test('each problem with line, column and key', () => {
  const text =
    '{\n  "disk": "sda",\n  "linux_flavor": "linux",\n  "partitions": [\n    { "mountpoint": "/",\n      "size": "1", "filesystem": "ext4" }\n  ]\n}\n'
  expect(errorsOf(text, '2.7')).toEqual([
    'ks.json:2:3: disk: found "sda", allowed: the path of a disk such as /dev/sda',
    'ks.json:6:7: partitions[0].size: found "1", allowed: megabytes, a whole number; 0 for all that is left',
  ])
})

test('what is missing is told where it would stand', () => {
  const text =
    '{ "disk": "/dev/sda", "linux_flavor": "linux",\n  "password": {\n "crypted": true } }'
  expect(errorsOf(text, '2.7')).toEqual(['ks.json:2:3: password.text: is missing'])
  expect(errorsOf('{}', '2.7')).toEqual([
    'ks.json: disk: is missing: disk (or disks) says what is wiped',
  ])
})

test.for<readonly [string, string]>([
  ['nothing', ''],
  ['an HTML page', '<html><body>404</body></html>'],
  ['a list', '[]'],
  ['text', '"x"'],
  ['null', 'null'],
])('%s is no kickstart', ([, text]) => {
  expect(errorsOf(text, '2.7').join()).toContain('allowed: an object of keys')
})

test.for([
  ['half of it', good.slice(0, -20), /ks\.json:\d+:\d+: /],
  ['the same key twice', '{ "disk": "/dev/sda",\n "disk": "/dev/sdb" }', /ks\.json:2:2: .*unique/],
  ['an unknown tag', 'disk: !!python/name:os.system x', /ks\.json:1:\d+: .*tag/],
  ['a parameter without default', 'disk: !param disk', /no default/],
  ['an alias to itself', 'a: &a { b: *a }', /is neither JSON nor YAML/],
  ['a hole without end', '['.repeat(60) + ']'.repeat(60), /nested too deeply/],
  ['a very deep hole', '['.repeat(5000), /ks\.json/],
] as const)('%s is refused for everybody', ([, text, says]) => {
  expect(() => parseKickstart(text, 'ks.json')).toThrow(InputError)
  expect(() => parseKickstart(text, 'ks.json')).toThrow(says)
})

const forms: readonly (readonly [string, string, (installer: Installer) => boolean])[] = [
  ['YAML', 'disk: /dev/sda\nlinux_flavor: linux\n', (one) => isBefore(one, '2.4')],
  ['a comment', `# mine\n${good}`, (one) => isBefore(one, '2.4')],
  ['a comma too many', good.replace('"linux"', '"linux",'), (one) => isBefore(one, '2.4')],
  ['a byte order mark', `\uFEFF${good}`, (one) => isBefore(one, '2.4')],
  [
    'a tab in bare words',
    '{ "disk": "/dev/sda", "linux_flavor": "linux", "type": a\tb }',
    () => true,
  ],
  ['a tab between tokens', good.replaceAll('  ', '\t'), (one) => !isBefore(one, '2.4')],
  [
    'a DEL',
    good.replace('web-01', 'web-01\u007F').replace('hostname', 'photon_docker_image'),
    (one) => !isBefore(one, '2.4'),
  ],
  [
    'a character in two escapes',
    good.replace('web-01', '\\ud83d\\ude00').replace('hostname', 'photon_docker_image'),
    (one) => !isBefore(one, '2.4'),
  ],
]

test.for(forms)('%s: who reads it', ([, text, isRefused]) => {
  for (const installer of installers.filter(isStrict)) {
    const errors = errorsOf(text, installer)
    expect(errors.length > 0, `${installer}: ${errors.join()}`).toBe(isRefused(installer))
    if (errors.length > 0) expect(errors[0]).toMatch(/^ks\.json:\d+:\d+: the text: /)
  }
})

test('a tab inside of quotes is a tab', () => {
  expect(errorsOf(good.replace('web-01', 'web\\t01').replace('hostname', 'type'), '2.7')).toEqual(
    [],
  )
})

test('only whole numbers, and keys that are text', () => {
  const text =
    'disk: /dev/sda\nlinux_flavor: linux\npartitions:\n- { mountpoint: /, size: 0.0 }\nenvironment:\n  1: a\n'
  expect(errorsOf(text, '2.8')).toEqual([
    'ks.json:4:26: the text: has 0.0: only whole numbers, written as such',
    'ks.json:6:3: the text: is a key that is no text; put it in quotes',
  ])
})

test('YAML as the installers read it: yes is true, and a parameter has its default', () => {
  const text = 'disk: !param disk=/dev/sdb\nlinux_flavor: linux\nlive: yes\n'
  const { kickstart, verdict } = reportOf(text, '2.7')
  expect({ kickstart, verdict }).toEqual({
    verdict: 'good',
    kickstart: { disk: '/dev/sdb', linux_flavor: 'linux', live: true },
  })
})

test('what is written anew has none of the form of the file', () => {
  const old =
    '{\n\t"hostname": "a",\n\t"password": {"crypted": true, "text": "*"},\n\t"disk": "/dev/sda",\n\t"type": "minimal"\n}'
  expect(reportOf(old, '2.7')).toMatchObject({ verdict: 'migrated' })
  const yaml =
    '# a source\nkickstart: photon\ndisk: /dev/sda\npackagelist_file: packages_minimal.json\n'
  expect(reportOf(yaml, '2.0')).toMatchObject({ verdict: 'good' })
})

test('files that cannot be read', () => {
  const file = join(folder, 'latin1.json')
  writeFileSync(file, Buffer.from([0x22, 0xe4, 0x22]))
  expect(() => readKickstart(file)).toThrow(/is not UTF-8/)
  expect(() => readKickstart(join(folder, 'none'))).toThrow(InputError)
})

/** Which installers cannot do what a sample is for. */
const limits: Readonly<Record<string, Installer>> = {
  'photon-docker.yaml': 'photon1.0',
  'photon-lvm.yaml': 'photon3.0',
  'photon-static.yaml': 'photon3.0',
}
const samples = globSync('kickstarts/photon-*.yaml').toSorted()
const cases = samples.flatMap((file) => installers.map((installer) => [file, installer] as const))

test('there are samples', () => {
  expect(samples.length).toBeGreaterThanOrEqual(7)
})

test.for(cases)('%s for %s works as it stands', ([file, installer]) => {
  const { verdict, problems, kickstart } = reportKickstart(
    readKickstart(file),
    variables,
    installer,
  )
  const first = limits[basename(file)] ?? 'tp2'
  expect({ verdict, problems }).toMatchObject({
    verdict: isBefore(installer, first) ? 'refused' : 'good',
  })
  if (verdict === 'refused') return
  expect(kickstartJson(kickstart)).not.toMatch(/\$\{|vars\./)
  // What comes out is a kickstart like any other: it must stand by itself, as text, too.
  const again = reportOf(kickstartJson(kickstart), installer)
  expect(again).toMatchObject({ verdict: 'good', kickstart })
})

test('the examples of the documentation are right', () => {
  const page = readFileSync('docs/kickstart-photon.md', 'utf8')
  const blocks = [...page.matchAll(/```yaml\n([^`]*)```/g)].map(([, text = '']) => text)
  const [config = '', network = ''] = blocks
  expect(blocks).toHaveLength(2)
  expect(parseConfig(config, 'docs').hosts[0]?.kickstart).toBe('kickstarts/photon-minimal.yaml')
  const source = `kickstart: photon\ndisk: /dev/sda\n${network}`
  expect(reportOf(source, '2.7')).toMatchObject({ verdict: 'good' })
})

test.for(samples)('%s: its scripts are shell', (file) => {
  const { kickstart } = reportKickstart(readKickstart(file), variables, '2.8')
  const lines: unknown = Reflect.get(Object(kickstart), 'postinstall')
  const script = Array.isArray(lines) ? lines.join('\n') : 'true'
  execFileSync('sh', ['-n'], { input: script, stdio: ['pipe', 'pipe', 'pipe'] })
})

test.for(
  samples.flatMap((file) => ['photon3.0', '2.1', '2.7', '2.9'].map((one) => [file, one] as const)),
)('%s for %s, in full', async ([file, name]) => {
  const installer = installers.find((one) => one === name) ?? 'master'
  const own = new Map([
    ['password_hash', '$6$saltsaltsaltsalt$0123456789'],
    ['ssh_key', 'ssh-ed25519 AAAA admin'],
  ])
  const { verdict, kickstart } = reportKickstart(
    readKickstart(file),
    exampleVariables(own),
    installer,
  )
  expect(verdict).toBe('good')
  const golden = `${basename(file, '.yaml')}.${name}.ks`
  await expect(kickstartJson(kickstart)).toMatchFileSnapshot(`../../fixtures/kickstarts/${golden}`)
})

test('whatever stands in a file, nothing but InputError is thrown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (text) => {
      for (const installer of ['tp2', '2.3', '2.9'] as const) {
        try {
          reportOf(text, installer)
        } catch (error) {
          expect(error).toBeInstanceOf(InputError)
        }
      }
    }),
    { seed: 6, numRuns: 150 },
  )
})

test('whatever the values of the keys are, there is a verdict, and what is good stays good', () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown>(...badKickstarts.flatMap(({ change }) => Object.values(change))),
  )
  const config = fc.dictionary(fc.constantFrom('kickstart', 'foo', ...keysOf('2.9')), value, {
    maxKeys: 4,
  })
  fc.assert(
    fc.property(config, fc.constantFrom(...installers), (change, installer) => {
      const text = JSON.stringify(withChange(change))
      const first = reportOf(text, installer)
      expect(first.problems.every(({ says }) => says.length > 0)).toBe(true)
      if (first.verdict === 'refused') return
      const again = reportOf(kickstartJson(first.kickstart), installer)
      expect(again).not.toMatchObject({ verdict: 'refused' })
    }),
    { seed: 6, numRuns: 400 },
  )
})
