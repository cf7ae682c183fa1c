/** What docs/install.md tells people to write is what Bootlace takes, and what it tells is so. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/app/config/config.ts'
import { installStates, mostStarts } from '../../src/boot/install/install-state.ts'
import { eventTypes } from '../../src/core/events.ts'

const page = readFileSync(new URL('../../docs/install.md', import.meta.url), 'utf8')

test('its configuration is one', () => {
  const [, yaml = ''] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? []
  const { hosts, images } = parseConfig(yaml, 'install.md')
  expect(hosts[0]).toMatchObject({ boot: 'photon-5.0', once: true })
  expect(images['photon-5.0']?.kickstart).toBe('kickstarts/photon-minimal.yaml')
})

test('it has all states, in their order, and the number of tries', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, state]) => state)
  expect(rows).toEqual([...installStates])
  expect(mostStarts).toBe(3)
  expect(page).toContain('three boots in all')
})

test('the events that it names are there', () => {
  const named = [...page.matchAll(/`((?:install|answers|api)\.\w+)`/g)].map(([, event]) => event)
  expect(named).not.toEqual([])
  for (const event of named) expect(Object.keys(eventTypes)).toContain(event)
})
