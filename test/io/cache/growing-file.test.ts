import { mkdtempSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Follower,
  type GrowingHandle,
  GrowingFile,
} from '../../../src/io/cache/growing-file.ts'

let folder = ''
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'bootlace-growing-'))))
afterAll(async () => {
  await Promise.allSettled(handles.map((handle) => handle.close()))
  rmSync(folder, { recursive: true })
})

const handles: FileHandle[] = []
async function onDisk(): Promise<FileHandle> {
  const handle = await open(join(folder, String(handles.length)), 'wx+')
  handles.push(handle)
  return handle
}

const MB = 1 << 20
const piece = (index: number, size = MB): Buffer => Buffer.alloc(size, index + 1)

async function readAll(follower: Follower, size = 100_000): Promise<Buffer> {
  const parts: Buffer[] = []
  for (;;) {
    const buffer = Buffer.alloc(size)
    const read = await follower.read(buffer)
    if (read === 0) return Buffer.concat(parts)
    parts.push(buffer.subarray(0, read))
  }
}

/** A disk that takes `room` octets and no more; short writes on the way. */
function fullAfter(handle: FileHandle, room: number): GrowingHandle {
  let left = room
  return {
    read: handle.read.bind(handle),
    close: () => handle.close(),
    writev: async (buffers, position) => {
      const whole = Buffer.concat(buffers)
      const part = whole.subarray(0, left)
      if (part.length === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      left -= part.length
      await handle.write(part, 0, part.length, position)
      return { bytesWritten: part.length }
    },
  }
}

/** As a sender does it: what is on disk by its descriptor, the rest by reading. */
async function sendAll(follower: Follower, file: FileHandle): Promise<[Buffer, Buffer]> {
  const parts: Buffer[] = []
  for (;;) {
    const length = await follower.onDisk()
    if (length === 0) return [Buffer.concat(parts), await readAll(follower)]
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await file.read(buffer, 0, length, follower.position)
    expect(bytesRead).toBe(length)
    parts.push(buffer)
    follower.skip(length)
  }
}

describe('what the kernel may send', () => {
  test('is on disk when it is told, and all of a whole file is', async () => {
    const handle = await onDisk()
    const file = new GrowingFile(handle)
    const follower = file.follow(0)!
    expect(follower.descriptor).toBe(handle.fd)
    const sent = sendAll(follower, handle)
    const pieces = Array.from({ length: 9 }, (_, index) => piece(index))
    for (const part of pieces) await file.append(part)
    await file.finish()
    const [byKernel, byReading] = await sent
    expect(byKernel.equals(Buffer.concat(pieces))).toBe(true)
    expect(byReading).toHaveLength(0)
  })

  test('ends where the disk refuses: the rest is read', async () => {
    const handle = await onDisk()
    const file = new GrowingFile(fullAfter(handle, MB + 7))
    const sent = sendAll(file.follow(0)!, handle)
    const pieces = Array.from({ length: 4 }, (_, index) => piece(index))
    for (const part of pieces) await file.append(part)
    await file.finish()
    expect(Buffer.concat(await sent).equals(Buffer.concat(pieces))).toBe(true)
  })

  test('comes before the cause when it breaks', async () => {
    const handle = await onDisk()
    const file = new GrowingFile(handle)
    const follower = file.follow(0)!
    await file.append(Buffer.from('abc'))
    file.fail(new Error('torn'))
    expect(await follower.onDisk()).toBe(3)
    follower.skip(3)
    expect(await follower.onDisk()).toBe(0)
    await expect(follower.read(Buffer.alloc(9))).rejects.toThrow('torn')
  })

  test('is nothing in memory', async () => {
    const file = new GrowingFile(undefined)
    const follower = file.follow(0)!
    expect(follower.descriptor).toBeUndefined()
    await file.append(Buffer.from('abc'))
    expect(await follower.onDisk()).toBe(0)
  })
})

describe.for(['disk', 'memory'])('on %s', (place) => {
  const make = async () => new GrowingFile(place === 'disk' ? await onDisk() : undefined)

  test('followers get every octet in order, early and late, and the writer the hash', async () => {
    const file = await make()
    const early = readAll(file.follow(0)!)
    const pieces = Array.from({ length: 12 }, (_, index) => piece(index))
    for (const part of pieces) expect(await file.append(part)).toBe(true)
    const late = place === 'disk' ? readAll(file.follow(0)!) : early
    const whole = Buffer.concat(pieces)
    expect(await file.finish()).toBe(createHash('sha256').update(whole).digest('hex'))
    expect((await early).equals(whole)).toBe(true)
    expect((await late).equals(whole)).toBe(true)
  })

  test('a follower from the middle waits for its first octet', async () => {
    const file = await make()
    const place10 = readAll(file.follow(10)!)
    await file.append(Buffer.from('0123456789'))
    await file.append(Buffer.from('abc'))
    await file.finish()
    expect((await place10).toString()).toBe('abc')
  })

  test('when it breaks, followers get what is there and then the cause', async () => {
    const file = await make()
    const follower = file.follow(0)!
    await file.append(Buffer.from('abc'))
    file.fail(new Error('the origin went away'))
    const buffer = Buffer.alloc(10)
    expect(await follower.read(buffer)).toBe(3)
    await expect(follower.read(buffer)).rejects.toThrow('the origin went away')
    follower.leave()
    await file.close()
  })
})

test('a slow follower holds up nobody while there is a disk', async () => {
  const file = new GrowingFile(await onDisk())
  const slow = file.follow(0)!
  const fast = readAll(file.follow(0)!)
  for (let index = 0; index < 20; index++) await file.append(piece(index))
  await file.finish()
  expect((await fast).length).toBe(20 * MB)
  expect((await readAll(slow)).length).toBe(20 * MB)
})

test('the file is closed when the last follower has left', async () => {
  const handle = await onDisk()
  const file = new GrowingFile(handle)
  const follower = file.follow(0)!
  await file.append(Buffer.from('abc'))
  await file.finish()
  const closed = file.close()
  expect(handle.fd).toBeGreaterThan(0)
  follower.leave()
  await closed
  expect(handle.fd).toBe(-1)
})

describe('when the disk is full', () => {
  test.for([0, 1, 1.5 * MB, 7 * MB + 3])(
    'after %i octets followers still get all',
    async (room) => {
      const file = new GrowingFile(fullAfter(await onDisk(), room))
      const pieces = Array.from({ length: 50 }, (_, index) => piece(index))
      const follower = readAll(file.follow(0)!)
      for (const part of pieces) expect(await file.append(part)).toBe(true)
      await file.finish()
      expect((await follower).equals(Buffer.concat(pieces))).toBe(true)
      expect(file.isOnDisk).toBe(false)
      await file.lostDisk
    },
  )

  test('the writer waits for the slowest follower, so that memory is bounded', async () => {
    const file = new GrowingFile(undefined)
    const follower = file.follow(0)!
    let written = 0
    const writer = (async () => {
      for (let index = 0; index < 60; index++) {
        await file.append(piece(index))
        written = index + 1
      }
      await file.finish()
    })()
    await expect.poll(() => written).toBe(32)
    expect((await readAll(follower)).length).toBe(60 * MB)
    await writer
  })

  test('nobody joins once the beginning is gone', async () => {
    const file = new GrowingFile(undefined)
    const follower = file.follow(0)!
    await file.append(piece(0))
    expect(file.follow(0)).toBeDefined()
    file.leave(file.follow(0)!)
    const alone = new GrowingFile(undefined)
    const only = alone.follow(0)!
    await alone.append(piece(0))
    await only.read(Buffer.alloc(MB))
    expect(alone.follow(0)).toBeUndefined()
    follower.leave()
  })

  test('the writer stops when nobody follows any more', async () => {
    const file = new GrowingFile(undefined)
    file.follow(0)!.leave()
    expect(await file.append(piece(0))).toBe(false)
  })
})
