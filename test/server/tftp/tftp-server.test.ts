import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { parseMac } from '../../../src/core/address.ts'
import { SystemError } from '../../../src/core/errors.ts'
import type { ServiceEvent } from '../../../src/core/events.ts'
import { diskTree } from '../../../src/io/files/disk-tree.ts'
import { type FileTree, memoryFile } from '../../../src/io/files/file-tree.ts'
import { TftpServer, type TftpServerOptions } from '../../../src/server/tftp/tftp-server.ts'
import type { TftpPacket } from '../../../src/wire/tftp/tftp-packet.ts'
import { hex } from '../../support/hex.ts'
import { TftpPeer } from '../../support/tftp-peer.ts'

const mac = parseMac('52:54:00:12:34:56')!
type Emitted = Omit<ServiceEvent, 'at'>

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'bootlace-tftp-'))
  mkdirSync(join(root, 'dir'))
  mkdirSync(join(root, 'pxelinux.cfg'))
  writeFileSync(join(root, 'pxelinux.cfg/default'), 'menu')
  writeFileSync(join(root, 'small'), pattern(100))
  writeFileSync(join(root, 'zero'), '')
  writeFileSync(join(root, 'exact'), pattern(2048))
  writeFileSync(join(root, 'f1'), pattern(5000))
  writeFileSync(join(root, 'big64k'), pattern(65536))
  writeFileSync(join(root, 'text'), 'one\ntwo\rthree\r\n')
  writeFileSync(join(root, 'dir/inner'), 'inner')
  writeFileSync(join(root, 'a name with ü'), 'name')
})
afterAll(() => rmSync(root, { recursive: true }))

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 255)
}

/** The real clock, and what a test adds to it: silence without waiting. */
let skipped = 0
let events: Emitted[] = []
let server: TftpServer
let port: number
let peer: TftpPeer
const peers: TftpPeer[] = []
const servers: TftpServer[] = []

async function serve(options: Partial<TftpServerOptions> = {}): Promise<TftpServer> {
  const started = new TftpServer({
    addresses: () => ['127.0.0.1'],
    port: 0,
    tree: diskTree(root),
    macOf: (ip) => (ip === '127.0.0.1' ? mac : undefined),
    emit: (emitted) => events.push(emitted),
    clock: () => Date.now() + skipped,
    ...options,
  })
  await started.start()
  servers.push(started)
  return started
}

async function client(): Promise<TftpPeer> {
  const opened = await TftpPeer.open()
  peers.push(opened)
  return opened
}

beforeEach(async () => {
  skipped = 0
  events = []
  server = await serve()
  port = server.endpoints[0]!.port
  peer = await client()
})
afterEach(async () => {
  for (const opened of peers.splice(0)) opened.close()
  await Promise.all(servers.splice(0).map((started) => started.stop()))
})

/** Waits for an event of this type. */
async function event(type: string): Promise<Emitted> {
  for (;;) {
    const found = events.find((emitted) => emitted.type === type)
    if (found !== undefined) return found
    await turn()
  }
}

/**
 * Nothing has come although the server has heard everything sent before: it answers a request that
 * is sent now, and loopback keeps the order.
 */
async function silence(of = peer, at = port): Promise<void> {
  const other = await client()
  other.read('no such file', at)
  await other.next()
  await turn()
  expect(of.pending).toEqual([])
}

function granted(packet: TftpPacket): Record<string, string> {
  return packet.type === 'optionAcknowledgement' ? Object.fromEntries(packet.options) : {}
}

function wire(packet: TftpPacket): string {
  if (packet.type === 'data') return `data ${packet.block} (${packet.octets.length})`
  if (packet.type === 'error') return `error ${packet.code} ${packet.message}`
  return packet.type
}

test.for([
  { file: 'small', length: 100 },
  { file: 'zero', length: 0 },
  { file: 'exact', length: 2048 },
  { file: 'exact', length: 2048, options: { blksize: '1024' } },
  { file: 'f1', length: 5000, options: { blksize: '8' } },
  { file: 'f1', length: 5000, options: { blksize: '1432' } },
  { file: 'f1', length: 5000, options: { blksize: '1468', windowsize: '4' } },
  { file: 'big64k', length: 65536 },
  { file: 'big64k', length: 65536, options: { blksize: '8192' } },
  { file: 'big64k', length: 65536, options: { blksize: '65464' } },
  { file: 'big64k', length: 65536, options: { windowsize: '16' } },
  { file: 'small', length: 100, options: { unknown: '1' } },
  { file: 'small', length: 100, options: { tsize: '0', unknown: '1' } },
] as { file: string; length: number; options?: Record<string, string> }[])(
  '$file arrives whole with $options',
  async ({ file, length, options }) => {
    const octets = await peer.fetch(file, port, options)
    expect(Buffer.from(octets).equals(Buffer.from(pattern(length)))).toBe(true)
    expect(await event('tftp.done')).toMatchObject({
      ip: '127.0.0.1',
      mac,
      file,
      bytes: length,
      ms: expect.any(Number) as number,
    })
  },
)

