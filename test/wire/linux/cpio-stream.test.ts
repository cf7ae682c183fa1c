import { assert, asyncProperty, nat, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { writeCpio } from '../../../src/wire/linux/cpio.ts'
import { type StreamedEntry, streamCpio } from '../../../src/wire/linux/cpio-stream.ts'
import { text } from '../../support/image-files.ts'

const archive = writeCpio(
  [
    { type: 'directory', path: './etc', mode: 0o755 },
    { type: 'file', path: './etc/a', mode: 0o644, octets: text('first') },
    { type: 'link', path: '/b', mode: 0o777, target: 'etc/a' },
    { type: 'file', path: 'c', mode: 0o644, octets: text('third one') },
  ],
  0,
)

async function* cut(octets: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < octets.length; at += size) {
    yield await Promise.resolve(octets.subarray(at, at + size))
  }
}

async function walk(octets: Uint8Array, size = octets.length || 1): Promise<StreamedEntry[]> {
  const entries: StreamedEntry[] = []
  for await (const entry of streamCpio(cut(octets, size), (path) => path === 'c')) {
    entries.push(entry)
  }
  return entries
}

test.for([1, 2, 7, 110, 111, 4096])('in pieces of %i octets', async (size) => {
  expect(await walk(archive, size)).toEqual([
    { path: 'etc', octets: undefined },
    { path: 'etc/a', octets: undefined },
    { path: 'b', octets: undefined },
    { path: 'c', octets: text('third one') },
  ])
})

test('cut short anywhere it says so', async () => {
  const end = archive.length - 4 // the name of the last entry is filled up to four octets
  for (let length = 0; length < end; length++) {
    await expect(walk(archive.subarray(0, length))).rejects.toThrow('ends early')
  }
})

test('whatever comes: entries, or an error that says what is wrong', async () => {
  await assert(
    asyncProperty(uint8Array({ maxLength: 300 }), nat(400), async (noise, at) => {
      const octets = archive.slice()
      octets.set(noise.subarray(0, Math.max(0, octets.length - at)), at)
      await walk(octets).catch((error: Error) => expect(error.name).toBe('ProtocolError'))
    }),
  )
})
