/**
 * The mirror: payloads of 1 KB to 256 MB that are already in the cache, from Bootlace and from nginx as
 * a caching reverse proxy, one worker. Loopback with an Ethernet's MTU, server and client
 * on a processor each, both servers writing their usual log into a file.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Cost, account } from './accounting.ts'
import { forgetFiles } from './cold-files.ts'
import { node, serveCommand } from './ours.ts'
import type { BenchOptions, Part } from './part.ts'
import { cachePort, prepareNginx, tunedCache, wholeFiles } from './nginx-cache.ts'
import { type Peer, findPeer, upstreamVersion } from './peers.ts'
import { BenchNetwork, runIn, untilReady } from './programs.ts'
import { takeTurns } from './rounds.ts'
import { best, figure, median, comparison } from './table.ts'

const originPort = 8001
const serverCore = 0
const clientCore = 1
/** How long each figure is taken, seconds. */
const duration = 2

interface Load {
  readonly name: string
  readonly size: number
  readonly connections: number
  readonly client: 'wrk' | 'discard' | 'cold'
}

const loads: readonly Load[] = [
  ...[1, 8, 64].map((connections) => load('1 KB', 1_000, connections, 'wrk')),
  ...[1, 8, 64].map((connections) => load('1 MB', 1_000_000, connections, 'discard')),
  ...[8, 64].map((connections) => load('32 MB', 32_000_000, connections, 'discard')),
  ...[1, 8, 64].map((connections) => load('64 MB', 64_000_000, connections, 'discard')),
  load('256 MB', 256_000_000, 8, 'discard'),
  { ...load('', 256_000_000, 1, 'cold'), name: '256 MB, once, from the disk' },
]

function load(name: string, size: number, connections: number, client: Load['client']): Load {
  return { name: `${name}, ${connections} at once`, size, connections, client }
}

export const mirrorPart: Part = {
  title: 'Mirror, payloads that are in the cache',
  run: async (options) => {
    await using network = await BenchNetwork.open()
    const rig = await prepare(network, options.folder)
    await warm(rig)
    for (const server of rig.servers) await warmUp(rig, server)
    const rows: (readonly string[])[] = []
    for (const one of loads) {
      options.say(`mirror ${one.name}`)
      rows.push(...(await measure(rig, one, options)))
    }
    return { how, table: { head, rows } }
  },
}

const head = 'hits|server|req/s|MB/s|Bootlace|CPU|Bootlace|first octet ms|foreign'.split('|')

const how =
  'One server process, warmed up, on one processor, the client on another, loopback with MTU 1500; best rate ' +
  `and median CPU of all rounds of ${duration} s. "Bootlace" is Bootlace divided by nginx: above 1 ` +
  'is faster, or dearer. "CPU": of the server, µs per request for 1 KB, s per GB for the others. ' +
  '"From the disk": nothing of it was in memory, and the client is curl. "first octet": of a request, the median of the best round. "foreign": cores busy with other work during that.'

interface Server {
  readonly name: string
  readonly pid: number
  readonly port: number
}

interface Rig {
  readonly namespace: string
  readonly folder: string
  readonly servers: readonly Server[]
  readonly wrk: Peer
  readonly curl: Peer
}

async function prepare(network: BenchNetwork, folder: string): Promise<Rig> {
  const namespace = await network.namespace('mirror')
  const curl = await findPeer('curl')
  const startOrigin = [node, fileURLToPath(new URL('origin.ts', import.meta.url)), `${originPort}`]
  network.start(namespace, startOrigin, { log: join(folder, 'origin.log'), core: clientCore })
  const servers: Server[] = []
  for (const plan of [await ours(folder), await nginx(folder)]) {
    const log = join(folder, `${plan.name}.log`)
    const pid = network.start(namespace, plan.argv, { log, core: serverCore })
    servers.push({ ...plan, pid })
    const get = [...curl.command, '-sSf', '-o', '/dev/null', urlOf(plan.port, 1)]
    await untilReady(() => runIn(namespace, get), log)
  }
  return { namespace, folder, servers, curl, wrk: await findPeer('wrk') }
}

async function ours(folder: string) {
  const argv = await serveCommand(join(folder, 'mirror.yaml'), {
    interfaces: ['lo'],
    data: join(folder, 'data'),
    cache: { directory: join(folder, 'cache') },
    dhcp: { mode: 'off' },
    tftp: { enabled: false },
    mirrors: { autodeploy: { origin: `http://127.0.0.1:${originPort}`, port: 5100 } },
  })
  return { name: 'Bootlace', argv, port: 5100 }
}

async function nginx(folder: string) {
  const { command, name, version } = await findPeer('nginx')
  const http = tunedCache({ originPort, manner: wholeFiles })
  const argv = await prepareNginx(command, join(folder, 'nginx'), { workers: 1, http })
  return { name: `${name} ${upstreamVersion(version)}`, argv, port: cachePort }
}