test.for([
  ['/small', 100],
  ['//small', 100],
  ['./small', 100],
  ['dir/../small', 100],
  ['SMALL', 100],
  ['dir/inner', 5],
  ['dir//inner', 5],
  ['dir\\inner', 5],
  ['\\dir\\inner', 5],
  ['a name with ü', 4],
])('the path %s is served', async ([path, length]) => {
  expect(await peer.fetch(path as string, port)).toHaveLength(length as number)
})

test.for([
  ['missing', 'error 1 file not found'],
  ['', 'error 1 file not found'],
  ['dir', 'error 1 file not found'],
  ['dir/', 'error 1 file not found'],
  ['/etc/passwd', 'error 1 file not found'],
  ['%2e%2e/secret', 'error 1 file not found'],
  ['....//secret', 'error 1 file not found'],
  ['file:///etc/passwd', 'error 1 file not found'],
  ['x'.repeat(255), 'error 1 file not found'],
  ['x/'.repeat(200), 'error 1 file not found'],
  ['small ', 'error 1 file not found'],
  ['small\n', 'error 1 file not found'],
  ['../secret', 'error 2 path not allowed'],
  ['/../secret', 'error 2 path not allowed'],
  ['dir/../../secret', 'error 2 path not allowed'],
  ['..\\secret', 'error 2 path not allowed'],
  ['\\..\\secret', 'error 2 path not allowed'],
])('the path %j is answered by %s, without a path of ours', async ([path, answer]) => {
  peer.read(path!, port, { tsize: '0' })
  expect(wire((await peer.next()).packet)).toBe(answer)
})

test('a NUL inside the name makes what follows the mode, which is unknown', async () => {
  peer.send(hex('0001 736d616c6c 00 2e747874 00 6f63746574 00'), port)
  expect(wire((await peer.next()).packet)).toBe('error 4 unknown transfer mode')
})

test('the 0xff after a name is taken off', async () => {
  peer.send(hex('0001 736d616c6c ffff 00 6f63746574 00'), port)
  expect(wire((await peer.next()).packet)).toBe('data 1 (100)')
})

test.for(['mail', 'garbage', ''])('mode %j is refused', async (mode) => {
  peer.read('small', port, {}, mode)
  expect(wire((await peer.next()).packet)).toBe('error 4 unknown transfer mode')
  expect(await event('tftp.refused')).toMatchObject({ file: 'small', ip: '127.0.0.1', mac })
})

test('mode OcTeT is octet', async () => {
  expect(await peer.fetch('small', port, {}, 'OcTeT')).toHaveLength(100)
})

test('netascii converts line ends and leaves tsize unanswered', async () => {
  const octets = await peer.fetch('text', port, { tsize: '0' }, 'netascii')
  expect(Buffer.from(octets).toString()).toBe('one\r\ntwo\r\0three\r\0\r\n')
})

test('a file too large for text mode is an error, not a wrong file', async () => {
  const large = await serve({ tree: treeOf({ size: 5 * 1024 * 1024 }) })
  peer.read('file', large.endpoints[0]!.port, {}, 'netascii')
  expect(wire((await peer.next()).packet)).toBe('error 0 the file cannot be read')
})

test('few files are converted at the same time, however many are asked for', async () => {
  const others = await Promise.all(Array.from({ length: 16 }, () => client()))
  let from = 0
  for (const other of others) {
    other.read('text', port, {}, 'netascii')
    from = (await other.next()).port
  }
  peer.read('text', port, {}, 'netascii')
  await silence()
  expect(server.transfers).toBe(16)
  others.at(-1)!.acknowledge(1, from)
  await event('tftp.done')
  expect(await peer.fetch('text', port, {}, 'netascii')).toHaveLength(19)
})

test('tsize above 4 GiB is right', async () => {
  const huge = await serve({ tree: treeOf({ size: 4_400_000_000 }) })
  peer.read('file', huge.endpoints[0]!.port, { tsize: '0' })
  expect(granted((await peer.next()).packet)).toEqual({ tsize: '4400000000' })
})

