import { once } from 'node:events'
import { get } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseMac } from '../../../src/core/address.ts'
import type { ServiceEvent } from '../../../src/core/events.ts'
import type { Catalog } from '../../../src/boot/menu/catalog.ts'
import { MachineTable } from '../../../src/boot/machine-table.ts'
import { type FileTree, memoryFile, overlay } from '../../../src/io/files/file-tree.ts'
import { treePath } from '../../../src/boot/tree-path.ts'
import { generatedTree } from '../../../src/server/boot/boot-tree.ts'
import { EventHub } from '../../../src/server/event-hub.ts'
import type { HttpServerOptions } from '../../../src/server/http/http-options.ts'
import { buildHttpServer, singleSlashes } from '../../../src/server/http/http-server.ts'

const mac = parseMac('52:54:00:12:34:56')!
const catalog: Catalog = {
  title: 'Lab <menu>',
  timeout: 5,
  default: 'disk',
  entries: [
    {
      type: 'linux',
      name: 'tinyvm',
      title: 'Tiny & VM',
      arch: ['x64', 'ia32'],
      kernel: 'boot/k',
      initrd: [],
      args: '',
      key: 't',
    },
    {
      type: 'group',
      name: 'tools',
      title: 'Tools',
      lock: { crypt: '$6$secret' },
      entries: [{ type: 'memtest', name: 'memtest', title: 'Secret tool' }],
    },
    { type: 'disk', name: 'disk', title: 'Local disk' },
  ],
}

function folder(files: Record<string, string>): FileTree {
  return {
    open: (path) => {
      const text = files[treePath(path)?.join('/') ?? '']
      return Promise.resolve(
        text === undefined ? undefined : memoryFile(new TextEncoder().encode(text), 'tag'),
      )
    },
    list: () => Promise.resolve(Object.keys(files)),
  }
}

function macOf(ip: string) {
  return ['127.0.0.1', '192.168.50.100'].includes(ip) ? mac : undefined
}

async function listen(): Promise<string> {
  return server.listen({ host: '127.0.0.1', port: 0 })
}

function post(payload: string, type = 'application/json') {
  const headers = { 'content-type': type }
  return server.inject({ method: 'POST', url: '/api/report', payload, headers })
}

let events: ServiceEvent[] = []
let hub: EventHub
let machines: MachineTable
let server: FastifyInstance

function build(own: Partial<HttpServerOptions> = {}): void {
  events = []
  hub = new EventHub(
    () => 1000,
    () => {},
  )
  machines = new MachineTable({ nameOf: () => 'web-<01>' })
  hub.subscribe((event) => void events.push(event))
  hub.subscribe((event) => machines.observe(event))
  const generated = generatedTree({
    catalog,
    hosts: new Map(),
    loaders: new Set(),
    httpPort: 80,
    macOf,
    firmwareOf: (seen) => machines.byMac(seen)?.firmware,
    emit: hub.emit,
  })
  server = buildHttpServer({
    tree: overlay([
      generated,
      folder({ 'boot/tinyvm/vmlinuz': 'kernel', 'snponly.efi': 'loader' }),
    ]),
    userFiles: folder({ 'rescue/initrd': 'mine' }),
    catalog,
    machines,
    hub,
    macOf,
    leases: () => [{ ip: '192.168.50.100', mac, hostName: '<b>', expires: 5000 }],
    mirrors: () => [
      {
        name: 'autodeploy',
        origin: 'https://vcsa:6501',
        hits: 3,
        joins: 1,
        fills: 1,
        passes: 9,
        originBytes: 1_000_000,
        servedBytes: 5_000_000,
        sparedMs: 2500,
      },
    ],
    serving: () => ['TFTP on 192.168.50.1:69'],
    isReady: () => true,
    clock: () => 1000,
    ...own,
  })
}

beforeEach(() => build())
afterEach(() => server.close())

const fromMachine = { remoteAddress: '192.168.50.100', headers: { host: '192.168.50.1' } }

