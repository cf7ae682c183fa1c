import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ContentStore } from '../../../src/io/cache/content-store.ts'
import { parseEntry } from '../../../src/io/cache/index-entry.ts'
import { readIndex } from '../../../src/io/cache/index-journal.ts'

let directory = ''
let now = 1_000_000_000_000
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'bootlace-store-'))))
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  rmSync(directory, { recursive: true, force: true })
})

const stores: ContentStore[] = []
async function open(maxBytes = 1e9): Promise<ContentStore> {
  const store = await ContentStore.open({ directory, maxBytes, clock: () => now })
  stores.push(store)
  return store
}
const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex')

const answered = { status: 200, requestedAt: 3, respondedAt: 4 }

async function put(store: ContentStore, key: string, text: string): Promise<boolean> {
  const file = await store.openTemporary()
  await file.handle.write(text)
  const sha256 = sha256Of(text)
  const headers = { 'content-type': 'text/plain' }
  const published = await store.publish(file, {
    key,
    sha256,
    size: text.length,
    headers,
    ...answered,
  })
  await file.handle.close()
  return published
}

async function read(store: ContentStore, key: string): Promise<string | undefined> {
  const file = await store.find(key)?.openFile()
  if (file === undefined) return undefined
  const buffer = Buffer.alloc(file.size)
  await file.read(buffer, 0)
  await file.close()
  return buffer.toString()
}

