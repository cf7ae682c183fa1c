import { expect, test } from 'vitest'
import { referencePages } from '../../../src/app/command/reference.ts'

test('the reference names every key of every section, and every event', () => {
  const pages = referencePages()
  const configuration = pages.get('configuration.md') ?? ''
  for (const key of [
    'dhcp.subnets[].pool',
    'menu.entries[].args',
    'mirrors.NAME.trust',
    'hosts[].loader',
  ]) {
    expect(configuration).toContain(`\`${key}\``)
  }
  expect(pages.get('log-events.md')).toContain('| `machine.up` | info |')
})
