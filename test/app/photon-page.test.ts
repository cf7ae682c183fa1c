/** What docs/systems/photon.md tells people to write is what Bootlace takes. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../src/app/config/config.ts'
import { parseKickstart } from '../../src/app/kickstart/kickstart-file.ts'
import { reportKickstart } from '../../src/app/kickstart/kickstart-report.ts'
import { exampleVariables } from '../../src/boot/kickstart/host-variables.ts'
import { installers, isStrict } from '../../src/boot/kickstart/installers.ts'

const page = readFileSync(new URL('../../docs/systems/photon.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml)
const configs = blocks.filter((yaml) => yaml.includes('images:'))
const kickstarts = blocks.filter((yaml) => yaml.startsWith('postinstall:'))

test('its configurations and its kickstart lines are found', () => {
  expect([blocks.length, configs.length, kickstarts.length]).toEqual([3, 2, 1])
})

test('five lines are enough', () => {
  const [first = ''] = configs
  expect(first.trim().split('\n').length).toBeLessThanOrEqual(5)
  const { hosts, images } = parseConfig(first, 'photon.md')
  expect(hosts[0]?.boot).toBe('photon-5.0')
  expect(images['photon-5.0']?.kickstart).toBe('kickstarts/photon-minimal.yaml')
})

test.for(configs)('%s', (yaml) => {
  expect(() => parseConfig(yaml, 'photon.md')).not.toThrow()
})

test.for(installers.filter(isStrict))('%s takes the lines for a kickstart', (installer) => {
  const [lines = ''] = kickstarts
  const source: unknown = parse(readFileSync('kickstarts/photon-minimal.yaml', 'utf8'))
  const more: unknown = parse(lines)
  const text = JSON.stringify({ ...(source as object), ...(more as object) })
  const read = parseKickstart(text, 'photon.yaml')
  const { verdict, problems } = reportKickstart(read, exampleVariables(new Map()), installer)
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(verdict).toBe('good')
})
