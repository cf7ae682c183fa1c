/**
 * Set-up on this machine, and the image that it built, on virtual hardware. `npm test` has run set-up
 * before, so everything is there.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { createServer as createHttpServer } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { places } from '../../src/setup/places.ts'
import { composeImage } from '../../src/setup/tinyvm/image.ts'
import type { Parts } from '../../src/setup/tinyvm/parts.ts'
import { TestNetwork } from '../support/netns.ts'
import { TinyvmMachine } from '../support/tinyvm-machine.ts'
import { rowsOf } from '../support/tinyvm-page.ts'

interface Manifest {
  readonly version: string
  readonly kernel: string
  readonly files: readonly { readonly file: string; readonly size: number }[]
}

const readJson = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'))
const manifest = readJson(places.tinyvm, 'manifest.json') as Manifest

test('when nothing is missing, set-up does nothing, says nothing and needs no network', async () => {
  await using network = new TestNetwork()
  const nowhere = network.namespace('none')
  const started = performance.now()
  const ran = await network.run(nowhere, [process.execPath, 'bin/setup.js', '--test'])
  expect(ran).toEqual({ status: 0, output: '' })
  expect(performance.now() - started, 'milliseconds').toBeLessThan(3_000)
})

test('an option that does not exist is the user’s mistake', async () => {
  await using network = new TestNetwork()
  const nowhere = network.namespace('none')
  const ran = await network.run(nowhere, [process.execPath, 'bin/setup.js', '--everything'])
  expect(ran.status).toBe(2)
  expect(ran.output).toContain("Unknown option '--everything'")
})

test('every boot loader is there, with its package, version and licence', () => {
  const { files } = readJson(places.loaders, 'manifest.json') as {
    files: Record<string, unknown>[]
  }
  const names = files.map(({ file }) => file)
  expect(names).toEqual(
    expect.arrayContaining([
      'lpxelinux.0',
      'ldlinux.c32',
      'undionly.kpxe',
      'snponly.efi',
      'ipxe-arm64.efi',
      'shimx64.efi',
      'grubx64.efi',
      'mmx64.efi',
      'shimaa64.efi',
      'grubaa64.efi',
      'grubia32.efi',
      'efi64/syslinux.efi',
      'efi64/ldlinux.e64',
      'memtest64',
      'memtest64.efi',
      'memtest32.efi',
    ]),
  )
  for (const file of files) {
    expect(readFileSync(join(places.loaders, String(file['file']))).length).toBe(file['size'])
    expect(file).toMatchObject({ version: expect.any(String) as string })
    const copyright = readFileSync(join(places.loaders, String(file['copyright'])), 'utf8')
    expect(copyright).toMatch(file['licence'] === 'BSD-2-Clause' ? 'BSD-2-Clause' : 'GPL')
  }
})

test('the image is small, and the same again when it is built again', async () => {
  const [initrd, tools] = ['initrd', 'tools'].map((name) => readFileSync(join(places.tinyvm, name)))
  expect(initrd?.length, 'octets').toBeLessThan(7e6)
  expect(tools?.length, 'octets').toBeLessThan(12e6)
  const again = await composeImage({
    parts: readJson(places.tinyvmParts, 'parts.json') as Parts,
    partsFolder: places.tinyvmParts,
    rootFolder: places.tinyvmRoot,
    version: manifest.version,
  })
  expect(initrd?.equals(again.initrd)).toBe(true)
  expect(tools?.equals(again.tools)).toBe(true)
})

test.for(['vmxnet3', 'e1000', 'e1000e', 'rtl8139', 'pcnet'])(
  'TinyVM comes up in 192 MB with a card of type %s',
  async (card) => {
    await using machine = new TinyvmMachine({ card })
    const [line] = await machine.shows(/TINYVM-UP .*(?=\r*\n)/)
    expect(line).toBe('TINYVM-UP mac=52:54:00:12:34:56 ip=10.0.2.15 report=none')
  },
)

test('TinyVM reports, serves its page, lets root in with a password of its own, and switches off', async () => {
  const page = await freePort()
  await using reports = await ReportServer.open()
  await using machine = new TinyvmMachine({
    card: 'virtio-net-pci',
    reportTo: reports.port,
    page,
  })
  const [line] = await machine.shows(/TINYVM-UP .*(?=\r*\n)/)
  expect(line).toBe('TINYVM-UP mac=52:54:00:12:34:56 ip=10.0.2.15 report=sent')
  expect(reports.received, 'the first one was refused').toHaveLength(2)
  expect(reports.received[1]).toEqual({
    mac: '52:54:00:12:34:56',
    system: 'tinyvm',
    version: manifest.version,
    kernel: manifest.kernel,
    addresses: ['10.0.2.15'],
    uptime: expect.any(Number) as number,
  })

  const base = `http://127.0.0.1:${page}`
  const health = await fetch(`${base}/health.html`)
  expect([health.status, (await health.text()).trim()]).toEqual([200, 'SUCCESS'])
  const headers = { 'x-forwarded-for': '192.0.2.1, <b>' }
  const shown = rowsOf(await (await fetch(`${base}/?q=<i>&r`, { headers })).text())
  expect(shown).toMatchObject({
    'Client IP': '10.0.2.2',
    'Client Port': expect.stringMatching(/^\d+$/) as string,
    'X-Forwarded-For': '192.0.2.1, &lt;b&gt;',
    'Server IP': '10.0.2.15',
    'Server Port': '80',
    Protocol: 'HTTP/1.1 (HTTP)',
    Method: 'GET',
    'Host Header': `127.0.0.1:${page}`,
    'Requested URI': '/?q=%3Ci%3E&amp;r',
    'Current Time (GMT)': expect.stringMatching(
      /^\w+ \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [ap]m$/,
    ) as string,
    IPv4: '10.0.2.15 (eth0)',
  })

  await machine.shows(/IPv4 {2}10\.0\.2\.15 {2}\(eth0, DHCP\)[\s\S]*login: $/)
  const [, password = ''] = await machine.shows(/the password is (\w{12}), new at each start/)
  await machine.type('root', /Password: $/)
  await machine.type(password, /root@tinyvm:~# $/)
  await machine.type('ip -4 -o addr show eth0', /inet 10\.0\.2\.15\/24 /)
  await machine.type('poweroff', /System will power off|Requesting system poweroff/)
  expect(await machine.off()).toBe(0)
})

/** Takes reports and gives the tools; the first report is refused, as by a service that starts. */
class ReportServer implements AsyncDisposable {
  readonly received: unknown[] = []
  readonly #server = createHttpServer((request, response) => {
    if (request.method === 'GET') {
      const isTools = request.url === '/boot/tinyvm/tools'
      response.writeHead(isTools ? 200 : 404)
      response.end(isTools ? readFileSync(join(places.tinyvm, 'tools')) : '')
      return
    }
    let body = ''
    request.on('data', (part) => (body += String(part)))
    request.on('end', () => {
      this.received.push(JSON.parse(body))
      const path = `${request.method} ${request.url} ${request.headers['content-type']}`
      const right = path === 'POST /api/report application/json' && this.received.length > 1
      response.writeHead(right ? 204 : 503).end()
    })
  })

  static async open(): Promise<ReportServer> {
    const server = new ReportServer()
    await once(server.#server.listen(0, '127.0.0.1'), 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