test.for(['new file', 'small'])('writing %s is refused', async (file) => {
  peer.send({ type: 'writeRequest', file, mode: 'octet', options: new Map() }, port)
  expect(wire((await peer.next()).packet)).toBe('error 2 this server is read-only')
  expect(await event('tftp.refused')).toMatchObject({ file, reason: 'this server is read-only' })
})

test('a missing file names the nearest one in the log', async () => {
  peer.read('dir/iner', port)
  await peer.next()
  expect(await event('tftp.missing')).toMatchObject({
    file: 'dir/iner',
    nearest: 'dir/inner',
    mac,
    ip: '127.0.0.1',
  })
})

test('a miss of a name that pxelinux only tries is not guessed at', async () => {
  peer.read('pxelinux.cfg/C0A80001', port)
  await peer.next()
  expect((await event('tftp.missing')).nearest).toBeUndefined()
})

test('the answer comes from a port of its own, and from the address asked', async () => {
  peer.read('small', port)
  expect((await peer.next()).port).not.toBe(port)
})

test("EDK2's probe: size, ERROR 8, and the real request from a new port", async () => {
  const options = { tsize: '0', blksize: '1468', windowsize: '4' }
  peer.read('f1', port, options)
  const { packet, port: from } = await peer.next()
  expect(granted(packet)).toEqual({ tsize: '5000', blksize: '1468', windowsize: '4' })
  peer.send({ type: 'error', code: 8, message: 'User aborted the transfer' }, from)
  expect(await event('tftp.probe')).toMatchObject({ file: 'f1', agent: 'EDK2' })
  const second = await client()
  expect(await second.fetch('f1', port, { blksize: '1468', windowsize: '4' })).toHaveLength(5000)
  expect(events.filter(({ type }) => type === 'tftp.abort')).toEqual([])
})

test('a client that leaves in the middle is an abort with its words', async () => {
  peer.read('f1', port)
  const { port: from } = await peer.next()
  peer.send({ type: 'error', code: 3, message: 'disk full' }, from)
  expect((await event('tftp.abort')).reason).toBe('the client sent error 3: disk full')
  await silence()
})

test('a window arrives in one go', async () => {
  peer.read('f1', port, { windowsize: '4' })
  const { port: from } = await peer.next()
  peer.acknowledge(0, from)
  const window = [await peer.next(), await peer.next(), await peer.next(), await peer.next()]
  expect(window.map(({ packet }) => wire(packet))).toEqual([
    'data 1 (512)',
    'data 2 (512)',
    'data 3 (512)',
    'data 4 (512)',
  ])
  await silence()
})

test('three equal acknowledgements bring one next block', async () => {
  peer.read('f1', port)
  const { port: from } = await peer.next()
  for (let times = 0; times < 3; times++) peer.acknowledge(1, from)
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
  await silence()
})

test('an ACK of three octets, of a block never sent, and of an old block do nothing', async () => {
  peer.read('f1', port)
  const { port: from } = await peer.next()
  peer.send(hex('0004 00'), from)
  peer.acknowledge(7, from)
  peer.acknowledge(65535, from)
  await silence()
  expect(await event('tftp.malformed')).toMatchObject({ ip: '127.0.0.1' })
  peer.acknowledge(1, from)
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
})

test('an acknowledgement with trailing octets counts', async () => {
  peer.read('f1', port)
  const { port: from } = await peer.next()
  peer.send(hex('0004 0001 ffff'), from)
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
})

test('silence repeats the block soon, once a round trip was measured', async () => {
  peer.read('f1', port)
  const { port: from } = await peer.next()
  peer.acknowledge(1, from)
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
})

test('silence repeats the block soon, also when the clock is set back', async () => {
  peer.read('f1', port)
  const { port: from } = await peer.next()
  peer.acknowledge(1, from)
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
  skipped -= 3_600_000
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
})

test('a stranger is told so and the transfer goes on', async () => {
  peer.read('f1', port)
  const { port: from } = await peer.next()
  const stranger = await client()
  stranger.send({ type: 'error', code: 0, message: 'go away' }, from)
  stranger.acknowledge(1, from)
  expect(wire((await stranger.next()).packet)).toBe('error 5 unknown transfer id')
  peer.acknowledge(1, from)
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
})

test('a request repeated from one port makes no second transfer', async () => {
  peer.read('f1', port)
  peer.read('f1', port)
  const { port: from } = await peer.next()
  peer.read('f1', port)
  await silence()
  expect(server.transfers).toBe(1)
  peer.acknowledge(1, from)
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
})

