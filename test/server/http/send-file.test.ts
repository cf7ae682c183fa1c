import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { diskTree } from '../../../src/io/files/disk-tree.ts'
import { type OpenFile, memoryFile } from '../../../src/io/files/file-tree.ts'
import { type SentFile, sendFile } from '../../../src/server/http/send-file.ts'

const small = new TextEncoder().encode('0123456789')
const modified = new Date('2026-03-01T12:00:00Z')
const lastModified = modified.toUTCString()

let server: FastifyInstance
let results: Promise<SentFile>[] = []
let closed = 0

/** Serves one file at every path, and counts how often it was closed. */
function serve(open: () => OpenFile | Promise<OpenFile>, headers = {}): void {
  server = Fastify()
  server.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    handler: async (request, reply) => {
      const file = await open()
      const close = () => {
        closed += 1
        return file.close()
      }
      const sent = sendFile(request, reply, { ...file, close }, headers)
      results.push(sent)
      await sent.catch(() => {})
    },
  })
}

beforeEach(() => {
  results = []
  closed = 0
})
afterEach(() => server.close())

describe('a small file', () => {
  const range = { range: 'bytes=2-4' }
  test.for([
    { name: 'whole', headers: {}, status: 200, body: '0123456789', extra: {} },
    {
      name: 'a part',
      headers: range,
      status: 206,
      body: '234',
      extra: { 'content-range': 'bytes 2-4/10' },
    },
    {
      name: 'past its end',
      headers: { range: 'bytes=10-' },
      status: 416,
      body: '',
      extra: { 'content-range': 'bytes */10' },
    },
    {
      name: 'a malformed range',
      headers: { range: 'bytes=u-u' },
      status: 200,
      body: '0123456789',
      extra: {},
    },
    {
      name: 'several ranges',
      headers: { range: 'bytes=0-1,4-5' },
      status: 200,
      body: '0123456789',
      extra: {},
    },
    {
      name: 'If-Range, same',
      headers: { ...range, 'if-range': '"tag"' },
      status: 206,
      body: '234',
      extra: {},
    },
    {
      name: 'If-Range, changed',
      headers: { ...range, 'if-range': '"old"' },
      status: 200,
      body: '0123456789',
      extra: {},
    },
    {
      name: 'If-Match, changed',
      headers: { 'if-match': '"old"' },
      status: 412,
      body: '',
      extra: {},
    },
  ])('$name: $status', async ({ headers, status, body, extra }) => {
    serve(() => ({ ...memoryFile(small, 'tag'), modified }))
    const answer = await server.inject({ url: '/f', headers })
    expect(answer.statusCode).toBe(status)
    expect(answer.body).toBe(body)
    expect(answer.headers).toMatchObject({
      etag: '"tag"',
      'last-modified': lastModified,
      'accept-ranges': 'bytes',
      'content-length': String(body.length),
      ...extra,
    })
    await results[0]
    expect(closed).toBe(1)
  })

  test('unchanged: 304 without body or length', async () => {
    serve(() => memoryFile(small, 'tag'))
    const answer = await server.inject({ url: '/f', headers: { 'if-none-match': '"tag"' } })
    expect([answer.statusCode, answer.body]).toEqual([304, ''])
    expect(answer.headers['content-length']).toBeUndefined()
  })

  test('HEAD has the length of the whole, even with a Range', async () => {
    serve(() => memoryFile(small, 'tag'))
    const answer = await server.inject({ method: 'HEAD', url: '/f', headers: range })
    expect([answer.statusCode, answer.body]).toEqual([200, ''])
    expect(answer.headers['content-length']).toBe('10')
    expect(await results[0]).toEqual({ status: 200, bytes: 0, complete: true })
  })

  test('an empty file is an answer', async () => {
    serve(() => memoryFile(new Uint8Array(), 'tag'))
    const answer = await server.inject('/f')
    expect([answer.statusCode, answer.headers['content-length']]).toEqual([200, '0'])
    expect(await results[0]).toEqual({ status: 200, bytes: 0, complete: true })
  })

  test('a stored answer keeps its own validators', async () => {
    const headers = { etag: 'W/"theirs"', 'last-modified': lastModified, 'x-cache': 'hit' }
    serve(() => memoryFile(small, 'tag'), headers)
    const answer = await server.inject({ url: '/f', headers: { ...range, 'if-range': '"theirs"' } })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers).toMatchObject(headers)
  })
})

