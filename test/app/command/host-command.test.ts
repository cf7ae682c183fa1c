import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { hostCommand } from '../../../src/app/command/host-command.ts'
import { InputError, SystemError } from '../../../src/core/errors.ts'
import { InstallSite, victim } from '../../support/install-site.ts'

let site: InstallSite
let said: string[] = []

beforeEach(() => {
  site = new InstallSite()
  said = []
  vi.spyOn(console, 'log').mockImplementation((text: string) => void said.push(text))
})

afterEach(async () => {
  vi.restoreAllMocks()
  await site[Symbol.asyncDispose]()
})

/** With the configuration of the site; `port` is where its service should be. */
async function run(port: number, ...args: string[]): Promise<string> {
  said = []
  const file = join(site.folder, 'bootlace.yaml')
  writeFileSync(
    file,
    `data: ${site.folder}
http: { port: ${port} }
images: { photon: { source: ${site.folder} } }
hosts: [{ name: web-01, mac: '${victim.mac}', boot: photon, kickstart: ks.json }]
`,
  )
  expect(await hostCommand([...args, '--config', file])).toBe(0)
  return said.join('\n')
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => void server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('with the service running', () => {
  let port: number
  beforeEach(async () => void (port = await site.listen()))

  test('list tells how each host stands', async () => {
    expect(await run(port, 'list')).toBe(
      'web-01  52:54:00:00:00:01  armed: installs photon at its next start',
    )
    const listed: unknown = JSON.parse(await run(port, 'list', '--json'))
    expect(listed).toMatchObject({ hosts: [{ name: 'web-01', install: { state: 'armed' } }] })
  })

  test('trouble is marked', async () => {
    await site.ask(`${await site.answersPath()}/ks.json`)
    await site.menu()
    expect(await run(port, 'list')).toMatch(/^web-01 .* ! boots from its disk: .* host arm web-01$/)
  })

  test('arm and boot are orders to it, with the token of its data folder', async () => {
    expect(await run(port, 'arm', 'web-01')).toContain('web-01 is armed')
    expect(await run(port, 'boot', 'web-01', 'rescue')).toContain('web-01 boots rescue next, once')
    expect(site.types()).toEqual(['install.armed', 'host.next'])
    await expect(run(port, 'arm', 'nobody')).rejects.toThrow(
      new InputError(['there is no host nobody; there are web-01']),
    )
    await expect(run(port, 'boot', 'web-01', 'odd')).rejects.toThrow('there is no entry odd')
  })

  test('disarm takes an order back', async () => {
    await run(port, 'arm', 'web-01')
    expect(await run(port, 'disarm', 'web-01')).toContain('web-01 is disarmed')
    expect(await run(port, 'list')).toContain('somebody disarmed it')
  })

  test('another Bootlace’s data folder has another token, which is said', async () => {
    rmSync(join(site.folder, 'api-token'))
    await expect(run(port, 'arm', 'web-01')).rejects.toThrow(SystemError)
    expect(site.types()).toEqual(['api.refused'])
  })
})

describe('with no service', () => {
  test('an order is stored, and the service that starts finds it', async () => {
    const port = await freePort()
    const path = await site.answersPath()
    await site.ask(`${path}/ks.json`)
    await site.ask(`${path}/done`)
    const text = await run(port, 'arm', 'web-01')
    expect(text).toMatch(
      /web-01 is armed: it installs photon at its next start\nNo service answers/,
    )
    // Also the one that has been running all the time, elsewhere.
    expect(site.state()).toBe('armed')
    await run(port, 'boot', 'web-01', 'disk')
    await site.restart()
    expect(site.state()).toBe('armed')
    expect(await site.menu()).toContain(':boot_disk')
  })

  test('disarming is stored as well', async () => {
    await run(await freePort(), 'disarm', 'web-01')
    expect(site.state()).toBe('stopped')
  })

  test('list reads what is stored', async () => {
    await site.answersPath()
    expect(await run(await freePort(), 'list')).toContain('was started to install photon')
  })

  test('neither is asked what something else answers on that port', async () => {
    const other = createServer((_request, response) => void response.end('hello'))
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await run(port, 'arm', 'web-01')).toContain('No service answers')
    await new Promise((resolve) => void other.close(resolve))
  })
})

test.for([[], ['list', 'x'], ['arm'], ['disarm'], ['boot', 'web-01'], ['wipe', 'web-01']])(
  'host %s is explained',
  async (args) => {
    await expect(run(1, ...args)).rejects.toThrow(/^bootlace host list/)
  },
)
