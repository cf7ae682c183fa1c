/** A host's values in YAML and JSON: written out so that they are read back as they were. */
import { assert, constantFrom, oneof, property, string as anyString } from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { renderAnswers } from '../../../src/app/kickstart/answer-files.ts'
import { answerSentence } from '../../../src/app/kickstart/host-answers.ts'
import { parseKickstart } from '../../../src/app/kickstart/kickstart-file.ts'
import { fillStructured } from '../../../src/app/kickstart/structured-answers.ts'
import type { Scalar } from '../../../src/boot/kickstart/template-reference.ts'

function fill(text: string, syntax: 'yaml' | 'json', vars: Readonly<Record<string, Scalar>> = {}) {
  return fillStructured(text, new Map([['name', 'web-01'], ...Object.entries(vars)]), syntax)
}

test('comments, order and the first line stay, documents stay apart', () => {
  const text = '#cloud-config\n# why\nb: ${name}\na: [1, yes, 0644]\n---\nc: "${n}"\n'
  expect(fill(text, 'yaml', { n: 5 }).text).toBe(
    '#cloud-config\n# why\nb: web-01\na: [ 1, yes, 0644 ]\n---\nc: 5\n',
  )
})

test('what may be left out is, with its key or its place in a list', () => {
  const text = 'a: ${x?}\nb: ["${x?}", "${name}", "${y?}"]\nc:\n  d: ${x?}\n'
  expect(parse(fill(text, 'yaml', { y: 'z' }).text)).toEqual({ b: ['web-01', 'z'], c: {} })
  const json = '{ "a": "${x?}", "b": ["${x?}"], "c": "${name}" }'
  expect(JSON.parse(fill(json, 'json').text)).toEqual({ b: [], c: 'web-01' })
})

test('any text is read back as it was, by readers of YAML 1.1 and 1.2 and of JSON', () => {
  const text = oneof(
    anyString({ unit: 'grapheme' }),
    constantFrom(
      'yes',
      'no',
      'on',
      'null',
      '~',
      '0x1f',
      '012',
      '1:30:00',
      '52:54:00:12:34:56',
      '- a',
      'a: b',
      '#',
      '<<',
      '2020-01-01',
    ),
  )
  assert(
    property(text, (v) => {
      const yaml = fill('a: ${v}\nb: "x ${v}"\nc: ["z${v}"]', 'yaml', { v }).text
      for (const version of ['1.1', '1.2'] as const) {
        expect(parse(yaml, { version })).toEqual({ a: v, b: `x ${v}`, c: [`z${v}`] })
      }
      const json = fill('{"a": "${v}", "b": ["x ${v}"]}', 'json', { v }).text
      expect(JSON.parse(json)).toEqual({ a: v, b: [`x ${v}`] })
    }),
    { numRuns: 300, seed: 1 },
  )
})

test('in a data URL values are escaped as URLs are', () => {
  const text = '{"files": [{"source": "data:,a%20${v}"}]}'
  expect(JSON.parse(fill(text, 'json', { v: 'b c/%' }).text)).toEqual({
    files: [{ source: 'data:,a%20b%20c%2F%25' }],
  })
})

function saidKeys(text: string): readonly (string | undefined)[] {
  return fill(text, 'yaml', { v: 'a b' }).problems.map(({ key }) => key)
}

test('commands want quotes, lists of words do not', () => {
  expect(saidKeys('runcmd:\n  - echo ${v}\n')).toEqual(['runcmd[0]'])
  expect(saidKeys('runcmd:\n  - [echo, "${v}"]\n')).toEqual([])
  expect(saidKeys('runcmd:\n  - echo ${v|quote}\n')).toEqual([])
  expect(saidKeys('write_files:\n  - content: |\n      #!/bin/sh\n      echo ${v}\n')).toEqual([
    'write_files[0].content',
  ])
  expect(saidKeys('write_files:\n  - content: hello ${v}\n')).toEqual([])
})

const render = (text: string, format: Parameters<typeof renderAnswers>[2]['format']) =>
  renderAnswers(text, new Map([['name', 'web-01']]), { format }).problems.map((problem) =>
    answerSentence('f', problem),
  )

test.for<readonly [Parameters<typeof renderAnswers>[2]['format'], string, string | RegExp]>([
  [
    'cloud-init',
    '#cloud-config\nautoinstall:\n  version: 2\n',
    'f:3: autoinstall.version: must be 1',
  ],
  [
    'cloud-init',
    'autoinstall:\n  version: 1\n',
    'f:1: does not begin with #cloud-config, so it is not read',
  ],
  ['cloud-init', '#cloud-config\nusers: []\n', 'f: autoinstall: is missing, so it would ask'],
  [
    'cloud-init',
    '#cloud-config\nautoinstall:\n  version: 1\n  identity:\n    password: secret\n',
    'f:5: autoinstall.identity.password: is no hash: bootlace hash-password makes one',
  ],
  ['cloud-init', '#cloud-config\na: [1\n', /^f:\d: /],
  [
    'cloud-config',
    '#cloud-config\na: ${nam}\n',
    /^f:2: a: has \$\{nam\}, which is no variable \(is it name\?\)/,
  ],
  ['ignition', '{ "ignition": {} }', 'f:1: ignition.version: must be a version, such as 3.3.0'],
  ['ignition', '{ "ignition": { "version": "3.3.0" }, }', /^f: is no JSON/],
  [
    'talos',
    'machine:\n  type: worker\n',
    'f:1: machine.install.disk: is missing: which disk it is installed to',
  ],
  [
    'agama',
    '{ "product": {} }',
    'f:1: product.id: is missing: what is installed, such as Leap_16.0',
  ],
  ['agama', '[]', 'f: is no map of keys'],
  ['autoyast', '<?xml version="1.0"?>\n<profile>\n<a></profile>', /^f:3: is no XML/],
  ['autoyast', '<?xml version="1.0"?>\n<x/>', 'f:1: has no profile'],
])('%s: %j', ([format, text, expected]) => {
  const [said, ...more] = render(text, format)
  expect(more).toEqual([])
  if (typeof expected === 'string') expect(said).toBe(expected)
  else expect(said).toMatch(expected)
})

test('what is no JSON is told without what stands there', () => {
  const { problems } = fill('{"password": s3cret}', 'json')
  expect(problems).toEqual([{ says: "is no JSON: Unexpected token 's'" }])
})

test.for([
  'password: |s3cret',
  'password: *s3cret',
  'password: !h!s3cret x',
  'password: "\\Us3cret99"',
  'a: b\n}s3cret',
])('what is no YAML is told without what stands there: %s', (text) => {
  const { problems } = fill(text, 'yaml')
  expect(problems.length).toBeGreaterThan(0)
  expect(JSON.stringify(problems)).not.toMatch(/s3cr?e?t?/)
  expect(() => parseKickstart(text, 'ks.yaml')).toThrow(/^ks\.yaml/)
  expect(() => parseKickstart(text, 'ks.yaml')).not.toThrow(/s3c/)
})

test('keys and values are filled in once, and what is wrong is told once, with its key', () => {
  const { text, problems } = fill('"${name}": "$${name}"\nb: { c: "${nam}" }\n', 'yaml')
  expect(parse(text)).toEqual({ 'web-01': '${name}', b: { c: '${nam}' } })
  expect(problems).toMatchObject([{ line: 2, key: 'b.c' }])
})

test('a script may not leave a variable out, also in a pair', () => {
  const { problems } = fill('runcmd: "${x?}"\n', 'yaml')
  expect(problems).toMatchObject([{ line: 1, key: 'runcmd' }])
})
