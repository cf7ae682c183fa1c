/**
 * An ISO of 5 GB: how long until it is listed, and how fast a file inside it is sent beside the same
 * file in a folder.
 */
import { mkdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openNetbootImage } from '../src/io/image/netboot-image.ts'
import { type Cost, account } from './accounting.ts'
import { serveCommand } from './ours.ts'
import type { BenchOptions, Part } from './part.ts'
import { findPeer } from './peers.ts'
import { run } from '../src/setup/commands.ts'
import { BenchNetwork, runIn, untilReady } from './programs.ts'
import { takeTurns } from './rounds.ts'
import { best, comparison, figure, median } from './table.ts'

/** One that fits in one extent of ISO 9660, and one that does not. */
const fetched = 1_000_000_000
const large = 4_500_000_000
const address = '192.168.50.1'
const small = 3000

export const discPart: Part = {
  title: 'An ISO of 5 GB',
  run: async (options) => {
    await using network = await BenchNetwork.open()
    const rig = await prepare(network, options)
    const arms = [
      { name: 'in the ISO', url: `${rig.url}/boot/big/file.bin` },
      { name: 'in a folder', url: `${rig.url}/files/file.bin` },
    ]
    options.say('an ISO of 5 GB: a file of 1 GB out of it, and out of a folder')
    const costs = await takeTurns(arms, options.rounds, (arm) => fetchOnce(rig, arm.url))
    const figures = arms.map((arm, index) => ({ ...arm, ...summary(costs[index] ?? []) }))
    const rows = comparison('1 GB by HTTP', figures, [
      { show: (row) => row.name },
      { show: (row) => figure(row.rate) },
      { compare: (row) => row.rate },
      { show: (row) => figure(row.perGigabyte) },
      { compare: (row) => row.perGigabyte },
    ])
    const listed = `${figure(median(rig.listed))} s`
    const head = ['transfer', 'file', 'MB/s', 'ISO', 'CPU s/GB', 'ISO']
    return {
      how: `${how} Opened, recognised and listed with its ${small + 2} files: ${listed} (median).`,
      table: { head, rows },
    }
  },
}

const how =
  'A veth pair; server and curl on a processor each; best MB/s and median server CPU seconds per GB ' +
  'of all rounds, the file in memory in both. "ISO" is the ISO divided by the folder: above 1 is ' +
  'faster, or dearer.'

interface Rig {
  readonly url: string
  readonly namespace: string
  readonly pid: number
  readonly curl: readonly string[]
  /** Seconds, one for each round. */
  readonly listed: readonly number[]
}

async function prepare(network: BenchNetwork, { folder, say, rounds }: BenchOptions): Promise<Rig> {
  say('an ISO of 5 GB: xorriso makes it')
  const iso = await makeIso(folder)
  const listed: number[] = []
  for (let round = 0; round < rounds; round += 1) listed.push(await listOnce(iso))
  const server = await network.namespace('server')
  const namespace = await network.namespace('client')
  await network.link([server, `${address}/24`], [namespace, '192.168.50.2/24'])
  const argv = await serveCommand(join(folder, 'disc.yaml'), {
    interfaces: ['eth0'],
    data: join(folder, 'data'),
    dhcp: { mode: 'off' },
    tftp: { enabled: false },
    http: { port: 8080 },
    files: join(folder, 'tree'),
    images: { big: { source: iso } },
  })
  const log = join(folder, 'disc.log')
  const pid = network.start(server, argv, { log, core: 0 })
  const url = `http://${address}:8080`
  const { command: curl } = await findPeer('curl')
  const probe = [...curl, '-sSf', '--max-time', '2', '-o', '/dev/null']
  await untilReady(() => runIn(namespace, [...probe, `${url}/boot/big/small/1`]), log)
  return { url, namespace, pid, curl, listed }
}

async function makeIso(folder: string): Promise<string> {
  const tree = join(folder, 'tree')
  await mkdir(join(tree, 'small'), { recursive: true })
  for (const [name, size] of [['file.bin', fetched] as const, ['large.bin', large] as const]) {
    await writeFile(join(tree, name), '')
    await truncate(join(tree, name), size)
  }
  for (let index = 0; index < small; index += 1) {
    await writeFile(join(tree, 'small', String(index)), String(index))
  }
  const iso = join(folder, 'big.iso')
  await run('xorriso', ['-as', 'mkisofs', '-quiet', '-iso-level', '3', '-R', '-o', iso, tree])
  await run('fallocate', ['--dig-holes', iso])
  await rm(join(tree, 'large.bin'))
  if ((await stat(iso)).size < fetched + large) throw new Error(`${iso} is not whole`)
  return iso
}

/** Seconds. */
async function listOnce(iso: string): Promise<number> {
  const before = performance.now()
  const image = await openNetbootImage(iso)
  const paths = await image.tree.list()
  const seconds = (performance.now() - before) / 1000
  await image.close()
  // The disc itself beside its files.
  if (paths.length !== small + 3) throw new Error(`${paths.length} files were listed`)
  return seconds
}

async function fetchOnce({ namespace, curl, pid }: Rig, url: string): Promise<Cost> {
  const command = [...curl, '-sSf', '-o', '/dev/null', url]
  const [, cost] = await account([pid], () => runIn(namespace, command, 1))
  return cost
}

function summary(costs: readonly Cost[]): { rate: number; perGigabyte: number } {
  const fastest = best(costs, ({ seconds }) => -seconds)
  return {
    rate: fetched / 1e6 / fastest.seconds,
    perGigabyte: (median(costs.map(({ cpu }) => cpu[0] ?? 0)) * 1e9) / fetched,
  }
}