describe('boot files', () => {
  test.for([
    { url: '/boot/tinyvm/vmlinuz', body: 'kernel', type: 'application/octet-stream' },
    { url: '//boot//tinyvm///vmlinuz', body: 'kernel', type: 'application/octet-stream' },
    { url: '/boot/tinyvm/vmlin%75z?x=1', body: 'kernel', type: 'application/octet-stream' },
    { url: '/snponly.efi', body: 'loader', type: 'application/efi' },
    { url: '/files/rescue/initrd', body: 'mine', type: 'application/octet-stream' },
  ])('GET and HEAD $url', async ({ url, body, type }) => {
    const whole = await server.inject({ url })
    expect([whole.statusCode, whole.body]).toEqual([200, body])
    const head = await server.inject({ method: 'HEAD', url })
    expect([head.statusCode, head.body]).toEqual([200, ''])
    for (const { headers } of [whole, head]) {
      expect(headers).toMatchObject({ 'content-length': String(body.length), 'content-type': type })
      expect(headers['content-encoding']).toBeUndefined()
    }
  })

  test('what a machine loaded is told with its address, program and amount', async () => {
    const url = await listen()
    const headers = { 'user-agent': 'iPXE/1.21.1', range: 'bytes=1-3' }
    await (await fetch(`${url}/boot/tinyvm/vmlinuz?secret=1`, { headers })).text()
    await expect.poll(() => events.length).toBe(1)
    expect(events).toEqual([
      {
        type: 'http.done',
        at: 1000,
        mac,
        ip: '127.0.0.1',
        file: 'boot/tinyvm/vmlinuz',
        method: 'GET',
        agent: 'iPXE/1.21.1',
        status: 206,
        bytes: 3,
        ms: 0,
      },
    ])
  })

  test('a file that is not there is named with the nearest one that is', async () => {
    const answer = await server.inject({ ...fromMachine, url: '/boot/tinyvm/vmlinux' })
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['content-type']).toContain('text/plain')
    expect(answer.body).toBe('no such file: boot/tinyvm/vmlinux\nnearest: boot/tinyvm/vmlinuz\n')
    expect(answer.headers['content-length']).toBe(String(answer.body.length))
    expect(events).toMatchObject([{ type: 'http.missing', mac, nearest: 'boot/tinyvm/vmlinuz' }])
  })

  test('many misses at once look through each folder once', async () => {
    await server.close()
    let listed = 0
    const slow: FileTree = {
      open: () => Promise.resolve(undefined),
      list: async () => {
        listed += 1
        await new Promise((resolve) => setImmediate(resolve))
        return []
      },
    }
    build({ tree: slow, userFiles: { ...slow } })
    const paths = ['/a', '/files/b', '/c', '/files/d', '/e', '/files/f']
    await Promise.all(paths.map((path) => server.inject(path)))
    expect(listed).toBe(2)
  })

  test('what loaders try on every boot is a miss without news', async () => {
    const urls = ['/pxelinux.cfg/C0A83264', '/revocations_sku.efi', '/sb//revocations_sbat.efi']
    for (const url of urls) expect((await server.inject(url)).statusCode).toBe(404)
    expect(events).toEqual([])
  })

  test.for(['/../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/files/..%2f..%2fetc/passwd', '/%00'])(
    '%s leads nowhere',
    async (url) => {
      const answer = await server.inject(url)
      expect(answer.statusCode).toBeGreaterThanOrEqual(400)
      expect(answer.body).not.toContain('root:')
    },
  )

  test('a URL that is not one is refused without an echo', async () => {
    const answer = await server.inject('/%ff%zz')
    expect([answer.statusCode, answer.body]).toEqual([400, 'the request cannot be understood\n'])
  })

  test('other methods are answered, too', async () => {
    const answer = await server.inject({ method: 'DELETE', url: '/boot/tinyvm/vmlinuz' })
    expect(answer.statusCode).toBe(404)
  })

  test('what goes wrong inside is for the log, not for the client', async () => {
    build({
      tree: {
        open: () => Promise.reject(new Error('EIO /secret/path')),
        list: () => Promise.resolve([]),
      },
    })
    const answer = await server.inject('/x')
    expect([answer.statusCode, answer.body]).toEqual([500, 'internal error\n'])
    expect(events).toMatchObject([{ type: 'service.hint', reason: 'http: EIO /secret/path' }])
  })
})

