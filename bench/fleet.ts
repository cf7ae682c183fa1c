/**
 * A fleet of hosts that boot through Auto Deploy by the mirror, all at the same moment: on an empty
 * cache, then once more. The origin is the simulated vCenter, over TLS; each host does all of a boot
 * (`test/support/fleet/`), and compares every octet with its checksum.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SystemError } from '../src/core/errors.ts'
import { type Image, payloadsOf } from '../test/support/origin-payloads.ts'
import { account } from './accounting.ts'
import type { FleetSummary } from './fleet-program.ts'
import { peakMemory } from './memory.ts'
import { node, serveCommand } from './ours.ts'
import type { BenchOptions, Part } from './part.ts'
import { findPeer } from './peers.ts'
import { BenchNetwork, runIn, untilReady } from './programs.ts'
import { figure, median } from './table.ts'

export interface FleetPlan {
  readonly hosts: number
  readonly image: Image
}

const ports = { origin: 6501, admin: 6599, mirror: 5100 } as const
const mirrorUrl = `http://127.0.0.1:${ports.mirror}`

export function fleetPart(plan: FleetPlan): Part {
  return {
    title: `${plan.hosts} hosts that boot ${plan.image} at the same moment`,
    run: async (options) => {
      await using network = await BenchNetwork.open()
      const namespace = await network.namespace('fleet')
      const samples: Sample[] = []
      // As often as asked, whatever else the machine does: a large fleet takes minutes then.
      for (let round = 0; round < options.rounds; round += 1) {
        samples.push(await once(network, namespace, { plan, options }))
      }
      const rows = temperatures.map((temperature) =>
        rowOf(
          temperature,
          plan,
          samples.map((sample) => sample[temperature]),
        ),
      )
      return { how: howOf(plan), table: { head, rows } }
    },
  }
}

function howOf({ hosts, image }: FleetPlan): string {
  const payloads = payloadsOf(image)
  const megabytes = payloads.reduce((sum, { size }) => sum + size, 0) / 1e6
  return (
    `${hosts} hosts at the same moment, each through all of an Auto Deploy boot of ${payloads.length} payloads ` +
    `(${figure(megabytes)} MB), every octet compared with its checksum; vCenter is a simulated one, over TLS. Two ` +
    'processors for the fleet, the origin and Bootlace together. Medians of all rounds. "origin": octets of payloads ' +
    'that it sent, in images. "fetches": of the payload that it was asked for most often. "spared": what it did not ' +
    'have to send. "median", "last": seconds from power-on until the host in the middle, and the last, has everything. ' +
    '"first octet": of a host\'s first payload, milliseconds, in the middle and worst; "p99": of all payloads of all ' +
    'hosts. "MB": proportional memory at the highest moment. "foreign": cores busy with other work than these three.'
  )
}

const temperatures = ['cold', 'warm'] as const
type Temperature = (typeof temperatures)[number]

/** One fleet that booted, and what it cost the mirror. */
interface Boot extends FleetSummary {
  readonly memory: number
  readonly cpuPerGigabyte: number
  readonly foreign: number
}

type Sample = Readonly<Record<Temperature, Boot>>

interface Task {
  readonly plan: FleetPlan
  readonly options: BenchOptions
}

/** A mirror and an origin of their own, a cold fleet and a warm one. */
async function once(network: BenchNetwork, namespace: string, task: Task): Promise<Sample> {
  const folder = join(task.options.folder, 'fleet')
  await mkdir(folder, { recursive: true })
  const pids: number[] = []
  try {
    pids.push(await startOrigin(network, namespace, { folder, image: task.plan.image }))
    const mirror = await startMirror(network, namespace, folder)
    pids.push(mirror)
    const boots: Boot[] = []
    for (const temperature of temperatures) {
      task.options.say(`fleet ${task.plan.hosts} × ${task.plan.image}, ${temperature}`)
      boots.push(await boot({ namespace, mirror, origin: pids[0] ?? 0 }, task.plan))
    }
    const [cold, warm] = boots
    if (cold === undefined || warm === undefined) throw new Error('two fleets, two reports')
    return { cold, warm }
  } finally {
    for (const pid of pids.toReversed()) await network.stop(pid)
    await rm(folder, { recursive: true, force: true })
  }
}

