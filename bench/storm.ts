/**
 * A boot storm: all hosts ask for the same image at the same moment, before a cache that is cold, and
 * once more when it is warm. Bootlace, nginx (the published recipe, and tuned) and Varnish, before the
 * same origin, by plain HTTP for all since Varnish speaks nothing else to an origin.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { account } from './accounting.ts'
import { peakMemory } from './memory.ts'
import { node } from './ours.ts'
import type { BenchOptions, Part } from './part.ts'
import { type Peer, findPeer } from './peers.ts'
import { BenchNetwork, runIn, untilReady } from './programs.ts'
import { takeTurns } from './rounds.ts'
import type { StormResult } from './storm-client.ts'
import { imageFiles, imageSize } from './storm-image.ts'
import { type StormServer, storm, stormServers } from './storm-servers.ts'
import { comparison, figure, median } from './table.ts'

const hosts = 64
/** Octets in a second that the origin gives, to all together. */
const originRate = 100_000_000
/** A service runs for weeks: another image has gone through it before it is measured. */
const warmUp = { hosts: 16, image: 'earlier' }
const image = 'storm'
const size = imageSize(imageFiles(image))

export const stormPart: Part = {
  title: 'Boot storm, beside other caches',
  run: async (options) => {
    await using network = await BenchNetwork.open()
    const namespace = await network.namespace('storm')
    const origin = [node, program('storm-origin.ts'), `${storm.originPort}`, `${originRate}`]
    network.start(namespace, origin, { log: join(options.folder, 'origin.log') })
    const rig = { network, namespace, folder: options.folder, curl: await findPeer('curl') }
    const servers = await stormServers()
    const samples = await measureAll(rig, servers, options)
    const rows = temperatures.flatMap((temperature) =>
      rowsOf(
        temperature,
        servers.map((server, index) => ({
          server,
          ...summary((samples[index] ?? []).map((sample) => sample[temperature])),
        })),
      ),
    )
    return { how, table: { head, rows } }
  },
}

const how =
  `${hosts} hosts at the same moment, each ${imageFiles(image).length} files (${size / 1e6} MB) one after the other over a ` +
  `kept connection; the origin gives ${originRate / 1e6} MB/s in all, so no cold host can have everything ` +
  `before ${figure(size / originRate)} s. Two processors for all: nginx has two workers. Medians of all rounds; ` +
  'the recipe is measured once. "origin": octets taken from it, in images. "last", "median": seconds until the last host, ' +
  'and the one in the middle, had everything. "first octet": of a host\'s first file, milliseconds, in the middle and ' +
  'worst. "p99": of all waits for a file\'s first octet. "MB": proportional memory of its processes at the highest ' +
  "moment, the system's cache of files left out: Varnish has its objects in that memory, " +
  'the others have theirs in that cache. "Bootlace" is Bootlace divided by that row: below 1 is less. ' +
  '"foreign": cores busy with other work, the highest of the rounds.'

const temperatures = ['cold', 'warm'] as const
type Temperature = (typeof temperatures)[number]

interface Rig {
  readonly network: BenchNetwork
  readonly namespace: string
  readonly folder: string
  readonly curl: Peer
}

/** What one storm cost. Times in milliseconds. */
interface Storm extends StormResult {
  /** Octets that the origin sent, in images. */
  readonly fromOrigin: number
  readonly memory: number
  readonly cpuPerGigabyte: number
  readonly foreign: number
}

type Sample = Readonly<Record<Temperature, Storm>> & { readonly foreign: number }

async function measureAll(rig: Rig, servers: readonly StormServer[], options: BenchOptions) {
  const once = (server: StormServer): Promise<Sample> => {
    options.say(`storm ${server.name}`)
    return measure(rig, server)
  }
  const [quick, slow] = [false, true].map((isSlow) =>
    servers.filter((one) => one.isSlow === isSlow),
  )
  const samples = new Map<StormServer, readonly Sample[]>()
  const taken = await takeTurns(quick ?? [], options.rounds, once)
  quick?.forEach((server, index) => samples.set(server, taken[index] ?? []))
  for (const server of slow ?? []) samples.set(server, [await once(server)])
  return servers.map((server) => samples.get(server) ?? [])
}