/** Fills the caches, and compares what they give with what the origin has. */
async function warm(rig: Rig): Promise<void> {
  for (const size of new Set(loads.map((one) => one.size))) {
    const ports = [originPort, ...rig.servers.map(({ port }) => port)]
    // The second answer of a mirror is the stored one.
    for (const port of ports) await contents(rig, urlOf(port, size))
    const digests = await Promise.all(ports.map((port) => contents(rig, urlOf(port, size))))
    if (new Set(digests).size > 1) throw new Error(`the mirrors give wrong octets (${size})`)
  }
}

/** A service runs for weeks: what is measured is not its first second. */
async function warmUp(rig: Rig, { port }: Server): Promise<void> {
  for (const name of ['wrk', 'discard'] as const) {
    const one = loads.find(({ client, connections }) => client === name && connections === 8)
    if (one !== undefined) await clients[name](rig, one, port)
  }
}

async function contents({ namespace, folder, curl }: Rig, url: string): Promise<string> {
  const copy = join(folder, `copy-${new URL(url).port}`)
  await runIn(namespace, [...curl.command, '-sSf', '-o', copy, url])
  return createHash('sha256')
    .update(await readFile(copy))
    .digest('hex')
}

/** What a client did, by its own count and clock. */
interface Result {
  readonly requests: number
  readonly bytes: number
  readonly seconds: number
  /** Milliseconds until the first octet of a body, of the request in the middle. */
  readonly firstOctet?: number
}

interface Sample extends Result {
  readonly cost: Cost
  readonly foreign: number
}

async function measure(rig: Rig, one: Load, { rounds }: BenchOptions) {
  const samples = await takeTurns(rig.servers, rounds, (server) => once(rig, one, server))
  const figures = rig.servers.map((server, index) => ({
    server,
    ...summary(one, samples[index] ?? []),
  }))
  return comparison(one.name, figures, [
    { show: (row) => row.server.name },
    { show: (row) => figure(row.requests) },
    { show: (row) => figure(row.megabytes) },
    { compare: (row) => row.requests },
    { show: (row) => figure(row.cpu) },
    { compare: (row) => row.cpu },
    { show: (row) => figure(row.firstOctet) },
    { show: (row) => figure(row.foreign) },
  ])
}

async function once(rig: Rig, one: Load, { pid, port }: Server): Promise<Sample> {
  if (one.client === 'cold') await forgetFiles(rig.folder)
  const [result, cost] = await account([pid], () => clients[one.client](rig, one, port))
  return { ...result, cost, foreign: cost.foreign }
}

function summary(one: Load, samples: readonly Sample[]) {
  const fastest = best(samples, ({ bytes, seconds }) => bytes / seconds)
  const cpu = ({ bytes, requests, cost }: Sample): number =>
    one.client === 'wrk'
      ? ((cost.cpu[0] ?? 0) * 1e6) / requests
      : ((cost.cpu[0] ?? 0) * 1e9) / bytes
  return {
    requests: fastest.bytes / one.size / fastest.seconds,
    megabytes: fastest.bytes / 1e6 / fastest.seconds,
    cpu: median(samples.map(cpu)),
    firstOctet: fastest.firstOctet ?? Number.NaN,
    foreign: fastest.foreign,
  }
}

type Client = (rig: Rig, one: Load, port: number) => Promise<Result>

const clients: Readonly<Record<Load['client'], Client>> = {
  wrk: async ({ namespace, wrk }, { connections, size }, port) => {
    const args = ['-t', '1', '-c', `${connections}`, '-d', `${duration}s`, urlOf(port, size)]
    const text = await runIn(namespace, [...wrk.command, ...args], clientCore)
    if (/Non-2xx/.test(text)) throw new Error(`wrk got errors from port ${port}:\n${text}`)
    const [, requests, seconds] = (/(\d+) requests in ([\d.]+)s/.exec(text) ?? []).map(Number)
    if (requests === undefined || seconds === undefined) throw new Error(`wrk says: ${text}`)
    return { requests, bytes: requests * size, seconds }
  },
  discard: async ({ namespace }, { connections, size }, port) => {
    const program = fileURLToPath(new URL('discard.ts', import.meta.url))
    const args = [`${port}`, new URL(urlOf(port, size)).pathname, `${connections}`, `${duration}`]
    return parseResult(await runIn(namespace, [node, program, ...args], clientCore))
  },
  cold: fetchOnce,
}

/** One request. */
async function fetchOnce({ namespace, curl }: Rig, { size }: Load, port: number): Promise<Result> {
  const args = ['-sSf', '-o', '/dev/null', '-w', '%{time_total} %{time_starttransfer}']
  const text = await runIn(namespace, [...curl.command, ...args, urlOf(port, size)], clientCore)
  const [seconds = Number.NaN, first = Number.NaN] = text.split(' ').map(Number)
  return { requests: 1, bytes: size, seconds, firstOctet: first * 1000 }
}

function parseResult(text: string): Result {
  return JSON.parse(text) as Result
}

function urlOf(port: number, size: number): string {
  return `http://127.0.0.1:${port}/vmw/cache/${size}/payload`
}