async function startOrigin(
  network: BenchNetwork,
  namespace: string,
  { folder, image }: { readonly folder: string; readonly image: Image },
): Promise<number> {
  const program = fileURLToPath(new URL('../test/support/origin-program.ts', import.meta.url))
  const where = [
    '--port',
    `${ports.origin}`,
    '--admin-port',
    `${ports.admin}`,
    '--name',
    '127.0.0.1',
  ]
  const what = ['--image', image, '--ca-file', join(folder, 'ca.pem')]
  const log = join(folder, 'origin.log')
  const pid = network.start(namespace, [node, program, ...where, ...what], { log })
  await untilReady(() => readFile(join(folder, 'ca.pem')), log)
  return pid
}

async function startMirror(
  network: BenchNetwork,
  namespace: string,
  folder: string,
): Promise<number> {
  const origin = `https://127.0.0.1:${ports.origin}`
  const trust = { ca: join(folder, 'ca.pem') }
  const argv = await serveCommand(join(folder, 'fleet.yaml'), {
    interfaces: ['lo'],
    data: join(folder, 'data'),
    cache: { directory: join(folder, 'cache') },
    dhcp: { mode: 'off' },
    tftp: { enabled: false },
    mirrors: { autodeploy: { origin, trust, port: ports.mirror } },
  })
  const log = join(folder, 'mirror.log')
  const pid = network.start(namespace, argv, { log })
  const { command } = await findPeer('curl')
  const get = [...command, '-sSf', '-o', '/dev/null', `${mirrorUrl}/vmw/rbd/tramp`]
  await untilReady(() => runIn(namespace, get), log)
  return pid
}

interface Rig {
  readonly namespace: string
  readonly mirror: number
  readonly origin: number
}

async function boot(rig: Rig, { hosts, image }: FleetPlan): Promise<Boot> {
  const program = fileURLToPath(new URL('fleet-program.ts', import.meta.url))
  const admin = `http://127.0.0.1:${ports.admin}`
  const words = ['--base', mirrorUrl, '--hosts', `${hosts}`, '--image', image, '--admin', admin]
  const work = () => peakMemory(rig.mirror, () => runIn(rig.namespace, [node, program, ...words]))
  const [[text, memory], cost] = await account([rig.mirror, rig.origin], work)
  const summary = JSON.parse(text) as FleetSummary
  const [problem] = summary.problems
  if (problem !== undefined) {
    throw new SystemError(`${summary.problems.length} things went wrong, the first: ${problem}`)
  }
  const [cpu = 0, ofOrigin = 0] = cost.cpu
  return {
    ...summary,
    memory,
    cpuPerGigabyte: (cpu * 1e9) / summary.bytes,
    foreign: Math.max(0, cost.foreign - (cpu + ofOrigin) / cost.seconds),
  }
}

const head =
  'cache|origin|fetches|spared GB|median s|last s|first octet ms|worst|p99|MB|CPU s/GB|foreign'.split(
    '|',
  )

function rowOf(
  temperature: Temperature,
  plan: FleetPlan,
  boots: readonly Boot[],
): readonly string[] {
  const middle = (value: (boot: Boot) => number): string => figure(median(boots.map(value)))
  return [
    `${temperature}, ${plan.hosts} hosts`,
    `${middle(({ origin, imageBytes }) => (origin?.bytes ?? Number.NaN) / imageBytes)}x`,
    `${Math.max(...boots.map(({ origin }) => origin?.mostFetches ?? Number.NaN))}`,
    middle(({ bytes, origin }) => (bytes - (origin?.bytes ?? Number.NaN)) / 1e9),
    middle(({ medianHost }) => medianHost),
    middle(({ lastHost }) => lastHost),
    middle(({ firstByte }) => firstByte.median),
    middle(({ firstByte }) => firstByte.worst),
    middle(({ fileFirstByte }) => fileFirstByte.p99),
    middle(({ memory }) => memory / 1e6),
    middle(({ cpuPerGigabyte }) => cpuPerGigabyte),
    figure(Math.max(...boots.map(({ foreign }) => foreign))),
  ]
}
