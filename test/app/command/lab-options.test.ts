import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseLabArguments } from '../../../src/app/command/lab-options.ts'
import { userConfig } from '../../../src/app/command/lab-user-config.ts'

test('what is wrong is told at once, each with what is allowed', () => {
  const wrong = ['--firmware', 'dos', '--keys', 'down,f13', '--disk', '/none', '--memory', '12']
  let message = ''
  try {
    parseLabArguments([...wrong, '--until', '(', '--jobs', '0'])
  } catch (error) {
    message = String(error)
  }
  expect(message).toContain('--firmware: allowed is bios, ipxe, uefi, uefi-http')
  expect(message).toContain('--keys: allowed is letters, digits, f1 to f12')
  expect(message).toContain('--disk: allowed is a file that is there')
  expect(message).toContain('--memory: allowed is a number of MiB, 64 or more')
  expect(message).toContain('--until: allowed is a regular expression')
  expect(message).toContain('--jobs: allowed is a number of machines')
})

test('keys are QEMU’s names, joined where they are pressed together', () => {
  expect(parseLabArguments(['--keys', 'down,shift-a,f8,ret']).keys).toEqual([
    'down',
    'shift-a',
    'f8',
    'ret',
  ])
})

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'bootlace-lab-config-'))))
afterAll(() => rmSync(folder, { recursive: true }))

function labWith(text: string, ...args: string[]) {
  const file = join(folder, 'bootlace.yaml')
  writeFileSync(file, text)
  return userConfig(parseLabArguments(['--config', file, ...args]))
}

const whole = `
interfaces: [eth1]
dhcp: { subnets: [{ network: 10.1.0.0/16 }] }
menu: { title: My (own) menu, default: disk }
hosts: [{ name: web, mac: '52:54:00:12:34:56', address: 10.1.0.9, boot: disk }]
`

test('a configuration keeps what it says of booting and loses its network', () => {
  const { config, boot, mac, menuTitle } = labWith(whole)
  expect(config).toEqual({
    menu: { title: 'My (own) menu', default: 'disk' },
    hosts: [{ name: 'web', mac: '52:54:00:12:34:56', boot: 'disk' }],
  })
  expect(boot).toBeUndefined()
  expect(mac).toBeUndefined()
  expect('My (own) menu').toMatch(menuTitle!)
})

test('the menu is known by the group that the default stands in, too: it may open first', () => {
  const { menuTitle } = labWith(`
menu:
  title: All of it
  default: photon
  entries:
    - name: systems
      title: Systems
      entries: [{ name: photon, title: Photon OS, kernel: photon/vmlinuz }]
`)
  expect('Systems').toMatch(menuTitle!)
  expect('All of it').toMatch(menuTitle!)
})

test('the machine can be one of its hosts, for once with another boot', () => {
  const { config, mac } = labWith(whole, '--host', 'web', '--boot', 'tinyvm')
  expect(mac).toBe('52:54:00:12:34:56')
  expect(config).toMatchObject({ hosts: [{ name: 'web', boot: 'tinyvm' }] })
})

test('a host that is not there, or a configuration that is wrong, is told', () => {
  expect(() => labWith(whole, '--host', 'mail')).toThrow('--host: allowed is web')
  expect(() => labWith('menu: { titel: x }')).toThrow('titel')
  expect(() => userConfig(parseLabArguments(['--host', 'web']))).toThrow('needs --config')
})
