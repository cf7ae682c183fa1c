/** Requests as real firmware sent them, octet for octet, each over a connection of its own. */
import { readFileSync } from 'node:fs'
import { type AddressInfo, type Socket, connect } from 'node:net'
import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ServiceEvent } from '../../../src/core/events.ts'
import type { Catalog } from '../../../src/boot/menu/catalog.ts'
import { MachineTable } from '../../../src/boot/machine-table.ts'
import { type FileTree, memoryFile, overlay } from '../../../src/io/files/file-tree.ts'
import { generatedTree } from '../../../src/server/boot/boot-tree.ts'
import { EventHub } from '../../../src/server/event-hub.ts'
import { buildHttpServer } from '../../../src/server/http/http-server.ts'
import { hex } from '../../support/hex.ts'

const catalog: Catalog = {
  title: 'Lab',
  timeout: 5,
  default: 'disk',
  entries: [{ type: 'disk', name: 'disk', title: 'Local disk' }],
}

/** A loader or kernel of 100 000 octets under whatever name. */
const loaders: FileTree = {
  open: (path) =>
    Promise.resolve(
      /(\.efi|\.c32|vmlinuz)$/.test(path) ? memoryFile(new Uint8Array(100_000), 'tag') : undefined,
    ),
  list: () => Promise.resolve([]),
}

let server: FastifyInstance
let socket: Socket
let received: Buffer
let events: ServiceEvent[]

beforeEach(async () => {
  events = []
  const hub = new EventHub(
    () => 1000,
    () => {},
  )
  hub.subscribe((event) => void events.push(event))
  const { emit } = hub
  const unknown = { macOf: () => undefined, firmwareOf: () => undefined }
  const options = { catalog, hosts: new Map(), loaders: new Set<string>(), httpPort: 80 }
  const tree = overlay([generatedTree({ ...options, ...unknown, emit }), loaders])
  server = buildHttpServer({
    tree,
    catalog,
    hub,
    macOf: () => undefined,
    clock: () => 1000,
    leases: () => [],
    mirrors: () => [],
    serving: () => [],
    isReady: () => true,
    machines: new MachineTable({ nameOf: () => undefined }),
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1')
  received = Buffer.alloc(0)
  socket.on('data', (octets) => (received = Buffer.concat([received, octets])))
  await once(socket, 'connect')
})

afterEach(async () => {
  socket.destroy()
  await server.close()
})

/** Sends a captured request; resolves with the answer's header, in lower case, once it is there. */
async function ask(name: string): Promise<string> {
  return (await askVerbatim(name)).toLowerCase()
}

async function askVerbatim(name: string): Promise<string> {
  const file = new URL(`../../fixtures/http/${name}.hex`, import.meta.url)
  received = Buffer.alloc(0)
  socket.write(hex(readFileSync(file, 'utf8')))
  await expect.poll(() => received.includes('\r\n\r\n')).toBe(true)
  return received.subarray(0, received.indexOf('\r\n\r\n')).toString('latin1')
}

function bodySize(): number {
  return received.length - received.indexOf('\r\n\r\n') - 4
}

test('UEFI HTTP boot asks for the size, then for the file, on one connection', async () => {
  const head = await ask('edk2-head')
  expect(head).toMatch(/^http\/1\.1 200 /)
  expect(head).toContain('\r\ncontent-length: 100000')
  expect(head).toContain('\r\ncontent-type: application/efi')
  expect(bodySize()).toBe(0)
  const get = await ask('edk2-get')
  expect(get).toContain('\r\ncontent-length: 100000')
  expect(get).not.toContain('transfer-encoding')
  await expect.poll(bodySize).toBe(100_000)
})

test('lpxelinux speaks HTTP/1.0, brings a long cookie, and has the file at the end', async () => {
  const header = await ask('lpxelinux-module')
  expect(header).toMatch(/^http\/1\.[01] 200 /)
  expect(header).toContain('\r\ncontent-length: 100000')
  expect(header).not.toContain('transfer-encoding')
  await expect.poll(() => socket.readableEnded).toBe(true)
  expect(bodySize()).toBe(100_000)
})

test('GRUB finds the length only by its name in capitals', async () => {
  const header = await askVerbatim('grub-kernel')
  expect(header).toContain('\r\nContent-Length: 100000')
  expect(header).not.toMatch(/transfer-encoding/i)
  await expect.poll(bodySize).toBe(100_000)
})

test('iPXE gets the menu of the machine in its query, and the connection stays', async () => {
  const header = await ask('ipxe-menu')
  expect(header).toMatch(/^http\/1\.1 200 /)
  expect(header).toMatch(/\r\ncontent-length: \d+/)
  await expect.poll(() => received.toString('latin1')).toContain('#!ipxe')
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'menu.served', mac: '52:54:00:b0:07:01' }),
  )
  await ask('ipxe-menu')
  expect(socket.readyState).toBe('open')
})

test('TinyVM reports that it is up', async () => {
  expect(await ask('tinyvm-report')).toMatch(/^http\/1\.1 20[04] /)
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'machine.up', mac: '52:54:00:b0:07:01', entry: 'tinyvm' }),
  )
})