describe('menus', () => {
  test('of what asks for a password neither the API nor the page tells what it is', async () => {
    for (const url of ['/api/images', '/']) {
      const { body } = await server.inject(url)
      expect(body).toContain('Tools')
      expect(body).not.toMatch(/secret/i)
    }
  })

  test('the menu is for the machine in the query, on the server that it asked', async () => {
    const answer = await server.inject({
      url: '/menu.ipxe?mac=52:54:00:00:00:09',
      headers: { host: 'boot.lab.example:80' },
    })
    expect(answer.body).toContain('kernel http://boot.lab.example/boot/k')
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-cache' })
    await expect
      .poll(() => events)
      .toMatchObject([
        { type: 'menu.served', mac: '52:54:00:00:00:09', entry: 'menu' },
        { mac: '52:54:00:00:00:09', file: 'menu.ipxe', status: 200 },
      ])
  })

  test.for([
    { host: 'boot.lab.example:8080', url: 'http://boot.lab.example:8080' },
    { host: 'boot.lab.example', url: 'http://boot.lab.example' },
    { host: '[fd77::1]:8080', url: 'http://[fd77::1]:8080' },
    { host: 'boot.lab.example:123456', url: 'http://127.0.0.1' },
  ])('asked as $host, it names $url: a container’s port may be another', async ({ host, url }) => {
    const headers = { host }
    const answer = await server.inject({ url: '/menu.ipxe?mac=52:54:00:00:00:09', headers })
    expect(answer.body).toContain(`kernel ${url}/boot/k`)
  })

  test('what the loader says of its processor goes into the menu', async () => {
    const url = '/menu.ipxe?mac=52:54:00:00:00:09&arch='
    const headers = { host: '192.168.50.1' }
    expect((await server.inject({ url: `${url}x86_64-efi`, headers })).body).toContain('/boot/k')
    expect((await server.inject({ url: `${url}arm64-efi`, headers })).body).not.toContain('/boot/k')
    expect((await server.inject({ url: `${url}what`, headers })).body).toContain('/boot/k')
  })

  test('a Host that is no name is not repeated in a script', async () => {
    const headers = { host: 'x y${shell}' }
    const answer = await server.inject({ ...fromMachine, url: '/menu.ipxe', headers })
    expect(answer.body).not.toContain('${shell}')
  })

  test.for([
    ['[fd77::1]', 'http://[fd77::1]/'],
    ['[fd77::1]:8080', 'http://[fd77::1]:8080/'],
    ['[fe80::1%25net0]', 'http://[fe80::1]/'],
    ['[fe80::1%net0]:80', 'http://[fe80::1]/'],
  ] as const)('over IPv6, a client that asked %s is sent to %s', async ([host, url]) => {
    const answer = await server.inject({ ...fromMachine, url: '/menu.ipxe', headers: { host } })
    expect(answer.body).toContain(`kernel ${url}boot/k `)
  })

  test('an IPv4 client of a socket for both families has its IPv4 address', async () => {
    await server.inject({ url: '/menu.ipxe', remoteAddress: '::ffff:192.168.50.100' })
    expect(events).toContainEqual(expect.objectContaining({ ip: '192.168.50.100' }))
  })

  test('lpxelinux gets its menu, with doubled slashes', async () => {
    const answer = await server.inject({
      ...fromMachine,
      url: '//pxelinux.cfg//01-52-54-00-12-34-56',
    })
    expect(answer.body).toContain('UI menu.c32')
    expect(answer.headers['content-type']).toContain('text/plain')
  })
})

