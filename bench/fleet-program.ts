/**
 * A fleet as a program of its own, so that it runs in the bench's namespace:
 * `node fleet-program.ts --base URL [--hosts N] [--image NAME]… [--kind NAME]… [--admin URL]`.
 * Prints one line of JSON: the report of `runFleet` without its hosts, and with `--admin` what the
 * origin sent meanwhile.
 */
import { parseArgs } from 'node:util'
import { type ClientKindName, clientKindNames } from '../test/support/fleet/client-kinds.ts'
import { type FleetReport, runFleet } from '../test/support/fleet/fleet.ts'
import { isImage, payloadsOf } from '../test/support/origin-payloads.ts'

/** What the origin sent while the fleet booted. */
export interface OriginLoad {
  /** Octets of payloads. */
  readonly bytes: number
  /** Requests for payloads. */
  readonly fetches: number
  /** Of the payload that was asked for most often. */
  readonly mostFetches: number
  readonly maxConnections: number
}

export type FleetSummary = Omit<FleetReport, 'reports' | 'sent'> & { readonly origin?: OriginLoad }

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    hosts: { type: 'string', default: '50' },
    image: { type: 'string', multiple: true, default: ['tiny'] },
    kind: { type: 'string', multiple: true, default: ['ipxe'] },
    within: { type: 'string', default: '0' },
    rate: { type: 'string' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    tempo: { type: 'string', default: '0' },
    reboots: { type: 'string', default: '0' },
    admin: { type: 'string' },
  },
})
const { base, admin, rate, image, kind } = values
const images = image.filter(isImage)
const kinds = kind.filter((name): name is ClientKindName =>
  (clientKindNames as readonly string[]).includes(name),
)
if (base === undefined || images.length < image.length || kinds.length < kind.length) {
  console.error('fleet-program.ts --base URL [--hosts N] [--image NAME]… [--kind NAME]…')
  process.exit(2)
}
const paths = new Set(images.flatMap((name) => payloadsOf(name).map(({ path }) => path)))
const before = await originCounts()
const {
  reports: _,
  sent: __,
  ...report
} = await runFleet({
  base,
  images,
  kinds,
  hosts: Number(values.hosts),
  power: { within: Number(values.within) },
  tempo: Number(values.tempo),
  reboots: Number(values.reboots),
  seed: Number(values.seed),
  first: Number(values.first),
  ...(rate === undefined ? {} : { rate: Number(rate) }),
})
const after = await originCounts()
const summary: FleetSummary =
  before === undefined || after === undefined
    ? report
    : { ...report, origin: loadBetween(before, after) }
console.log(JSON.stringify(summary))
process.exit(0)

interface OriginCounts {
  readonly paths: Readonly<Record<string, { readonly gets: number; readonly bytes: number }>>
  readonly maxConnections: number
}

async function originCounts(): Promise<OriginCounts | undefined> {
  if (admin === undefined) return undefined
  const text = await (await fetch(new URL('/counters', admin))).text()
  return JSON.parse(text) as OriginCounts
}

function loadBetween(then: OriginCounts, now: OriginCounts): OriginLoad {
  const loads = [...paths].map((path) => ({
    bytes: (now.paths[path]?.bytes ?? 0) - (then.paths[path]?.bytes ?? 0),
    fetches: (now.paths[path]?.gets ?? 0) - (then.paths[path]?.gets ?? 0),
  }))
  return {
    bytes: loads.reduce((sum, { bytes }) => sum + bytes, 0),
    fetches: loads.reduce((sum, { fetches }) => sum + fetches, 0),
    mostFetches: Math.max(...loads.map(({ fetches }) => fetches)),
    maxConnections: now.maxConnections,
  }
}
