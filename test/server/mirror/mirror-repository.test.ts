import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type WebOrigin, mirrorOf, webOrigin } from '../../support/web-origin.ts'

const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex')

/** One generation of a repository: an index, a list by its checksum, and one without. */
function generation(number: number) {
  const primary = `packages of generation ${number}`
  const group = `groups of generation ${number}`
  const named = `repodata/${sha256Of(primary)}-primary.xml.gz`
  const data = (type: string, href: string, text: string) =>
    `<data type="${type}"><checksum type="sha256">${sha256Of(text)}</checksum>` +
    `<location href="${href}"/></data>`
  const index = `<repomd><revision>${number}</revision>${data('primary', named, primary)}${data('group', 'repodata/comps.xml', group)}</repomd>`
  const files: Readonly<Record<string, string>> = {
    '/os/repodata/repomd.xml': index,
    '/os/repodata/repomd.xml.asc': `signature of ${sha256Of(index)}`,
    [`/os/${named}`]: primary,
    '/os/repodata/comps.xml': group,
    '/os/Packages/a-1.0-1.noarch.rpm': 'a package',
  }
  return { files, named: `/os/${named}`, index, group, primary }
}

const index = '/os/repodata/repomd.xml'

interface Repository extends WebOrigin {
  publish(files: Readonly<Record<string, string>>): void
  /** Holds back what matches, until it is called. */
  hold(path: RegExp): () => void
}

async function repository(): Promise<Repository> {
  let files: Readonly<Record<string, string>> = generation(1).files
  let held: RegExp | undefined
  const waiting: (() => void)[] = []
  const send = (url: string, tag: string | undefined, response: ServerResponse): void => {
    const text = files[url]
    const etag = `"${sha256Of(text ?? '').slice(0, 8)}"`
    if (text === undefined) response.writeHead(404).end('gone')
    else if (tag === etag) response.writeHead(304, { etag }).end()
    else response.writeHead(200, { etag, 'content-length': text.length }).end(text)
  }
  const origin = await webOrigin(({ url = '', headers }, response) => {
    const answer = () => send(url, headers['if-none-match'], response)
    if (held?.test(url) === true) waiting.push(answer)
    else answer()
  })
  return Object.assign(origin, {
    publish: (next: Readonly<Record<string, string>>) => void (files = next),
    hold(path: RegExp) {
      held = path
      return () => {
        held = undefined
        for (const answer of waiting.splice(0)) answer()
      }
    },
  })
}

const mirrored = (origin: Repository) => mirrorOf(origin, { mirror: { profile: 'rpm-repository' } })

test('packages and metadata by checksum are fetched once and for ever', async () => {
  await using origin = await repository()
  await using f = await mirrored(origin)
  const { named } = generation(1)
  for (const path of ['/os/Packages/a-1.0-1.noarch.rpm', named]) {
    await f.get(path)
    await expect.poll(async () => (await f.get(path)).headers['x-cache']).toBe('HIT')
    expect(origin.asked.filter((asked) => asked.endsWith(path))).toHaveLength(1)
  }
  origin.publish({})
  expect((await f.get('/os/Packages/a-1.0-1.noarch.rpm')).status).toBe(200)
})

test('the index is asked about each time; what it names is fetched with it', async () => {
  await using origin = await repository()
  await using f = await mirrored(origin)
  await f.get(index)
  await expect.poll(() => f.store.stats().objects).toBe(4)
  const asked = origin.asked.length
  await f.get(index)
  await f.get(index)
  expect(origin.asked.slice(asked)).toEqual([`GET ${index}`, `GET ${index}`])
  for (const path of [`${index}.asc`, '/os/repodata/comps.xml', generation(1).named]) {
    expect((await f.get(path)).headers['x-cache']).toBe('HIT')
  }
  expect(origin.asked).toHaveLength(asked + 2)
})

