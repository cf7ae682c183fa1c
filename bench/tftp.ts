/**
 * TFTP: one file of 100 MB over a cable with an Ethernet's MTU, lock-step and with a window of 16,
 * from each server in turn.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cost, account } from './accounting.ts'
import { serveCommand } from './ours.ts'
import type { BenchOptions, Part } from './part.ts'
import { type Peer, type PeerName, findPeer, upstreamVersion } from './peers.ts'
import { BenchNetwork, runIn, untilReady } from './programs.ts'
import { takeTurns } from './rounds.ts'
import { best, figure, median, comparison } from './table.ts'

const fileSize = 100_000_000
const address = '192.168.50.1'
const serverCore = 0

/**
 * Lock-step, only one of the two works at any time: on one processor, what they need is measured;
 * on two, how long an idle one takes to wake up. With a window they work at the same time.
 */
function clientCore({ windowsize }: Transfer): number {
  return windowsize === 1 ? serverCore : serverCore + 1
}

interface Server {
  readonly name: string
  readonly pid: number
  readonly port: number
  readonly windows: boolean
}

interface Transfer {
  readonly client: 'atftp' | 'curl'
  readonly blksize: number
  readonly windowsize: number
}

const transfers: readonly Transfer[] = [
  { client: 'curl', blksize: 1468, windowsize: 1 },
  { client: 'atftp', blksize: 1468, windowsize: 1 },
  { client: 'atftp', blksize: 1468, windowsize: 16 },
  { client: 'atftp', blksize: 1428, windowsize: 16 },
]

export const tftpPart: Part = {
  title: 'TFTP, one file of 100 MB',
  run: async (options) => {
    await using network = await BenchNetwork.open()
    const rig = await prepare(network, options)
    await checkContents(rig)
    const rows: (readonly string[])[] = []
    for (const transfer of transfers) {
      options.say(`TFTP ${nameOf(transfer)}`)
      rows.push(...(await measure(rig, transfer, options)))
    }
    const head = [
      'transfer',
      'server',
      'MB/s',
      'Bootlace',
      'CPU s/GB',
      'Bootlace',
      'client',
      'foreign',
    ]
    return { how, table: { head, rows } }
  },
}

const how =
  'A veth pair with MTU 1500; server and client pinned, lock-step to the same processor, with a ' +
  'window to one each; best MB/s and median server CPU seconds per GB of all rounds. "Bootlace" is Bootlace divided by the server ' +
  'of that row: above 1 is faster, or dearer. "client": cores that the client kept busy (near 1: ' +
  'it is the client that is measured). "foreign": cores busy with other work during the best round.'

interface Rig {
  readonly servers: readonly Server[]
  readonly clients: Readonly<Record<'atftp' | 'curl', Peer>>
  readonly namespace: string
  readonly folder: string
}

async function prepare(network: BenchNetwork, { folder }: BenchOptions): Promise<Rig> {
  const served = join(folder, 'served')
  await mkdir(served)
  await writeFile(join(served, 'file'), randomBytes(fileSize))
  const server = await network.namespace('server')
  const namespace = await network.namespace('client')
  await network.link([server, `${address}/24`], [namespace, '192.168.50.2/24'])
  const clients = { atftp: await findPeer('atftp'), curl: await findPeer('curl') }
  const servers: Server[] = []
  for (const plan of await serverPlans(folder, served)) {
    const log = join(folder, `${plan.name}.log`)
    const pid = network.start(server, plan.argv, { log, core: serverCore })
    servers.push({ ...plan, pid })
    const url = `tftp://${address}:${plan.port}/small`
    await writeFile(join(served, 'small'), 'small')
    const fetchSmall = [...clients.curl.command, '-sSf', '--max-time', '2', '-o', '/dev/null', url]
    await untilReady(() => runIn(namespace, fetchSmall), log)
  }
  return { servers, clients, namespace, folder }
}