describe('a machine reports that it is up', () => {
  const good = {
    mac: '52-54-00-12-34-56',
    system: 'tinyvm',
    version: '0.1',
    kernel: '6.1.0',
    addresses: ['192.168.50.100'],
    uptime: 3.2,
  }

  test.for(['application/json', 'application/x-www-form-urlencoded', 'text/plain'])(
    'as %s',
    async (type) => {
      const answer = await post(JSON.stringify(good), type)
      expect([answer.statusCode, answer.body]).toEqual([200, 'ok\n'])
      expect(events).toEqual([
        {
          type: 'machine.up',
          at: 1000,
          mac,
          ip: '127.0.0.1',
          entry: 'tinyvm',
          detail: 'tinyvm 0.1, kernel 6.1.0, 192.168.50.100, 3.2 s after its start',
        },
      ])
    },
  )

  test('nobody can claim the address of another machine', async () => {
    const victim = parseMac('52:54:00:99:99:99')!
    hub.emit({ type: 'proxy.ack', mac: victim, ip: '192.168.50.77' })
    await post(JSON.stringify({ ...good, addresses: ['192.168.50.77'] }))
    expect(machines.byIp('192.168.50.77')?.mac).toBe(victim)
  })

  test.for([
    { name: 'no JSON', payload: '{', told: 'the body' },
    { name: 'no object', payload: '[]', told: 'the body' },
    { name: 'no MAC', payload: JSON.stringify({ ...good, mac: 'x' }), told: 'mac' },
    { name: 'two lines', payload: JSON.stringify({ ...good, system: 'a\nb' }), told: 'system' },
    { name: 'odd time', payload: JSON.stringify({ ...good, uptime: -1 }), told: 'uptime' },
    {
      name: 'too many',
      payload: JSON.stringify({ ...good, addresses: Array(17).fill('a') }),
      told: 'addresses',
    },
  ])('$name is refused', async ({ payload, told }) => {
    const answer = await post(payload)
    expect(answer.statusCode).toBe(400)
    expect(answer.body).toContain(told)
    expect(events).toEqual([])
  })

  test('a flood is cut off', async () => {
    expect((await post(JSON.stringify({ ...good, pad: 'x'.repeat(9000) }))).statusCode).toBe(413)
  })
})

describe('the API', () => {
  beforeEach(() => {
    hub.emit({ type: 'dhcp.ack', mac, ip: '192.168.50.100', stage: 'firmware', firmware: 'bios' })
    hub.emit({
      type: 'tftp.done',
      ip: '192.168.50.100',
      file: 'lpxelinux.0',
      bytes: 90_000,
      ms: 40,
    })
  })

  test('machines and their last step', async () => {
    const { machines: list } = (await server.inject('/api/machines')).json()
    expect(list).toMatchObject([
      {
        mac,
        ip: '192.168.50.100',
        boots: 1,
        last: { text: 'loaded lpxelinux.0 (90 kB in 40 ms) by TFTP' },
      },
    ])
  })

  test('boots, of all or of one', async () => {
    const all = (await server.inject('/api/boots')).json()
    expect(all.machines[0].boots[0]).toMatchObject({
      begun: 1000,
      isUp: false,
      steps: [{ text: 'got the address 192.168.50.100' }, { type: 'tftp.done' }],
    })
    expect((await server.inject(`/api/boots?mac=${mac}`)).json()).toEqual(all)
    expect((await server.inject('/api/boots?mac=52:54:00:00:00:09')).json()).toEqual({
      machines: [],
    })
    expect((await server.inject('/api/boots?mac=x')).json()).toEqual({ machines: [] })
  })

  test.for([
    { url: '/api/leases', told: { leases: [{ ip: '192.168.50.100', expires: 5000 }] } },
    {
      url: '/api/images',
      told: { entries: [{ name: 'tinyvm' }, { name: 'tools', isLocked: true }, { name: 'disk' }] },
    },
    { url: '/api/mirrors', told: { mirrors: [{ name: 'autodeploy', hits: 3 }] } },
  ])('$url', async ({ url, told }) => {
    const answer = await server.inject(url)
    expect(answer.json()).toMatchObject(told)
    expect((await server.inject({ method: 'HEAD', url })).headers['content-length']).toBe(
      answer.headers['content-length'],
    )
  })

  test('health, and readiness that says no', async () => {
    expect((await server.inject('/healthz')).body).toBe('ok\n')
    expect((await server.inject('/readyz')).statusCode).toBe(200)
    build({ isReady: () => false })
    expect((await server.inject('/readyz')).statusCode).toBe(503)
  })
})