describe('a new generation', () => {
  test('is given out only when all of it is here, and then all at once', async () => {
    await using origin = await repository()
    await using f = await mirrored(origin)
    const [old, young] = [generation(1), generation(2)]
    await f.get(index)
    await expect.poll(() => f.store.stats().objects).toBe(4)
    origin.publish(young.files)
    const release = origin.hold(/comps\.xml$/)
    const seen = async () => ({
      index: (await f.get(index)).body.toString(),
      group: (await f.get('/os/repodata/comps.xml')).body.toString(),
      signature: (await f.get(`${index}.asc`)).body.toString(),
      primary: (await f.get(old.named)).body.toString(),
    })
    const before = {
      index: old.index,
      group: old.group,
      signature: old.files[`${index}.asc`],
      primary: old.primary,
    }
    for (let times = 0; times < 3; times++) expect(await seen()).toEqual(before)
    release()
    await expect.poll(async () => (await f.get(index)).body.toString()).toBe(young.index)
    expect(await seen()).toEqual({
      index: young.index,
      group: young.group,
      signature: young.files[`${index}.asc`],
      primary: old.primary, // for those who still have the old index
    })
    expect((await f.get(young.named)).headers['x-cache']).toBe('HIT')
  })

  test('that is not what its index says never takes the place of a good one', async () => {
    await using origin = await repository()
    await using f = await mirrored(origin)
    await f.get(index)
    await expect.poll(() => f.store.stats().objects).toBe(4)
    const young = generation(2)
    origin.publish({ ...young.files, '/os/repodata/comps.xml': 'damaged' })
    await f.get(index)
    await expect.poll(() => f.events.filter(({ type }) => type === 'service.hint').length).toBe(1)
    expect(f.events.find(({ type }) => type === 'service.hint')?.reason).toContain('comps.xml')
    expect((await f.get('/os/repodata/comps.xml')).body.toString()).toBe(generation(1).group)
    origin.publish(young.files)
    await expect.poll(async () => (await f.get(index)).body.toString()).toBe(young.index)
  })

  test.for([`${index}.asc`, index])(
    'of which %s came short is had whole the next time, and nothing that was good goes',
    async (path) => {
      await using origin = await repository()
      let now = Date.now()
      const mirror = { profile: 'rpm-repository', clock: () => now } as const
      await using f = await mirrorOf(origin, { mirror })
      await f.get(index)
      await expect.poll(() => f.store.stats().objects).toBe(4)
      now += 10_000 // beyond doubt
      const [old, young] = [generation(1), generation(2)]
      const text = young.files[path] ?? ''
      const size = text.includes('<data type="group"') ? text.indexOf('<data type="group"') : 9
      origin.publish(young.files)
      const { handler } = origin
      origin.handler = (asked, response, count) => {
        if (asked.url !== path) return handler(asked, response, count)
        origin.handler = handler
        return response.writeHead(200, { 'content-length': size }).end(text)
      }
      await f.get(index)
      const broken = () =>
        f.events.flatMap(({ type, file }) => (type === 'mirror.broken' ? file : []))
      await expect.poll(broken).toContain(path)
      expect([old.index, young.index]).toContain((await f.get(index)).body.toString())
      await expect.poll(async () => (await f.get(index)).body.toString()).toBe(young.index)
      expect((await f.get(path)).body.toString()).toBe(text)
    },
  )

  test('whose old files are gone here and there is given out at the next look', async () => {
    await using origin = await repository()
    await using f = await mirrored(origin)
    await f.get(index)
    await expect.poll(() => f.store.stats().objects).toBe(4)
    const [old, young] = [generation(1), generation(2)]
    f.store.remove(`autodeploy ${origin.url.origin} ${old.named}`)
    origin.publish(young.files)
    expect((await f.get(old.named)).status).toBe(404)
    expect((await f.get(index)).body.toString()).toBe(young.index)
  })
})

test('who has read the former index goes on to get its files, everybody else the new ones', async () => {
  await using origin = await repository()
  await using f = await mirrored(origin)
  const [old, young] = [generation(1), generation(2)]
  const [slow, fast] = ['127.0.0.2', '127.0.0.3'].map((localAddress) => async (path: string) => {
    const { body } = await f.get(path, { localAddress })
    return body.toString()
  })
  expect(await slow?.(index)).toBe(old.index)
  origin.publish(young.files)
  await expect.poll(() => fast?.(index)).toBe(young.index)
  expect(await slow?.('/os/repodata/comps.xml')).toBe(old.group)
  expect(await slow?.(`${index}.asc`)).toBe(old.files[`${index}.asc`])
  expect(await fast?.('/os/repodata/comps.xml')).toBe(young.group)
  expect((await f.get('/os/repodata/comps.xml')).body.toString()).toBe(young.group)
  expect(await slow?.(index)).toBe(young.index)
  expect(await slow?.('/os/repodata/comps.xml')).toBe(young.group)
})

test('what is fetched anew never takes the place of a file of the former index', async () => {
  await using origin = await repository()
  await using f = await mirrored(origin)
  const [old, young] = [generation(1), generation(2)]
  const from = (localAddress: string) => async (path: string) =>
    (await f.get(path, { localAddress })).body.toString()
  const [slow, fast] = [from('127.0.0.2'), from('127.0.0.3')]
  await slow(index)
  origin.publish(young.files)
  await expect.poll(() => fast(index)).toBe(young.index)
  f.store.remove(`autodeploy ${origin.url.origin} ${index}`)
  await slow('/os/repodata/comps.xml')
  expect(await fast(index)).toBe(young.index)
  expect(await slow('/os/repodata/comps.xml')).toBe(old.group)
})

describe('a first index', () => {
  test('is given out when all that it names is here', async () => {
    await using origin = await repository()
    await using f = await mirrored(origin)
    const release = origin.hold(/comps\.xml$/)
    let answered = 0
    const clients = [1, 2].map(async () => {
      await f.get(index)
      answered += 1
    })
    await expect.poll(() => origin.asked).toContain('GET /os/repodata/comps.xml')
    await f.get('/os/Packages/a-1.0-1.noarch.rpm')
    expect(answered).toBe(0)
    release()
    await Promise.all(clients)
    expect((await f.get('/os/repodata/comps.xml')).headers['x-cache']).toBe('HIT')
  })

  test('whose files are gone gives way to the one that is there by then', async () => {
    await using origin = await repository()
    await using f = await mirrored(origin)
    const { handler } = origin
    origin.handler = (asked, response, count) => {
      handler(asked, response, count)
      if (asked.url === index) origin.publish(generation(2).files)
    }
    expect((await f.get(index)).body.toString()).toBe(generation(2).index)
    expect((await f.get('/os/repodata/comps.xml')).body.toString()).toBe(generation(2).group)
  })

  test('that names what is never there is given out all the same', async () => {
    await using origin = await repository()
    await using f = await mirrored(origin)
    const { '/os/repodata/comps.xml': _absent, ...files } = generation(1).files
    origin.publish(files)
    expect((await f.get(index)).body.toString()).toBe(generation(1).index)
    expect((await f.get(generation(1).named)).body.toString()).toBe(generation(1).primary)
  })
})

test('an origin that is down changes nothing', async () => {
  await using origin = await repository()
  await using f = await mirrored(origin)
  await f.get(index)
  await expect.poll(() => f.store.stats().objects).toBe(4)
  await origin.close()
  for (const path of Object.keys(generation(1).files).slice(0, 4)) {
    expect((await f.get(path)).body.toString()).toBe(generation(1).files[path])
  }
})