test('a request repeated after a silence starts again', async () => {
  peer.read('f1', port)
  const first = await peer.next()
  peer.acknowledge(1, first.port)
  await peer.next()
  skipped += 5000
  peer.read('f1', port)
  for (;;) {
    const { packet, port: from } = await peer.next()
    if (from === first.port) continue // a repetition of the first transfer's second block
    expect(wire(packet)).toBe('data 1 (512)')
    break
  }
  expect(server.transfers).toBe(1)
})

test('another file from the same port takes the place of the last one', async () => {
  peer.read('f1', port)
  const first = await peer.next()
  peer.read('small', port)
  const second = await peer.next()
  expect(wire(second.packet)).toBe('data 1 (100)')
  expect(second.port).not.toBe(first.port)
  expect((await event('tftp.abort')).reason).toBe('the client asked anew')
})

test('a request that was given up while its file was looked for leaves the next one alone', async () => {
  const looking = Promise.withResolvers<undefined>()
  const slow = await serve({
    tree: {
      open: (path, who) => (path === 'slow' ? looking.promise : diskTree(root).open(path, who)),
      list: () => Promise.resolve([]),
    },
  })
  const at = slow.endpoints[0]!.port
  peer.read('slow', at)
  peer.read('f1', at)
  const { packet, port: from } = await peer.next()
  expect(wire(packet)).toBe('data 1 (512)')
  looking.resolve(undefined)
  await turn()
  expect(slow.transfers).toBe(1)
  peer.acknowledge(1, from)
  expect(wire((await peer.next()).packet)).toBe('data 2 (512)')
  expect(events.map(({ type }) => type)).not.toContain('tftp.missing')
})

test('one port may fetch file after file, each from another port of ours', async () => {
  const ports = new Set<number>()
  for (let times = 0; times < 3; times++) {
    peer.read('small', port)
    const { port: from } = await peer.next()
    ports.add(from)
    peer.acknowledge(1, from)
    peer.acknowledge(1, from) // late: belongs to nobody any more, and is not answered
    await silence()
  }
  expect(ports.size).toBe(3)
})

test.for([
  '',
  '00',
  '0000',
  '0001',
  '0001 00',
  '0001 61',
  '0001 6100 6f63746574',
  '0003 0001 61',
  '0004 0001',
  '0005 0001 6e6f00',
  '0005 0000',
  '0006 7473697a6500 3000',
  '0007 0000',
  'ffff ffff ffff',
  '0100 6100 6f6374657400',
])('on the well-known port %j is dropped in silence', async (octets) => {
  peer.send(hex(octets), port)
  await silence()
  expect((await event('tftp.malformed')).ip).toBe('127.0.0.1')
})

test('requests above the cap are dropped, and heard again when there is room', async () => {
  const small = await serve({ maximum: 2 })
  const at = small.endpoints[0]!.port
  const others = [await client(), await client()]
  for (const other of others) other.read('f1', at)
  const taken = await Promise.all(others.map((other) => other.next()))
  for (const [index, other] of others.entries()) other.acknowledge(1, taken[index]!.port)
  await Promise.all(others.map((other) => other.next()))
  peer.read('small', at)
  peer.read('small', at)
  await turn()
  others[0]!.send({ type: 'error', code: 0, message: '' }, taken[0]!.port)
  await event('tftp.abort')
  expect(small.transfers).toBe(1)
  expect(await peer.fetch('small', at)).toHaveLength(100)
})

test('requests that nobody follows up keep nobody out', async () => {
  const small = await serve({ maximum: 2 })
  const at = small.endpoints[0]!.port
  const busy = await client()
  busy.read('f1', at)
  const { port: from } = await busy.next()
  busy.acknowledge(1, from)
  const others = [await client(), await client(), await client()]
  for (const other of others) {
    other.read('f1', at)
    await other.next()
  }
  expect(small.transfers).toBe(2)
  expect(await peer.fetch('small', at)).toHaveLength(100)
  expect(wire((await busy.next()).packet)).toBe('data 2 (512)')
  busy.acknowledge(2, from)
  while (wire((await busy.next()).packet) !== 'data 3 (512)'); // the second may have been repeated
})

test('five hundred requests that nobody follows up, then a normal read', async () => {
  const flood = await Promise.all(Array.from({ length: 50 }, () => client()))
  for (const other of flood) {
    for (let nr = 0; nr < 10; nr++) other.read('f1', port, { nr: `${nr}` })
    await turn() // a burst would be lost in the kernel's buffer, and never reach us
  }
  expect(await peer.fetch('small', port)).toHaveLength(100)
})

