import Fastify, { type FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Catalog, Entry } from '../../../src/boot/menu/catalog.ts'
import { shaCrypt } from '../../../src/io/sha-crypt.ts'
import { lockedMenuRoute } from '../../../src/server/boot/locked-menu.ts'

/** As few rounds as there can be. */
const cheap = '$6$rounds=1000$salt'
const lock = { crypt: shaCrypt('open sesame: é', cheap) }
const other = { crypt: shaCrypt('other', cheap) }

function linux(name: string, about: Pick<Entry, 'arch' | 'lock'> = {}, folder = name): Entry {
  const files = { kernel: `${folder}/vmlinuz`, initrd: [], args: '' }
  return { ...about, name, title: name, type: 'linux', ...files }
}

const catalog: Catalog = {
  title: 'Lab',
  timeout: 5,
  default: 'disk',
  entries: [
    { type: 'disk', name: 'disk', title: 'Local disk' },
    { type: 'group', name: 'tools', title: 'Tools', entries: [linux('wipe', { lock })] },
    linux('vault', { lock: other }),
    linux('live', { lock }, 'live-x64'),
    linux('live', { lock: other, arch: ['arm64'] }, 'live-arm64'),
  ],
}

let server: FastifyInstance
let now = 0
const emitted: object[] = []

beforeEach(() => {
  emitted.length = 0
  server = Fastify()
  lockedMenuRoute(server, {
    catalog,
    hosts: new Map(),
    loaders: new Set(),
    httpPort: 80,
    macOf: () => undefined,
    firmwareOf: () => undefined,
    emit: (event) => void emitted.push(event),
    clock: () => now,
  })
})

async function ask(name: string, password?: string, from = '192.168.50.100') {
  const credentials = Buffer.from(`wipe:${password ?? ''}`).toString('base64')
  const authorization = password === undefined ? {} : { authorization: `Basic ${credentials}` }
  const headers = { host: 'boot.lab:8080', ...authorization }
  const url = `/menu/${name}.ipxe?mac=52:54:00:12:34:56&arch=x86_64-efi`
  return await server.inject({ url, headers, remoteAddress: from })
}

test('the right password is answered with the script, and never told', async () => {
  const answer = await ask('wipe', 'open sesame: é')
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.body).toContain('kernel http://boot.lab:8080/wipe/vmlinuz')
  expect(answer.body).not.toContain('sesame')
  expect(emitted).toEqual([
    { type: 'menu.opened', mac: '52:54:00:12:34:56', ip: '192.168.50.100', entry: 'wipe' },
  ])
})

test('without one it is asked for: iPXE sends it only then', async () => {
  const answer = await ask('wipe')
  expect(answer.statusCode).toBe(401)
  expect(answer.headers['www-authenticate']).toBe('Basic realm="wipe", charset="UTF-8"')
  expect(answer.body).not.toContain('vmlinuz')
  expect(emitted).toEqual([])
})

test.for(['', 'open sesame', 'open sesame: É'])('%j is wrong', async (password) => {
  const answer = await ask('wipe', password)
  expect(answer.statusCode).toBe(403)
  expect(answer.body).not.toContain('vmlinuz')
  expect(emitted).toMatchObject([{ type: 'menu.refused', entry: 'wipe', reason: 'wrong password' }])
  expect(JSON.stringify(emitted)).not.toContain('sesame')
})

test.for(['disk', 'tools', 'nothing'])('%s has none', async (name) => {
  expect((await ask(name, 'open sesame: é')).statusCode).toBe(404)
})

describe('after five wrong ones', () => {
  beforeEach(async () => {
    await Promise.all([1, 2, 3, 4, 5].map((each) => ask('wipe', `guess ${each}`)))
  })

  test('an address waits a minute, even with the right one', async () => {
    expect((await ask('wipe', 'open sesame: é')).statusCode).toBe(429)
    now += 60_000
    expect((await ask('wipe', 'open sesame: é')).statusCode).toBe(200)
  })

  test('other addresses do not', async () => {
    expect((await ask('wipe', 'open sesame: é', '192.168.50.101')).statusCode).toBe(200)
  })
})

test('who has many addresses gets no further than sixty', async () => {
  for (let host = 1; host <= 60; host += 1) {
    expect((await ask('wipe', 'guess', `fd77::${host.toString(16)}`)).statusCode).toBe(403)
  }
  expect((await ask('wipe', 'guess', 'fd77::1:1')).statusCode).toBe(429)
  now += 60_000
  expect((await ask('wipe', 'open sesame: é', 'fd77::1:1')).statusCode).toBe(200)
})

test('the right one does not count', async () => {
  for (const password of ['a', 'b', 'c', 'd']) await ask('wipe', password)
  for (let time = 0; time < 3; time += 1) {
    expect((await ask('wipe', 'open sesame: é')).statusCode).toBe(200)
  }
})

test('who knows one password guesses another no faster for it', async () => {
  for (const password of ['a', 'b', 'c', 'd']) await ask('vault', password)
  expect((await ask('wipe', 'open sesame: é')).statusCode).toBe(200)
  expect((await ask('vault', 'e')).statusCode).toBe(403)
  expect((await ask('vault', 'f')).statusCode).toBe(429)
})

describe('of two entries with one name', () => {
  const url = '/menu/live.ipxe?arch='
  const headers = { authorization: `Basic ${Buffer.from('live:other').toString('base64')}` }

  test('each processor’s has its own password', async () => {
    expect((await server.inject({ url: `${url}arm64-efi`, headers })).body).toContain('live-arm64')
    expect((await server.inject({ url: `${url}x86_64-efi`, headers })).statusCode).toBe(403)
  })
})
