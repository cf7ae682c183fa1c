import { once } from 'node:events'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type Server, type Socket, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sendAtOnce, sendFilePart, takesFiles } from '../../../src/io/files/file-sender.ts'

const size = 24 * 1024 * 1024 + 5
const octets = Buffer.alloc(size, 'the octets of a file ')
let folder: string
let file: FileHandle
let server: Server
let client: Socket
let socket: Socket

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-sender-'))
  writeFileSync(join(folder, 'f'), octets)
  file = await open(join(folder, 'f'), 'r')
  server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as { port: number }
  client = connect(address.port, '127.0.0.1').pause()
  ;[socket] = (await once(server, 'connection')) as [Socket]
  socket.on('error', () => {}) // whoever has the connection hears of it
})

afterEach(async () => {
  client.destroy()
  socket.destroy()
  server.close()
  await file.close()
  rmSync(folder, { recursive: true })
})

const part = (first: number, length: number) => ({ descriptor: file.fd, first, length })

async function received(): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of client) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

test('a part arrives whole and in its place, behind what was written before', async () => {
  expect(takesFiles(socket)).toBe(true)
  const arriving = received()
  socket.write('before ')
  expect(await sendFilePart(socket, part(3, size - 7))).toBe(size - 7)
  socket.end(' behind')
  const all = await arriving
  const wanted = Buffer.concat([
    Buffer.from('before '),
    octets.subarray(3, size - 4),
    Buffer.from(' behind'),
  ])
  expect(all.equals(wanted)).toBe(true)
})

test('octets at once keep their order, whether or not the connection takes them', async () => {
  const pieces = Array.from({ length: 40 }, (_, index) => Buffer.alloc(1 << 18, index + 1))
  let left = 0
  const done = (): void => void (left -= 1)
  for (const piece of pieces) if (!sendAtOnce(socket, piece, { more: false, done })) left += 1
  expect(left).toBeGreaterThan(0)
  const arriving = received()
  socket.end()
  expect((await arriving).equals(Buffer.concat(pieces))).toBe(true)
  expect(left).toBe(0)
})

test('a client that leaves ends it', async () => {
  const sending = sendFilePart(socket, part(0, size))
  client.destroy()
  expect(await sending).toBeLessThan(size)
})

test('a file that becomes shorter ends it, and says so', async () => {
  const sending = sendFilePart(socket, part(0, size))
  truncateSync(join(folder, 'f'), 1024 * 1024)
  const arriving = received()
  expect(await sending).toBeLessThan(size)
  socket.end()
  await arriving
})

test('a file that cannot be read rejects', async () => {
  await expect(sendFilePart(socket, { ...part(0, 10), descriptor: 1_000_000 })).rejects.toThrow(
    'EBADF',
  )
})

test('a closed connection takes nothing', async () => {
  socket.destroy()
  expect(takesFiles(socket)).toBe(false)
  expect(await sendFilePart(socket, part(0, 10))).toBe(0)
})