test('a file that becomes shorter ends with an error', async () => {
  const shrinking = await serve({ tree: treeOf({ size: 10_000, octets: 100 }) })
  peer.read('file', shrinking.endpoints[0]!.port)
  expect(wire((await peer.next()).packet)).toBe('error 0 the file cannot be read')
  expect((await event('tftp.abort')).reason).toBe('the file became shorter while it was sent')
})

test('a tree that fails is an error packet and an event, and the next read works', async () => {
  let fails = true
  const tree: FileTree = {
    open: () => {
      if (fails) return Promise.reject(new Error('EMFILE: too many open files'))
      return Promise.resolve(memoryFile(pattern(3), 'x'))
    },
    list: () => Promise.resolve([]),
  }
  const failing = await serve({ tree })
  peer.read('file', failing.endpoints[0]!.port)
  expect(wire((await peer.next()).packet)).toBe('error 0 the file cannot be read')
  fails = false
  expect(await peer.fetch('file', failing.endpoints[0]!.port)).toHaveLength(3)
})

test('stopping tells the clients and closes the files', async () => {
  let closed = 0
  const stopping = await serve({ tree: treeOf({ size: 10_000, closed: () => closed++ }) })
  peer.read('file', stopping.endpoints[0]!.port)
  await peer.next()
  await stopping.stop()
  expect(wire((await peer.next()).packet)).toBe('error 0 the service stops')
  expect(closed).toBe(1)
})

test('addresses that come and go are followed', async () => {
  let addresses = ['127.0.0.1']
  const moving = await serve({ addresses: () => addresses })
  const [first] = moving.endpoints
  addresses = ['127.0.0.1', '127.0.0.5', '192.0.2.1']
  await moving.rescan()
  expect(moving.endpoints.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.5'])
  expect(moving.endpoints[0]).toEqual(first)
  await moving.rescan()
  const hints = events.filter(({ type }) => type === 'service.hint')
  expect(hints.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('192.0.2.1 is not an address'),
  ])
  peer.send(
    { type: 'readRequest', file: 'small', mode: 'octet', options: new Map() },
    moving.endpoints[1]!.port,
    '127.0.0.5',
  )
  expect(wire((await peer.next()).packet)).toBe('data 1 (100)')
  addresses = ['127.0.0.5']
  await moving.rescan()
  expect(moving.endpoints.map(({ address }) => address)).toEqual(['127.0.0.5'])
})

test('addresses that cannot be listed stay as they are, and are looked at again', async () => {
  let addresses: readonly string[] | undefined = ['127.0.0.1']
  const moving = await serve({
    addresses: () => {
      if (addresses === undefined) throw new Error('too many open files')
      return addresses
    },
  })
  addresses = undefined
  await moving.rescan()
  expect(moving.endpoints).toHaveLength(1)
  expect(events.at(-1)).toEqual({ type: 'service.hint', reason: 'too many open files' })
  addresses = []
  await moving.rescan()
  expect(moving.endpoints).toEqual([])
})

test('a port that is taken is refused, and nothing stays open', async () => {
  const second = new TftpServer({
    addresses: () => ['127.0.0.2', '127.0.0.1'],
    port,
    tree: diskTree(root),
    macOf: () => undefined,
    emit: () => undefined,
    clock: Date.now,
  })
  await expect(second.start()).rejects.toThrow(SystemError)
  expect(second.endpoints).toEqual([])
})

test('the tree learns who asks', async () => {
  const asked: unknown[] = []
  const curious = await serve({
    tree: {
      open: (path, who) => {
        asked.push([path, who])
        return Promise.resolve(undefined)
      },
      list: () => Promise.resolve([]),
    },
  })
  peer.read('/menu', curious.endpoints[0]!.port)
  await peer.next()
  expect(asked).toEqual([['/menu', { via: 'tftp', ip: '127.0.0.1', server: '127.0.0.1' }]])
})

/** One file of any claimed size that has some octets, all of them zero. */
function treeOf(file: { size: number; octets?: number; closed?: () => void }): FileTree {
  return {
    open: () =>
      Promise.resolve({
        size: file.size,
        etag: 'x',
        read: (buffer: Uint8Array, position: number) =>
          Promise.resolve(
            Math.max(0, Math.min(buffer.length, (file.octets ?? file.size) - position)),
          ),
        close: () => {
          file.closed?.()
          return Promise.resolve()
        },
      }),
    list: () => Promise.resolve([]),
  }
}