/** A cold storm and a warm one behind it, by a server that is started for them. */
async function measure(rig: Rig, server: StormServer): Promise<Sample> {
  const folder = join(rig.folder, 'server')
  await mkdir(folder, { recursive: true })
  const log = join(rig.folder, 'server.log')
  const argv = await server.prepare(folder)
  const pid = rig.network.start(rig.namespace, argv, { log })
  try {
    await untilReady(() => get(rig, server.port, imageFiles('first')[0]?.path ?? ''), log)
    await storming(rig, server, warmUp)
    await storming(rig, server, warmUp)
    const cold = await measureStorm(rig, server, pid)
    const warm = await measureStorm(rig, server, pid)
    await compare(rig, server)
    return { cold, warm, foreign: Math.max(cold.foreign, warm.foreign) }
  } finally {
    await rig.network.stop(pid)
    await rm(folder, { recursive: true, force: true })
  }
}

async function measureStorm(rig: Rig, server: StormServer, pid: number): Promise<Storm> {
  await originBytes(rig)
  const work = () => peakMemory(pid, () => storming(rig, server, { hosts, image }))
  const [[result, memory], cost] = await account([pid], work)
  return {
    ...result,
    memory,
    fromOrigin: (await originBytes(rig)) / size,
    cpuPerGigabyte: ((cost.cpu[0] ?? 0) * 1e9) / (hosts * size),
    foreign: cost.foreign,
  }
}

async function storming(
  { namespace }: Rig,
  { port }: StormServer,
  crowd: { readonly hosts: number; readonly image: string },
): Promise<StormResult> {
  const words = [`${port}`, `${crowd.hosts}`, crowd.image]
  const text = await runIn(namespace, [node, program('storm-client.ts'), ...words])
  return parse(text) as StormResult
}

/** Octets that the origin has sent since it was asked last. */
async function originBytes(rig: Rig): Promise<number> {
  const path = await get(rig, storm.originPort, '/counters')
  return Number(Reflect.get(Object(parse(await readFile(path, 'utf8'))), 'bytes'))
}

/** Throws when a stored file is not the origin's: the storm's own hosts do not look. */
async function compare(rig: Rig, { name, port }: StormServer): Promise<void> {
  for (const { path } of imageFiles(image).filter((_, index) => index % 6 === 0)) {
    const [ours, theirs] = await Promise.all(
      [port, storm.originPort].map(async (one) =>
        sha256Of(await readFile(await get(rig, one, path))),
      ),
    )
    if (ours !== theirs) throw new Error(`${name} gives wrong octets for ${path}`)
  }
}

/** Fetches into a file and answers its path. */
async function get({ namespace, folder, curl }: Rig, port: number, path: string): Promise<string> {
  const copy = join(folder, `copy-${port}`)
  const url = `http://127.0.0.1:${port}${path}`
  await runIn(namespace, [...curl.command, '-sSf', '-o', copy, url])
  return copy
}

function sha256Of(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex')
}

function parse(text: string): unknown {
  return JSON.parse(text)
}

function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

function summary(storms: readonly Storm[]) {
  const middle = (value: (one: Storm) => number): number => median(storms.map(value))
  return {
    fromOrigin: middle((one) => one.fromOrigin),
    last: middle(({ done }) => Math.max(...done)) / 1000,
    inTheMiddle: middle(({ done }) => median(done)) / 1000,
    firstByte: middle((one) => median(one.firstByte)),
    worstFirstByte: middle((one) => Math.max(...one.firstByte)),
    p99: middle(({ waits }) => quantile(waits, 0.99)),
    memory: middle((one) => one.memory) / 1e6,
    cpu: middle((one) => one.cpuPerGigabyte),
    foreign: Math.max(...storms.map((one) => one.foreign)),
  }
}

type Row = ReturnType<typeof summary> & { readonly server: StormServer }

const head = [
  'storm',
  'server',
  'origin',
  'last',
  'Bootlace',
  'median',
  'first octet',
  'worst',
  'p99',
  'MB',
  'CPU s/GB',
  'Bootlace',
  'foreign',
]

function rowsOf(temperature: Temperature, rows: readonly Row[]): string[][] {
  return comparison(temperature, rows, [
    { show: ({ server }) => server.name },
    { show: ({ fromOrigin }) => `${fromOrigin.toFixed(2)}x` },
    { show: ({ last }) => figure(last) },
    { compare: ({ last }) => last },
    { show: ({ inTheMiddle }) => figure(inTheMiddle) },
    { show: ({ firstByte }) => figure(firstByte) },
    { show: ({ worstFirstByte }) => figure(worstFirstByte) },
    { show: ({ p99 }) => figure(p99) },
    { show: ({ memory }) => figure(memory) },
    { show: ({ cpu }) => figure(cpu) },
    { compare: ({ cpu }) => cpu },
    { show: ({ foreign }) => figure(foreign) },
  ])
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
