import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cacheEntries, checkBody, removeBody } from '../../../src/io/cache/cache-folder.ts'
import { contentPath } from '../../../src/io/cache/cache-layout.ts'
import { ContentStore, type ContentStoreOptions } from '../../../src/io/cache/content-store.ts'
import { Scrubber } from '../../../src/io/cache/scrubber.ts'

let directory = ''
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'bootlace-scrub-'))))
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  rmSync(directory, { recursive: true, force: true })
})

const stores: ContentStore[] = []
async function open(own: Partial<ContentStoreOptions> = {}): Promise<ContentStore> {
  const store = await ContentStore.open({ directory, maxBytes: 1e9, clock: () => 1000, ...own })
  stores.push(store)
  return store
}
const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex')
const answered = { status: 200, headers: {}, requestedAt: 3, respondedAt: 4 }

async function put(store: ContentStore, key: string, text: string): Promise<boolean> {
  const file = await store.openTemporary()
  await file.handle.write(text)
  const body = { key, sha256: sha256Of(text), size: text.length }
  const published = await store.publish(file, { ...body, ...answered })
  await file.handle.close()
  return published
}

/** As a disk does it: the same length, another bit. */
function damage(text: string): void {
  const path = contentPath(directory, sha256Of(text))
  const octets = readFileSync(path)
  octets[0]! ^= 1
  writeFileSync(path, octets)
}

describe('scrub', () => {
  test('what is damaged is found, told and gone, under every key; the rest stays', async () => {
    const store = await open()
    await put(store, 'm o /a', 'hello')
    await put(store, 'm o /same', 'hello')
    await put(store, 'm o /b', 'world')
    damage('hello')
    const told: string[] = []
    const damaged = ({ key }: { key: string }) => void told.push(key)
    const scrubber = new Scrubber({ store, directory, interval: 3, damaged })
    await expect.poll(() => told.length).toBe(1)
    await scrubber.close()
    expect(store.keys()).toEqual(['m o /b'])
    await store.close()
    expect((await open()).keys()).toEqual(['m o /b'])
  })

  test('it ends at once, also in a long pause and with nothing stored', async () => {
    for (const keys of [[], ['m o /a']]) {
      const store = await open()
      for (const key of keys) await put(store, key, 'hello')
      await new Scrubber({ store, directory, interval: 1e12, damaged: vi.fn() }).close()
      expect(store.keys()).toEqual(keys)
    }
  })
})

describe('from outside', () => {
  test('a body is whole, damaged or gone', async () => {
    const store = await open()
    await put(store, 'm o /a', 'hello')
    const [{ entry } = { entry: undefined }] = cacheEntries(directory)
    expect(await checkBody(directory, entry!)).toBe('whole')
    damage('hello')
    expect(await checkBody(directory, entry!)).toBe('damaged')
    writeFileSync(contentPath(directory, sha256Of('hello')), 'hell')
    expect(await checkBody(directory, entry!)).toBe('damaged')
    await removeBody(directory, entry!)
    expect(await checkBody(directory, entry!)).toBe('gone')
  })

  test('what is removed there is a miss in the running store, which can store it again', async () => {
    const store = await open()
    await put(store, 'm o /a', 'hello')
    await (await store.find('m o /a')!.openFile())!.close() // now it is in memory, too
    for (const { entry } of cacheEntries(directory)) await removeBody(directory, entry)
    expect(await store.find('m o /a')!.openFile()).toBeUndefined()
    expect(store.keys()).toEqual([])
    expect(await put(store, 'm o /a', 'hello')).toBe(true)
    await store.close()
    expect(cacheEntries(directory).map(({ entry }) => entry.key)).toEqual(['m o /a'])
  })
})

describe('shares and reserve', () => {
  test('a mirror drives out only its own, the longest unused first', async () => {
    const store = await open({ shares: new Map([['small', 10]]) })
    await put(store, 'large o /a', 'x'.repeat(50))
    await put(store, 'small o /a', 'aaaa')
    await put(store, 'small o /b', 'bbbb')
    store.find('small o /a')
    await put(store, 'small o /c', 'cccc')
    expect([...store.keys()].sort()).toEqual(['large o /a', 'small o /a', 'small o /c'])
    expect(await put(store, 'small o /large', 'y'.repeat(11))).toBe(false)
    expect(store.keys()).toHaveLength(3)
    await put(store, 'small o /a', 'dddddd') // another body under the same key: counted once
    expect([...store.keys()].sort()).toEqual(['large o /a', 'small o /a', 'small o /c'])
    await store.close()
    const smaller = await open({ shares: new Map([['small', 6]]) })
    expect(smaller.keys()).toHaveLength(2)
  })

  test('while too little is free, nothing new is written; what is stored is served', async () => {
    const store = await open()
    await put(store, 'm o /a', 'hello')
    const full = await open({ reserve: 1e18 })
    await expect(full.openTemporary()).rejects.toThrow('the disk is nearly full')
    const file = await full.find('m o /a')?.openFile()
    expect(file?.size).toBe(5)
    await file?.close()
  })
})