/** The octet at every position is known, so that a mistake in an offset shows. */
function pattern(size: number): Buffer {
  const octets = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) octets.writeUInt32BE(at, at)
  return octets
}

async function listen(): Promise<number> {
  await server.listen({ host: '127.0.0.1', port: 0 })
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

describe('a large file on disk', () => {
  const size = 5 * 1024 * 1024 + 4
  const octets = pattern(size)
  let folder = ''

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bootlace-send-'))
    await writeFile(join(folder, 'big'), octets)
    const client = { via: 'http', ip: '127.0.0.1', server: '127.0.0.1' } as const
    serve(async () => {
      const file = await diskTree(folder).open('big', client)
      if (file === undefined) throw new Error('not there')
      return file
    })
  })
  afterEach(() => rm(folder, { recursive: true }))

  test.for([
    { name: 'whole', range: undefined, first: 0, end: size },
    { name: 'from the middle', range: 'bytes=1048577-3145730', first: 1048577, end: 3145731 },
    { name: 'its end', range: 'bytes=-100000', first: size - 100_000, end: size },
  ])('$name arrives octet for octet', async ({ range, first, end }) => {
    const port = await listen()
    const headers: Record<string, string> = range === undefined ? {} : { range }
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers })
    const received = Buffer.from(await answer.arrayBuffer())
    expect(received.equals(octets.subarray(first, end))).toBe(true)
    expect(await results[0]).toMatchObject({ bytes: end - first, complete: true })
    expect(closed).toBe(1)
  })

  test('many at once do not mix', async () => {
    const port = await listen()
    const answers = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/`)
        return Buffer.from(await answer.arrayBuffer()).equals(octets)
      }),
    )
    expect(answers).toEqual(Array.from({ length: 12 }, () => true))
    expect(closed).toBe(12)
  })

  test('a client that leaves in the middle ends it, and the file is closed', async () => {
    const port = await listen()
    const client = httpRequest({ port, host: '127.0.0.1' })
    client.on('error', () => {})
    client.end()
    const [answer] = await once(client, 'response')
    await once(answer, 'data')
    client.destroy()
    await expect.poll(() => closed).toBe(1)
    expect(await results[0]).toMatchObject({ status: 200, complete: false })
  })

  test('a client that does not read holds back the reading', async () => {
    let read = 0
    await server.close()
    serve(() => ({
      size: 1024 * 1024 * 1024,
      etag: 'x',
      read: (buffer) => {
        read += buffer.length
        return Promise.resolve(buffer.length)
      },
      close: () => Promise.resolve(),
    }))
    const socket = connect(await listen(), '127.0.0.1')
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    let before = -1
    await expect
      .poll(() => {
        const isStill = read > 0 && read === before
        before = read
        return isStill
      })
      .toBe(true)
    expect(read).toBeLessThan(64 * 1024 * 1024)
    socket.destroy()
    await expect.poll(() => closed).toBe(1)
  })
})

test('a file that becomes shorter breaks the connection instead of ending well', async () => {
  serve(() => ({
    ...memoryFile(pattern(3 * 1024 * 1024), 'x'),
    octets: undefined,
    size: 4 * 1024 * 1024,
  }))
  const port = await listen()
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  await expect(answer.arrayBuffer()).rejects.toThrow('terminated')
  expect(await results[0]).toMatchObject({ complete: false })
})

test('a file that cannot be read rejects, with the connection broken', async () => {
  serve(() => ({
    ...memoryFile(small, 'x'),
    octets: undefined,
    read: () => Promise.reject(new Error('disk')),
  }))
  const port = await listen()
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
  await expect(results[0]).rejects.toThrow('disk')
  expect(closed).toBe(1)
})