const filesUnder = (folder: string): string[] =>
  readdirSync(join(directory, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

test('what was published is found, with its size and headers, also after a restart', async () => {
  const store = await open()
  expect(store.find('m /a')).toBeUndefined()
  expect(await put(store, 'm /a', 'hello')).toBe(true)
  for (const one of [store, await open()]) {
    expect(await read(one, 'm /a')).toBe('hello')
    expect(one.find('m /a')).toMatchObject({
      size: 5,
      headers: { 'content-type': 'text/plain' },
      storedAt: now,
    })
    expect(one.stats()).toMatchObject({ objects: 1, bytes: 5 })
  }
})

test.for([
  { what: 'was removed', harm: (file: string) => rmSync(file) },
  { what: 'became shorter', harm: (file: string) => truncateSync(file, 2) },
])('a small body that was served, and then $what on disk, is a miss', async ({ harm }) => {
  const store = await open()
  await put(store, 'm /a', 'hello')
  expect(await read(store, 'm /a')).toBe('hello')
  expect(await read(store, 'm /a')).toBe('hello')
  const sha256 = sha256Of('hello')
  harm(join(directory, 'content-v1', sha256.slice(0, 2), sha256))
  expect(await read(store, 'm /a')).toBeUndefined()
})

test('a large body comes from the disk, whole', async () => {
  const store = await open()
  const text = 'x'.repeat(100_000)
  await put(store, 'm /a', text)
  expect(await read(store, 'm /a')).toBe(text)
})

test('bodies lie under their SHA-256, equal ones once', async () => {
  const store = await open()
  await put(store, 'm /a', 'same')
  await put(store, 'm /b', 'same')
  expect(filesUnder('content-v1')).toEqual([sha256Of('same')])
  expect(filesUnder('tmp')).toEqual([])
  store.remove('m /a')
  await store.close()
  expect(await read(store, 'm /b')).toBe('same')
  store.remove('m /b')
  await store.close()
  expect(filesUnder('content-v1')).toEqual([])
  expect(readIndex(directory)).toEqual([])
})

test('a new body takes the place of the old one', async () => {
  const store = await open()
  await put(store, 'm /a', 'old')
  await put(store, 'm /a', 'new body')
  await store.close()
  expect(await read(store, 'm /a')).toBe('new body')
  expect(filesUnder('content-v1')).toEqual([sha256Of('new body')])
  expect(await read(await open(), 'm /a')).toBe('new body')
})

describe('bounded by bytes', () => {
  test('the least recently used goes, with its files', async () => {
    const store = await open(10)
    await put(store, 'm /a', 'aaaa')
    await put(store, 'm /b', 'bbbb')
    store.find('m /a')
    await put(store, 'm /c', 'cccc')
    await store.close()
    expect(store.find('m /b')).toBeUndefined()
    expect(await read(store, 'm /a')).toBe('aaaa')
    expect(filesUnder('content-v1')).toHaveLength(2)
    expect(readIndex(directory)).toHaveLength(2)
    expect(store.stats().bytes).toBeLessThanOrEqual(10)
  })

  test('what is larger than all of it is not stored and drives nothing out', async () => {
    const store = await open(10)
    await put(store, 'm /a', 'aaaa')
    expect(await put(store, 'm /b', 'b'.repeat(11))).toBe(false)
    expect(await read(store, 'm /a')).toBe('aaaa')
  })

  test('a smaller limit at the next start is kept, by the time of last use', async () => {
    const store = await open()
    for (const name of ['a', 'b', 'c']) await put(store, `m /${name}`, name.repeat(4))
    for (const name of ['b', 'c', 'a']) {
      now += 3_600_000
      store.find(`m /${name}`)
    }
    await store.close()
    const smaller = await open(8)
    expect(smaller.find('m /b')).toBeUndefined()
    expect(smaller.find('m /a')).toBeDefined()
    await smaller.close()
    expect(filesUnder('content-v1')).toHaveLength(2)
  })

  test('an open file can be read to its end after it was driven out', async () => {
    const store = await open(10)
    await put(store, 'm /a', 'aaaaaaaa')
    const file = await store.find('m /a')!.openFile()
    await put(store, 'm /b', 'bbbbbbbb')
    await store.close()
    const buffer = Buffer.alloc(8)
    expect(await file!.read(buffer, 0)).toBe(8)
    expect(buffer.toString()).toBe('aaaaaaaa')
    await file!.close()
  })
})

describe('deleted or damaged from outside', () => {
  test.for(['content-v1', 'index-v2', 'tmp', '.'])('without %s it goes on', async (folder) => {
    const store = await open()
    await put(store, 'm /a', 'hello')
    rmSync(join(directory, folder), { recursive: true })
    const found = await read(store, 'm /a')
    expect([undefined, 'hello']).toContain(found)
    expect(await put(store, 'm /b', 'world')).toBe(true)
    expect(await read(store, 'm /b')).toBe('world')
    await store.close()
    expect(await read(await open(), 'm /b')).toBe('world')
  })

  test('a body that vanished is a miss, and can be stored again', async () => {
    const store = await open()
    await put(store, 'm /a', 'hello')
    rmSync(join(directory, 'content-v1'), { recursive: true })
    expect(await read(store, 'm /a')).toBeUndefined()
    expect(store.find('m /a')).toBeUndefined()
    await put(store, 'm /a', 'hello')
    await store.close()
    expect(await read(store, 'm /a')).toBe('hello')
  })

  test('a body that cannot be opened just now is a miss, and not thrown away', async () => {
    const store = await open()
    await put(store, 'm /a', 'hello')
    const sha256 = sha256Of('hello')
    const path = join(directory, 'content-v1', sha256.slice(0, 2), sha256)
    renameSync(path, `${path}.aside`)
    symlinkSync(path, path) // opening fails, and not because it is gone
    expect(await read(store, 'm /a')).toBeUndefined()
    renameSync(`${path}.aside`, path)
    expect(await read(store, 'm /a')).toBe('hello')
  })

  test('a body whose entry cannot be written does not stay', async () => {
    const store = await open()
    mkdirSync(join(directory, 'index-v2', 'folder'), { recursive: true })
    await expect(put(store, 'm /a', 'hello')).rejects.toThrow('index-v2')
    expect(filesUnder('content-v1')).toEqual([])
  })

  test('a body that became shorter is a miss', async () => {
    const store = await open()
    await put(store, 'm /a', 'hello')
    const sha256 = sha256Of('hello')
    truncateSync(join(directory, 'content-v1', sha256.slice(0, 2), sha256), 3)
    expect(await read(store, 'm /a')).toBeUndefined()
  })

  test('torn and foreign lines are skipped, the others are there', async () => {
    const store = await open()
    await put(store, 'm /good', 'good')
    await put(store, 'm /torn', 'torn')
    await store.close()
    const file = join(directory, 'index-v2')
    const rubbish = ['', '[]', 'null', '{"at":1}', '{"at":"x","used":"m /good"}', '\0'.repeat(200)]
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    writeFileSync(file, [...rubbish, ...lines].join('\n').slice(0, -10))
    const again = await open()
    expect(again.keys()).toEqual(['m /good'])
    expect(await read(again, 'm /good')).toBe('good')
    await put(again, 'm /torn', 'torn')
    await again.close()
    expect([...(await open()).keys()].sort()).toEqual(['m /good', 'm /torn'])
  })

  test('an index cut at any octet has the changes before, as they were', async () => {
    const store = await open()
    const texts = ['one', 'two', 'one', 'three']
    for (const [number, text] of texts.entries()) await put(store, `m /${number % 3}`, text)
    store.remove('m /1')
    await store.close()
    const file = join(directory, 'index-v2')
    const whole = readFileSync(file, 'utf8')
    const known = texts.map((text) => sha256Of(text))
    let most = 0
    for (let end = 0; end <= whole.length; end++) {
      writeFileSync(file, whole.slice(0, end))
      const found = readIndex(directory)
      expect(found.every(({ entry }) => known.includes(entry.sha256))).toBe(true)
      most = Math.max(most, found.length)
    }
    expect(most).toBe(3)
    expect(readIndex(directory).map(({ entry }) => entry.key)).toEqual(['m /2', 'm /0'])
  })

  test('a disk that refuses in the middle of a line spoils no other', async () => {
    const store = await open()
    await put(store, 'm /a', 'hello')
    const file = join(directory, 'index-v2')
    appendFileSync(file, '{"at":1,"put":{"key"')
    renameSync(file, `${file}.aside`)
    writeFileSync(file, readFileSync(`${file}.aside`)) // another file: whoever wrote it, it is not ours
    await put(store, 'm /b', 'world')
    await store.close()
    expect([...(await open()).keys()].sort()).toEqual(['m /a', 'm /b'])
  })

  test('an index of much that is out of date is written anew', async () => {
    const store = await open()
    for (let times = 0; times < 40; times++) {
      now += 3_600_000
      await put(store, `m /${'x'.repeat(40_000)}`, 'hello')
      await put(store, 'm /b', 'world')
    }
    await store.close()
    expect(statSync(join(directory, 'index-v2')).size).toBeLessThan(1_500_000)
    expect((await open()).keys()).toHaveLength(2)
  })

  test.for([
    { sha256: '../../etc/passwd' },
    { size: -1 },
    { size: 1.5 },
    { size: '1' },
    { headers: { a: 1 } },
    { headers: null },
    { status: -1 },
    { respondedAt: 'now' },
    { selecting: { a: 1 } },
    { key: 5 },
  ])('an entry with %o is none', (change) => {
    const entry = {
      key: 'm /a',
      sha256: sha256Of('a'),
      size: 1,
      headers: {},
      ...answered,
      storedAt: 5,
    }
    expect(parseEntry(entry)).toBeDefined()
    expect(parseEntry({ ...entry, ...change })).toBeUndefined()
  })

  test('our leftovers in tmp/ and bodies without an entry are removed at start', async () => {
    const store = await open()
    await put(store, 'm /a', 'hello')
    for (const name of ['812-7', `${sha256Of('key')}.json`, 'of-somebody-else']) {
      writeFileSync(join(directory, 'tmp', name), 'half')
    }
    const orphan = sha256Of('orphan')
    mkdirSync(join(directory, 'content-v1', orphan.slice(0, 2)), { recursive: true })
    writeFileSync(join(directory, 'content-v1', orphan.slice(0, 2), orphan), 'orphan')
    await store.close()
    const again = await open()
    await again.close()
    expect(filesUnder('tmp')).toEqual(['of-somebody-else'])
    expect(filesUnder('content-v1')).toEqual([sha256Of('hello')])
    expect(await read(again, 'm /a')).toBe('hello')
  })
})

test('the time of last use is written down, but rarely', async () => {
  const store = await open()
  await put(store, 'm /a', 'hello')
  const { size } = statSync(join(directory, 'index-v2'))
  store.find('m /a')
  await store.close()
  expect(statSync(join(directory, 'index-v2')).size).toBe(size)
  now += 3_600_000
  for (let times = 0; times < 3; times++) store.find('m /a')
  await store.close()
  expect(readIndex(directory)).toMatchObject([{ usedAt: now }])
  expect(readFileSync(join(directory, 'index-v2'), 'utf8').trimEnd().split('\n')).toHaveLength(2)
})

test('confirmed: new header fields, the same body, also after a restart', async () => {
  const store = await open()
  await put(store, 'm /a', 'hello')
  const [entry] = store.entries('m /a')
  store.confirm(entry!, { headers: { a: '1' }, requestedAt: 7, respondedAt: 8 })
  expect(store.find('m /a')).toMatchObject({ headers: { a: '1' }, respondedAt: 8 })
  await store.close()
  const again = await open()
  expect(again.find('m /a')).toMatchObject({ headers: { a: '1' } })
  expect(await read(again, 'm /a')).toBe('hello')
})

test('a confirmation of what has been replaced meanwhile changes nothing', async () => {
  const store = await open()
  await put(store, 'm /a', 'hello')
  const [old] = store.entries('m /a')
  await put(store, 'm /a', 'world')
  store.confirm(old!, { headers: { a: '1' }, requestedAt: 7, respondedAt: 8 })
  expect(store.find('m /a')?.headers).toEqual({ 'content-type': 'text/plain' })
  expect(await read(store, 'm /a')).toBe('world')
})

test('renamed all at once, also after a restart; what was there goes', async () => {
  const store = await open()
  for (const [key, text] of [
    ['m /a', 'old'],
    ['next /a', 'new'],
    ['next /b', 'other'],
  ] as const) {
    await put(store, key, text)
  }
  await store.renameAll([
    { from: 'next /b', to: 'm /b' },
    { from: 'next /a', to: 'm /a' },
    { from: 'next /none', to: 'm /none' },
  ])
  await store.close()
  for (const one of [store, await open()]) {
    expect(await read(one, 'm /a')).toBe('new')
    expect(await read(one, 'm /b')).toBe('other')
    expect([...one.keys()].sort()).toEqual(['m /a', 'm /b'])
  }
  expect(filesUnder('content-v1').sort()).toEqual([sha256Of('new'), sha256Of('other')].sort())
})

test('renamed one behind the other, each keeps its body', async () => {
  const store = await open()
  await put(store, 'm /a', 'old')
  await put(store, 'next /a', 'new')
  await store.renameAll([
    { from: 'm /a', to: 'former /a' },
    { from: 'next /a', to: 'm /a' },
  ])
  await store.close()
  for (const one of [store, await open()]) {
    expect(await read(one, 'former /a')).toBe('old')
    expect(await read(one, 'm /a')).toBe('new')
    expect([...one.keys()].sort()).toEqual(['former /a', 'm /a'])
  }
})

test('variants of one URL are found by it, and are bounded in number', async () => {
  const store = await open()
  for (let index = 0; index < 66; index++) await put(store, `m /a\n${index}`, `${index}`)
  await put(store, 'm /b', 'b')
  const keys = store.entries('m /a').map(({ key }) => key)
  expect(keys).toHaveLength(64)
  expect(keys[0]).toBe('m /a\n2')
  store.remove('m /a\n2')
  expect(store.entries('m /a')).toHaveLength(63)
  expect(store.entries('m /b')).toHaveLength(1)
  expect((await open()).entries('m /b')).toHaveLength(1)
})

test('many that are published together: the disk holds what fits and one more at most', async () => {
  const store = await open(1000)
  const folder = join(directory, 'content-v1')
  const counts: number[] = []
  const bodies = Array.from({ length: 20 }, (_, index) => String(index).padEnd(500, '.'))
  const publish = async (text: string): Promise<void> => {
    await put(store, text, text)
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    counts.push(files.filter((one) => one.isFile()).length)
  }
  await Promise.all(bodies.map(publish))
  expect(counts).toHaveLength(20)
  expect(Math.max(...counts)).toBeLessThanOrEqual(3)
})
