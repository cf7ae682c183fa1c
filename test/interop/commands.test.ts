/** What the commands say and how they end, as a person sees it; in a namespace of their own. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { node } from '../support/dhcp-network.ts'
import { TestNetwork } from '../support/netns.ts'

const root = new URL('../../', import.meta.url).pathname

let network: TestNetwork
let namespace = ''
beforeEach(() => {
  network = new TestNetwork()
  namespace = network.namespace('cmd')
})
afterEach(async () => {
  await network[Symbol.asyncDispose]()
})

function bootlace(args: readonly string[], settings: Record<string, string> = {}) {
  const variables = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  const command = ['env', ...variables, node, join(root, 'src/main.ts'), ...args]
  return network.run(namespace, command)
}

test.for(['bot', 'toString', '__proto__'])('%s is no command', async (word) => {
  const { status, output } = await bootlace([word])
  expect(status).toBe(2)
  expect(output).toContain(`there is no command ${word}`)
})

test.for(['serve', 'lab', 'config', 'image', 'cache', 'mirror', 'hash-password'])(
  '%s --help tells its use, with an example',
  async (command) => {
    const { status, output } = await bootlace([command, '--help'])
    expect(status).toBe(0)
    expect(output).toMatch(/Examples?: bootlace /)
  },
)

test('a wrong configuration is told whole, and nothing is opened', async () => {
  const file = join(network.folder, 'wrong.yaml')
  writeFileSync(file, 'http: { port: 0 }\nhosts: [ { name: a } ]\n')
  for (const args of [
    ['serve', '--config', file],
    ['config', 'check', file],
  ]) {
    const { status, output } = await bootlace(args)
    expect(status).toBe(2)
    expect(output).toContain('wrong.yaml:1:15: http.port: found 0, allowed: a port number')
    expect(output).toContain('wrong.yaml:2:10: hosts[0].mac: is missing, allowed: a MAC address')
  }
})

test('a wrong flag is the person’s mistake', async () => {
  const { status, output } = await bootlace(['serve', '--subnet', '10.0.0.1/24'])
  expect(status).toBe(2)
  expect(output).toContain('--subnet: dhcp.subnets[0].network: found "10.0.0.1/24", allowed:')
  expect((await bootlace(['serve', '--nonsense'])).status).toBe(2)
})

test('a folder that cannot be used is named with its setting', async () => {
  const file = join(network.folder, 'file')
  writeFileSync(file, '')
  const data = await bootlace(['serve'], { BOOTLACE_DATA: file })
  expect(data.status).toBe(1)
  expect(data.output).toMatch(/^bootlace: data: .*file cannot be used: .*\n$/m)
  const cache = await bootlace(['serve'], {
    AUTO_DEPLOY: 'vcsa.invalid:6501',
    BOOTLACE_DATA: join(network.folder, 'data'),
    BOOTLACE_CACHE_DIRECTORY: file,
  })
  expect(cache.status).toBe(1)
  expect(cache.output).toMatch(/^bootlace: cache\.directory: .*file cannot be used: .*\n$/m)
})
