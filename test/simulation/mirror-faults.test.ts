/**
 * Many clients of every kind before a mirror, and behind it an origin that changes what it has, cuts,
 * lies about lengths, answers in every framing and says every Cache-Control: whatever a client is
 * told is whole must be exactly one version, and so must what is left on the disk.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { cacheEntries, checkBody } from '../../src/io/cache/cache-folder.ts'
import { spaceOf } from '../../src/protocol/cache/policy.ts'
import type { Answer } from '../support/mirror-fixture.ts'
import { mirrorOf, webOrigin } from '../support/web-origin.ts'

/** A sequence of numbers in 0..1 that is the same in every run. */
function seeded(seed: number) {
  let state = seed
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!
  return { random, pick }
}

const md5 = (text: string) => createHash('md5').update(text).digest()

function bodyOf(path: string, version: number): Buffer {
  const seed = md5(`${path} ${version}`)
  const octets = Buffer.alloc(1000 + md5(path).readUInt16LE(0) * 3)
  for (let index = 0; index < octets.length; index++) {
    octets[index] = seed[index % 16]! ^ (index & 255)
  }
  return octets
}

type Chance = ReturnType<typeof seeded>

const controls = [
  'max-age=1',
  'max-age=60',
  'max-age=0',
  'no-cache',
  'private',
  'no-store',
  'max-age=1, stale-while-revalidate=5',
  'max-age=1, stale-if-error=9',
  'max-age=1, public',
]

function faultyOrigin(chance: Chance) {
  const { random, pick } = chance
  const versions = new Map<string, number>()
  return (request: IncomingMessage, response: ServerResponse): unknown => {
    const { url = '', method, headers } = request
    const version = (versions.get(url) ?? 1) + (random() < 0.05 || method === 'PUT' ? 1 : 0)
    versions.set(url, version)
    if (method === 'PUT') return response.writeHead(random() < 0.7 ? 204 : 500).end()
    if (random() < 0.05) return response.writeHead(503).end('busy')
    if (random() < 0.03) return response.destroy()
    const etag = `"${version}"`
    response.setHeaders(
      new Map([
        ['etag', etag],
        ['accept-ranges', 'bytes'],
      ]),
    )
    response.setHeader('cache-control', pick(...controls))
    if (url === '/vary') response.setHeader('vary', 'x-variant')
    if (headers['if-none-match'] === etag) return response.writeHead(304).end()
    return sendBody(request, response, { octets: bodyOf(url, version), etag, chance })
  }
}

const framings = ['length', 'length', 'chunked', 'close', 'lie'] as const

function frame(response: ServerResponse, framing: (typeof framings)[number], left: number): void {
  if (framing === 'length') response.setHeader('content-length', left)
  if (framing === 'lie') response.setHeader('content-length', left + 10)
  if (framing === 'lie' || framing === 'close') response.setHeader('connection', 'close')
  if (framing === 'close') response.useChunkedEncodingByDefault = false
}

function sendBody(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  { octets, etag, chance }: { octets: Buffer; etag: string; chance: Chance },
): unknown {
  const { random, pick } = chance
  const isPart = headers['if-range'] === etag && random() < 0.8
  const first = isPart ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1]) : 0
  const left = octets.length - first
  const last = octets.length - 1
  if (isPart) response.setHeader('content-range', `bytes ${first}-${last}/${octets.length}`)
  const framing = pick(...framings)
  frame(response, framing, left)
  response.writeHead(isPart ? 206 : 200)
  if (method === 'HEAD') return response.end()
  const isCut = random() < 0.3
  const end = isCut ? first + Math.floor(random() * left) : octets.length
  return send(response, octets.subarray(first, end), isCut || framing === 'lie')
}

function send(response: ServerResponse, octets: Buffer, isCut: boolean): void {
  const piece = octets.subarray(0, 30_000)
  if (piece.length > 0) {
    response.write(piece, () => setImmediate(send, response, octets.subarray(30_000), isCut))
  } else if (isCut) setTimeout(() => response.destroy(), 5)
  else response.end()
}

function requestOf({ random, pick }: Chance) {
  const headers: Record<string, string> = {}
  if (random() < 0.2) headers['range'] = pick('bytes=0-99', 'bytes=500-', 'bytes=-10', 'bytes=900-')
  if (random() < 0.1) headers['if-none-match'] = pick('"1"', '"3"')
  if (random() < 0.1) headers['cookie'] = 'a=b'
  if (random() < 0.3) headers['x-variant'] = pick('1', '2')
  if (random() < 0.1) headers['user-agent'] = 'esx-boot/2.0'
  if (random() < 0.1) headers['cache-control'] = pick('no-cache', 'max-age=0', 'max-stale')
  const method = random() < 0.04 ? 'PUT' : random() < 0.1 ? 'HEAD' : 'GET'
  return { path: pick('/a', '/b', '/c', '/vary', '/e', '/f'), options: { headers, method } }
}

/** Undefined for what promised nothing; else whether the promise was kept. */
function isOneVersion(path: string, answer: Answer): boolean | undefined {
  const { headers } = answer
  const isFramed = (headers['content-length'] ?? headers['transfer-encoding']) !== undefined
  if (!answer.whole || !isFramed || ![200, 206].includes(answer.status)) return undefined
  const octets = bodyOf(path, Number(headers.etag?.replaceAll('"', '')))
  const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(headers['content-range'] ?? '') ?? []
  const part = first === undefined ? octets : octets.subarray(Number(first), Number(last) + 1)
  return answer.body.equals(part)
}

test.for([1, 2, 3])(
  'what is told to be whole is one version (seed %i)',
  { timeout: 60_000 },
  async (seed) => {
    const chance = seeded(seed)
    await using origin = await webOrigin(faultyOrigin(chance))
    await using f = await mirrorOf(origin, { mirror: { limits: { idle: 2000 } } })
    const verdicts: (boolean | undefined)[] = []
    const client = async (): Promise<void> => {
      for (let times = 0; times < 20; times++) {
        const { path, options } = requestOf(chance)
        const answer = await f.get(path, options).catch(() => undefined)
        const isGet = options.method === 'GET'
        verdicts.push(answer && isGet ? isOneVersion(path, answer) : undefined)
      }
    }
    await Promise.all(Array.from({ length: 20 }, client))
    expect(verdicts.filter((verdict) => verdict === false)).toEqual([])
    expect(verdicts.filter((verdict) => verdict === true).length).toBeGreaterThan(100)
    await expect.poll(() => f.mirror.stats().filling).toBe(0)
    await f.store.close()
    for (const { entry } of cacheEntries(f.directory)) {
      expect(await checkBody(f.directory, entry)).toBe('whole')
      const version = Number(entry.headers['etag']?.replaceAll('"', ''))
      const octets = bodyOf(spaceOf(entry.key).target, version)
      expect(entry.sha256).toBe(createHash('sha256').update(octets).digest('hex'))
    }
  },
)