async function serverPlans(folder: string, served: string) {
  const hpa = ['--foreground', '--address', `${address}:6901`, '--user', 'root', '--secure', served]
  const bound = ['--daemon', '--no-fork', '--bind-address', address, '--port', '6902']
  const atftpd = [...bound, '--user', 'root', '--logfile', '-', served]
  const alone = ['--keep-in-foreground', '--conf-file=/dev/null', '--port=0', '--user=root']
  const dnsmasq = [...alone, '--pid-file=', '--enable-tftp', `--tftp-root=${served}`]
  const ours = await serveCommand(join(folder, 'tftp.yaml'), {
    interfaces: ['eth0'],
    data: join(folder, 'data'),
    dhcp: { mode: 'off' },
    tftp: { port: 6903 },
    http: { port: 8080 },
    files: served,
  })
  return [
    { name: 'Bootlace', argv: ours, port: 6903, windows: true },
    { ...(await peer('in.tftpd', hpa)), port: 6901, windows: false },
    { ...(await peer('atftpd', atftpd)), port: 6902, windows: true },
    { ...(await peer('dnsmasq', dnsmasq)), port: 69, windows: false },
  ]
}

async function peer(program: PeerName, args: readonly string[]) {
  const { name, command, version } = await findPeer(program)
  return { name: `${name} ${upstreamVersion(version)}`, argv: [...command, ...args] }
}

/** A fast server of wrong octets is no server: each one is checked with each kind of transfer. */
async function checkContents(rig: Rig): Promise<void> {
  const expected = digest(await readFile(join(rig.folder, 'served/file')))
  for (const transfer of transfers) {
    for (const server of serversFor(rig, transfer)) {
      const copy = join(rig.folder, 'copy')
      await runIn(rig.namespace, fetchCommand(rig, transfer, { server, to: copy }))
      if (digest(await readFile(copy)) !== expected) {
        throw new Error(`${server.name} delivered a wrong file (${nameOf(transfer)})`)
      }
      await rm(copy)
    }
  }
}

async function measure(rig: Rig, transfer: Transfer, { rounds }: BenchOptions) {
  const servers = serversFor(rig, transfer)
  const costs = await takeTurns(servers, rounds, (server) => once(rig, transfer, server))
  const figures = servers.map((server, index) => ({ server, ...summary(costs[index] ?? []) }))
  return comparison(nameOf(transfer), figures, [
    { show: (row) => row.server.name },
    { show: (row) => figure(row.rate) },
    { compare: (row) => row.rate },
    { show: (row) => figure(row.perGigabyte) },
    { compare: (row) => row.perGigabyte },
    { show: (row) => figure(row.client) },
    { show: (row) => figure(row.foreign) },
  ])
}

async function once(rig: Rig, transfer: Transfer, server: Server): Promise<Cost> {
  const command = fetchCommand(rig, transfer, { server, to: '/dev/null' })
  const [, cost] = await account([server.pid, process.pid], () =>
    runIn(rig.namespace, command, clientCore(transfer)),
  )
  return cost
}

function summary(costs: readonly Cost[]) {
  const fastest = best(costs, ({ seconds }) => -seconds)
  return {
    rate: fileSize / 1e6 / fastest.seconds,
    perGigabyte: (median(costs.map(serverSeconds)) * 1e9) / fileSize,
    // The bench is the parent of both.
    client: ((fastest.cpu[1] ?? 0) - serverSeconds(fastest)) / fastest.seconds,
    foreign: fastest.foreign,
  }
}

function serverSeconds({ cpu }: Cost): number {
  return cpu[0] ?? 0
}

function serversFor(rig: Rig, { windowsize }: Transfer): readonly Server[] {
  return rig.servers.filter((server) => windowsize === 1 || server.windows)
}

function nameOf({ client, blksize, windowsize }: Transfer): string {
  return `window ${windowsize}, ${blksize}, ${client}`
}

function fetchCommand(
  rig: Rig,
  { client, blksize, windowsize }: Transfer,
  { server, to }: { readonly server: Server; readonly to: string },
): readonly string[] {
  const { command } = rig.clients[client]
  if (client === 'curl') {
    const url = `tftp://${address}:${server.port}/file`
    return [...command, '-sSf', '--tftp-blksize', String(blksize), '-o', to, url]
  }
  const window = windowsize === 1 ? [] : ['--option', `windowsize ${windowsize}`]
  const options = ['--option', `blksize ${blksize}`, ...window]
  return [...command, ...options, '-g', '-r', 'file', '-l', to, address, String(server.port)]
}

function digest(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