describe('the page', () => {
  test('stays small however many machines there are, and says how many it leaves out', async () => {
    const macs = Array.from({ length: 1000 }, (_, index) =>
      parseMac(`02000000${index.toString(16).padStart(4, '0')}`),
    )
    for (const one of macs) {
      for (let step = 0; step < 60; step++) {
        hub.emit({ type: 'http.done', mac: one, file: 'boot/tinyvm/vmlinuz', bytes: 8_000_000 })
      }
    }
    const { body } = await server.inject('/')
    expect(body.length).toBeLessThan(500_000)
    expect(body).toContain('02:00:00:00:03:e7')
    expect(body).toContain('800 more, seen earlier')
  })

  test('shows what is served, in plain words, with everything escaped', async () => {
    hub.emit({ type: 'dhcp.ack', mac, ip: '192.168.50.100', firmware: 'bios' })
    hub.emit({ type: 'http.missing', mac, file: '<script>alert(1)</script>' })
    const { body, headers } = await server.inject('/')
    for (const text of [
      'TFTP on 192.168.50.1:69',
      'web-&#60;01&#62;',
      'got the address 192.168.50.100',
      '&#60;script&#62;alert(1)',
      '&#60;b&#62;',
      'Tiny &#38; VM on x64, ia32',
      'Local disk (default)',
      '5.0 MB served, 1.0 MB fetched: <b>4.0 MB saved (80 %)</b>',
      "and 2.5 s of the origin's time; 4 of 5 payload requests",
      'Lab &#60;menu&#62;',
    ]) {
      expect(body).toContain(text)
    }
    expect(body).not.toContain('<script>alert')
    expect(body).toMatch(/<span class="trouble">.*which is not there/)
    expect(headers['content-security-policy']).toMatch(/script-src 'sha256-/)
    expect(headers['content-length']).toBe(String(Buffer.byteLength(body)))
  })
})

describe('/events', () => {
  test('tells every event as it happens, and ends with the service', async () => {
    const url = await listen()
    const answer = await new Promise<NodeJS.ReadableStream>((resolve) => {
      get(`${url}/events`, resolve)
    })
    let text = ''
    answer.setEncoding('utf8').on('data', (part: string) => (text += part))
    await expect.poll(() => text).toContain('retry')
    hub.emit({ type: 'machine.up', mac })
    await expect
      .poll(() => text)
      .toContain(`data: ${JSON.stringify({ type: 'machine.up', mac, at: 1000 })}\n\n`)
    await Promise.all([once(answer, 'end'), server.close()])
  })

  test('HEAD ends at once', async () => {
    const answer = await server.inject({ method: 'HEAD', url: '/events' })
    expect(answer.headers['content-type']).toBe('text/event-stream')
  })
})

test.for([
  ['//t13//grubx64.efi', '/t13/grubx64.efi'],
  ['/a?b=c//d?e', '/a?b=c//d?e'],
  ['//vmw/cache//x', '/vmw/cache//x'],
  ['/', '/'],
  ['http://192.168.50.1//boot//x?a=//', '/boot/x?a=//'],
  ['http://192.168.50.1:80/vmw/cache//x', '/vmw/cache//x'],
  ['http://192.168.50.1', '/'],
])('%s is read as %s', ([url = '', read]) => {
  expect(singleSlashes(url)).toBe(read)
})
