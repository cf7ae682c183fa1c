import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { cacheCommand } from '../../../src/app/command/cache-command.ts'
import { bootCfgFiles } from '../../../src/boot/esxi/boot-cfg.ts'
import { cacheEntries } from '../../../src/io/cache/cache-folder.ts'
import { contentPath } from '../../../src/io/cache/cache-layout.ts'
import { hostId } from '../../support/origin-hosts.ts'
import { loaderName, payloadOctets } from '../../support/origin-payloads.ts'
import { type Fixture, mirrorFixture } from '../../support/mirror-fixture.ts'

let said: string[] = []
let f: Fixture

beforeEach(async () => {
  f = await mirrorFixture()
  said = []
  vi.spyOn(console, 'log').mockImplementation((text: string) => void said.push(text))
})

afterEach(async () => {
  vi.restoreAllMocks()
  await f[Symbol.asyncDispose]()
})

/** With a configuration whose mirror is the one that runs. */
async function run(...args: string[]): Promise<number> {
  said = []
  const file = join(f.scratch, 'bootlace.yaml')
  const mirror = `origin: ${f.origin.url.origin}, port: ${f.port}`
  writeFileSync(
    file,
    `cache: { directory: ${f.directory} }\nmirrors: { autodeploy: { ${mirror} } }\n`,
  )
  return await cacheCommand([...args, '--config', file])
}

const json = (): unknown => JSON.parse(said.join('\n'))

async function warm(count: number): Promise<string[]> {
  const paths = f.origin.payloads.slice(-count).map(({ path }) => path)
  for (const path of paths) await f.get(path)
  await expect.poll(() => f.store.stats().objects).toBe(count)
  return paths
}

test('ls and stat tell what is there; an empty cache is told', async () => {
  expect(await run('ls')).toBe(0)
  expect(said).toEqual([`${f.directory}: nothing is stored`])
  const paths = await warm(3)
  expect(await run('ls', '--json')).toBe(0)
  const rows = json() as { mirror: string; path: string; bytes: number }[]
  expect(rows.map(({ path }) => path).sort()).toEqual([...paths].sort())
  expect(rows[0]?.mirror).toBe('autodeploy')
  await run('ls', paths[0]!)
  expect(said).toHaveLength(1)
  expect(said[0]).toContain(`autodeploy  ${paths[0]}`)
  await run('stat', '--json')
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0)
  expect(json()).toMatchObject({ objects: 3, bytes, mirrors: [{ objects: 3, bytes }] })
})

test('verify finds one wrong bit, and the running mirror fetches that payload again', async () => {
  const paths = await warm(3)
  expect(await run('verify')).toBe(0)
  expect(said).toEqual(['3 objects checked, 0 damaged'])
  const [{ entry } = { entry: undefined }] = cacheEntries(f.directory)
  const path = contentPath(f.directory, entry!.sha256)
  const octets = readFileSync(path)
  octets[1]! ^= 1
  writeFileSync(path, octets)
  expect(await run('verify', '--json')).toBe(1)
  const damaged = (json() as { damaged: { path: string }[] }).damaged.map((row) => row.path)
  expect(damaged).toEqual([entry!.key.split(' ').at(-1)])
  for (const each of paths) {
    const answer = await f.get(each)
    const payload = f.origin.payloads.find((one) => one.path === each)!
    expect(answer.body.equals(payloadOctets(payload))).toBe(true)
    expect(answer.headers['x-cache']).toBe(damaged.includes(each) ? 'MISS' : 'HIT')
  }
})

test('purge removes what is named and no more, and asks what, if nothing is', async () => {
  const [first = '', second = ''] = await warm(2)
  await expect(run('purge')).rejects.toThrow('purge what?')
  await expect(run('purge', first, '--all')).rejects.toThrow('purge what?')
  expect(await run('purge', first)).toBe(0)
  expect(said[0]).toMatch(/^1 object removed/)
  expect((await f.get(first)).headers['x-cache']).toBe('MISS')
  expect((await f.get(second)).headers['x-cache']).toBe('HIT')
  await run('purge', '--all')
  await run('ls', '*.v00')
  expect(said).toEqual([`${f.directory}: nothing of that is stored`])
  expect((await f.get(second)).headers['x-cache']).toBe('MISS')
})

test('prewarm from a boot.cfg of the mirror: payloads once, and nothing of the host', async () => {
  const host = hostId('52:54:00:12:34:56')
  const source = `/vmw/rbd/host/${host}/boot.cfg?bootmac=52:54:00:12:34:56`
  expect(await run('prewarm', source, '--json')).toBe(0)
  // What loads the others is not named in it.
  const modules = f.origin.payloads.filter(({ name }) => name !== loaderName)
  const count = modules.length
  expect(json()).toMatchObject({
    here: count,
    wereHere: 0,
    failed: [],
    neverStored: [`/vmw/rbd/host/${host}/waiter.tgz`],
  })
  expect(f.origin.count(`/vmw/rbd/host/${host}/waiter.tgz`).gets).toBe(0)
  for (const { path } of modules) expect(f.origin.count(path).gets).toBe(1)
  await expect.poll(() => f.store.stats().objects).toBe(count)
  await run('prewarm', source, '--json')
  expect(json()).toMatchObject({ here: count, wereHere: count })
})

test('prewarm from a list in a file: what is missing is told, and the exit code says so', async () => {
  const list = join(f.scratch, 'list')
  const [first, second] = f.origin.payloads.slice(-2)
  const url = `${f.origin.url.origin}${second!.path}`
  writeFileSync(list, `# two\n${first!.path}\n\n${url}\n${first!.path}\n/vmw/cache/none\n`)
  expect(await run('prewarm', list, '--json')).toBe(1)
  expect(json()).toMatchObject({
    here: 2,
    failed: [{ path: '/vmw/cache/none', problem: 'the mirror answered 404' }],
  })
})

test.for(['no-such-file', 'http://elsewhere.example/boot.cfg'])(
  'prewarm from %s is refused',
  async (source) => {
    await expect(run('prewarm', source)).rejects.toThrow('neither a file nor a path')
  },
)

test('no verb, an unknown verb, two words, an unknown mirror: told what there is', async () => {
  for (const words of [[], ['lsx'], ['ls', 'a', 'b']]) {
    await expect(run(...words)).rejects.toThrow('bootlace cache ls')
  }
  await expect(run('ls', '--mirror', 'other')).rejects.toThrow('there are: autodeploy')
})

test('a boot.cfg: prefix, comments, any case of keys, absolute names', () => {
  const text = [
    '# modules=/not/this',
    'Title=x',
    'PREFIX = http://h/esx',
    'kernel=b.b00',
    'modules=a.b00 --- /abs/c.v00 --- http://other/d',
    'crypto=crypto64.efi',
  ].join('\r\n')
  expect(bootCfgFiles(text)).toEqual([
    'http://h/esx/crypto64.efi',
    'http://h/esx/b.b00',
    'http://h/esx/a.b00',
    '/abs/c.v00',
    'http://other/d',
  ])
  expect(bootCfgFiles('kernel=k\nmodules=', '/d/')).toEqual(['/d/k'])
  expect(bootCfgFiles('/a\n/b')).toBeUndefined()
})
