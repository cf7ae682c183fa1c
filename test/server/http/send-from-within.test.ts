/** A file inside of another one, as in an ISO, sent by the kernel: its octets, its ranges, its end. */
import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { type DiskFile, openPlainFile } from '../../../src/io/files/disk-tree.ts'
import { sendFile } from '../../../src/server/http/send-file.ts'
import { type ByteSource, joined, part } from '../../../src/wire/byte-source.ts'
import { noise } from '../../support/image-files.ts'

/** Larger than what is sent without looking at the file again. */
const outer = noise(20_000_000, 5)
const inner = { position: 2048, length: 19_000_000 }
const expected = Buffer.from(outer.subarray(inner.position, inner.position + inner.length))

async function opened(): Promise<{ file: DiskFile; path: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bootlace-within-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'disc.iso')
  writeFileSync(path, outer)
  utimesSync(path, 1, 1) // whoever writes into it makes it younger
  const file = await openPlainFile(path)
  if (file === undefined) throw new Error('is no plain file')
  onTestFinished(() => file.close())
  return { file, path }
}

/** It is the kernel that reads. */
const neverRead = () => Promise.reject(new Error('was read'))

function withPlace(file: DiskFile): ByteSource {
  const { size, descriptor = -1 } = file
  const isUnchanged = () => file.isUnchanged()
  return { size, read: neverRead, place: { descriptor, position: 0, isUnchanged } }
}

/** The URL of a server that has only this file. */
async function serve(source: ByteSource): Promise<string> {
  const server = Fastify()
  server.get('/*', async (request, reply) => {
    const file = { ...source, etag: 'x', close: () => Promise.resolve() }
    await sendFile(request, reply, file, {}).catch(() => undefined)
  })
  onTestFinished(() => server.close())
  return server.listen({ host: '127.0.0.1', port: 0 })
}

test('its octets, whole and in ranges', async () => {
  const { file } = await opened()
  const source = part(withPlace(file), inner.position, inner.length, 'inner')
  expect(source.place?.position).toBe(inner.position)
  const url = await serve(source)
  const whole = Buffer.from(await (await fetch(url)).arrayBuffer())
  expect(Buffer.compare(whole, expected)).toBe(0)
  const range = await fetch(url, { headers: { range: 'bytes=8388000-17000000' } })
  expect(range.status).toBe(206)
  const some = Buffer.from(await range.arrayBuffer())
  expect(Buffer.compare(some, expected.subarray(8_388_000, 17_000_001))).toBe(0)
})

test('what lies in several stretches, or in none, has no place', async () => {
  const { file } = await opened()
  const source = withPlace(file)
  const spans = [
    { source, position: 0, length: 10 },
    { source, position: 20, length: 10 },
  ]
  expect(joined(spans).place).toBeUndefined()
  expect(joined([{ length: 10 }]).place).toBeUndefined()
  expect(part(part(source, 100, 1000, 'a'), 20, 10, 'b').place?.position).toBe(120)
})

test('of a file that somebody writes into no end arrives', async () => {
  const { file, path } = await opened()
  const url = await serve(part(withPlace(file), inner.position, inner.length, 'inner'))
  appendFileSync(path, 'more')
  const answer = fetch(url).then((response) => response.arrayBuffer())
  await expect(answer).rejects.toThrow('terminated')
})

test.for([1_000_000, inner.length])(
  'of %i octets no end arrives when somebody writes while the last of them leave',
  async (length) => {
    const { file, path } = await opened()
    const source = withPlace(file)
    const { place } = source
    if (place === undefined) throw new Error('has no place')
    const lastLook = Math.ceil(length / (8 << 20))
    let looks = 0
    const isUnchanged = async () => {
      const isSame = await place.isUnchanged()
      looks += 1
      if (looks === lastLook) writeFileSync(path, outer.toReversed())
      return isSame
    }
    const watched = { ...source, place: { ...place, isUnchanged } }
    const url = await serve(part(watched, inner.position, length, 'inner'))
    const size = fetch(url).then(async (answer) => (await answer.arrayBuffer()).byteLength)
    await expect(size).rejects.toThrow('terminated')
  },
)
