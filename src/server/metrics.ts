/**
 * What Prometheus reads at `/metrics`: the counters of the mirrors, the store, events by their name,
 * octets by protocol, leases by network, and the process. Values are read when they are asked for;
 * only events are counted as they happen, by one listener. Names follow Prometheus' "Metric and label
 * naming": base units, `_total` for what only grows. Refuses labels that strangers can write.
 */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import { type EventType, eventTypes } from '../core/events.ts'
import type { StoreStats } from '../io/cache/content-store.ts'
import type { EventHub } from './event-hub.ts'
import type { MirrorStats } from './mirror/mirror-exchange.ts'

export interface MetricsSources {
  readonly hub: EventHub
  readonly version: string
  readonly mirrors: () => readonly MirrorStats[]
  /** Undefined where there is no mirror. */
  readonly store: () => StoreStats | undefined
  /** Addresses that are lent now, by network (`192.168.50.0/24`). */
  readonly leases: () => ReadonlyMap<string, number>
}

/** Answers a function that gives the text of a scrape (text format 0.0.4). */
export function metrics(sources: MetricsSources): () => Promise<string> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  gauge(registry, 'bootlace_info', 'The version that runs; always 1.', () => [
    { labels: { version: sources.version }, value: 1 },
  ])
  countEvents(registry, sources.hub)
  mirrorMetrics(registry, sources.mirrors)
  storeMetrics(registry, sources.store)
  gauge(registry, 'bootlace_dhcp_leases', 'Addresses that are lent now.', () =>
    [...sources.leases()].map(([network, value]) => ({ labels: { network }, value })),
  )
  return () => registry.metrics()
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

type Samples = () => readonly Sample[]

function gauge(registry: Registry, name: string, help: string, samples: Samples): void {
  const labelNames = labelsOf[name] ?? []
  const collect = function (this: Gauge): void {
    this.reset()
    for (const { labels, value } of samples()) this.set(labels, value)
  }
  registry.registerMetric(new Gauge({ name, help, labelNames, collect, registers: [] }))
}

function counter(registry: Registry, name: string, help: string, samples: Samples): void {
  const labelNames = labelsOf[name] ?? ['mirror']
  const collect = function (this: Counter): void {
    this.reset()
    for (const { labels, value } of samples()) this.inc(labels, value)
  }
  registry.registerMetric(new Counter({ name, help, labelNames, collect, registers: [] }))
}

/** Of counters that are not here: `mirror` alone. */
const labelsOf: Readonly<Record<string, string[]>> = {
  bootlace_info: ['version'],
  bootlace_events_total: ['event'],
  bootlace_sent_bytes_total: ['protocol'],
  bootlace_dhcp_leases: ['network'],
  bootlace_mirror_requests_total: ['mirror', 'result'],
  bootlace_mirror_passes_total: ['mirror', 'reason'],
  bootlace_mirror_fills_running: ['mirror'],
}

/** Events that end a transfer of a file, and what carried it. */
const carriers: Partial<Record<EventType, string>> = {
  'tftp.done': 'tftp',
  'tftp.abort': 'tftp',
  'http.done': 'http',
  'http.abort': 'http',
}

/** Every event is there from the start, as 0: a rate needs a value before the first one. */
function countEvents(registry: Registry, hub: EventHub): void {
  const events = new Map<string, number>(Object.keys(eventTypes).map((type) => [type, 0]))
  const bytes = new Map<string, number>([...new Set(Object.values(carriers))].map((by) => [by, 0]))
  hub.subscribe((event) => {
    events.set(event.type, (events.get(event.type) ?? 0) + 1)
    const carrier = carriers[event.type]
    if (carrier !== undefined) bytes.set(carrier, (bytes.get(carrier) ?? 0) + (event.bytes ?? 0))
  })
  const said = 'Events by their name: docs/log-events.md.'
  counter(registry, 'bootlace_events_total', said, samplesOf(events, 'event'))
  const sent = 'Octets of files that were sent, by protocol; mirrors have their own.'
  counter(registry, 'bootlace_sent_bytes_total', sent, samplesOf(bytes, 'protocol'))
}

function samplesOf(counts: ReadonlyMap<string, number>, label: string): Samples {
  return () => [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }))
}

const results = {
  hit: 'hits',
  join: 'joins',
  miss: 'fills',
  pass: 'passes',
  error: 'errors',
  refused: 'refusals',
} as const

/** One number per mirror. */
const perMirror = [
  ['served_bytes_total', 'Octets of bodies that clients got.', (it) => it.servedBytes],
  ['origin_bytes_total', 'Octets of bodies that the origin sent.', (it) => it.originBytes],
  [
    'origin_spared_seconds_total',
    'Time that the origin took for what it was not asked again.',
    (it) => it.sparedMs / 1000,
  ],
  ['broken_fills_total', 'Downloads that ended early.', (it) => it.broken],
] as const satisfies readonly (readonly [string, string, (stats: MirrorStats) => number])[]

function mirrorMetrics(registry: Registry, mirrors: MetricsSources['mirrors']): void {
  const each = (samples: (stats: MirrorStats) => readonly Sample[]) => () =>
    mirrors().flatMap((stats) => samples(stats))
  const one = (value: (stats: MirrorStats) => number) =>
    each((stats) => [{ labels: { mirror: stats.name }, value: value(stats) }])
  const requests = 'Requests, by how they were served.'
  const byResult = each((stats) =>
    Object.entries(results).map(([result, key]) => ({
      labels: { mirror: stats.name, result },
      value: stats[key],
    })),
  )
  counter(registry, 'bootlace_mirror_requests_total', requests, byResult)
  const byReason = each(({ name: mirror, passReasons }) =>
    Object.entries(passReasons).map(([reason, value]) => ({ labels: { mirror, reason }, value })),
  )
  counter(registry, 'bootlace_mirror_passes_total', 'Requests that were passed, by why.', byReason)
  for (const [name, help, value] of perMirror) {
    counter(registry, `bootlace_mirror_${name}`, help, one(value))
  }
  const running = one(({ filling }) => filling)
  gauge(registry, 'bootlace_mirror_fills_running', 'Downloads under way.', running)
}

function storeMetrics(registry: Registry, store: MetricsSources['store']): void {
  const one =
    (value: (stats: StoreStats) => number): Samples =>
    () => {
      const stats = store()
      return stats === undefined ? [] : [{ labels: {}, value: value(stats) }]
    }
  const bytes = one((stats) => stats.bytes)
  gauge(registry, 'bootlace_cache_bytes', 'Octets of bodies in the cache.', bytes)
  const objects = one((stats) => stats.objects)
  gauge(registry, 'bootlace_cache_objects', 'Objects in the cache.', objects)
  const limit = one((stats) => stats.limit)
  gauge(registry, 'bootlace_cache_limit_bytes', 'What the cache may hold.', limit)
}
