/**
 * A fleet of machines that boot through one server, and what they saw: for tests, and to put one
 * cache beside another.
 *
 *     const report = await runFleet({ base: 'http://127.0.0.1:5100', hosts: 500, images: ['tiny'] })
 *
 * `base` is whatever is to be driven: a mirror, nginx, Varnish, or the origin itself (http or https,
 * certificates are not looked at). Behind it must be the origin of `test/support/origin.ts` with the
 * same images. The report has every figure of a storm, and `problems`: a sentence for each answer that
 * must never be and each machine that did not boot; empty when all is well. What the origin had to
 * send is for its own counters to say (`GET /counters` of its admin port).
 *
 * As a program, e.g. inside a namespace: `node bench/fleet-program.ts --base URL --hosts 500`.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Image, payloadSum, payloadsOf } from '../origin-payloads.ts'
import { BootHost, type ExpectedPayload, type HostReport } from './boot-host.ts'
import { type ClientKindName, clientKinds } from './client-kinds.ts'
import type { Stop } from './http-connection.ts'

export interface FleetOptions {
  readonly base: string | URL
  readonly hosts: number
  /** What the hosts may be told to boot. Default: `['tiny']`. */
  readonly images?: readonly Image[]
  /** Dealt out to the hosts in turn. Default: all `ipxe`. */
  readonly kinds?: readonly ClientKindName[]
  /** When they are switched on: all at once (default), within so long, or cluster by cluster. */
  readonly power?: { readonly within: number } | { readonly clusters: number; readonly gap: number }
  /** What the real waits after the download (30 s to minutes) are multiplied by. Default: 0. */
  readonly tempo?: number
  /** How often a host whose boot failed is switched on again. Default: 0. */
  readonly reboots?: number
  /** Octets per second that each host's link carries. Default: no limit. */
  readonly rate?: number
  /** Where each host stops reading for a while. Default: nowhere. */
  readonly stop?: Stop
  /** Default: 1. Other seeds: other MACs, other moments to leave. */
  readonly seed?: number
  /** Index of the first host, for a second fleet beside the first. Default: 0. */
  readonly first?: number
}

export interface FleetReport {
  readonly hosts: number
  readonly booted: number
  /** What must never be; empty when all is well. */
  readonly problems: readonly string[]
  /** Octets of payloads that the hosts got, repetitions included. */
  readonly bytes: number
  /** Octets of one host's payloads (of the first image). */
  readonly imageBytes: number
  /** Files of the first image. */
  readonly files: number
  /** Seconds from power-on until a host has everything: the one in the middle, and the last. */
  readonly medianHost: number
  readonly lastHost: number
  /** Milliseconds from a host's first request for a payload to its first octet. */
  readonly firstByte: { readonly median: number; readonly worst: number }
  /** The same for every file of every host. */
  readonly fileFirstByte: Quantiles
  /** `GET /vmw/rbd/…` → how often the hosts sent it. */
  readonly sent: Readonly<Record<string, number>>
  readonly reports: readonly HostReport[]
}

export interface Quantiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly worst: number
}

/** Rejects only for a mistake of its own; what servers do is in the report. */
export async function runFleet(options: FleetOptions): Promise<FleetReport> {
  const { hosts, images = ['tiny'], first = 0 } = options
  const expected = expectations(images)
  const fleet = Array.from({ length: hosts }, (_, index) =>
    hostOf(first + index, options, expected),
  )
  const reports = await Promise.all(
    fleet.map(async ({ host, delay }) => {
      await sleep(delay)
      return await host.run()
    }),
  )
  return reportOf(reports, payloadsOf(images[0] ?? 'tiny'))
}

/** The MAC address of a host of a fleet. */
export function macOf(index: number, seed = 1): string {
  const octets = [0x52, 0x54, seed & 0xff, (index >> 16) & 0xff, (index >> 8) & 0xff, index & 0xff]
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':')
}

const sums = new Map<string, ExpectedPayload>()

/** By path. Made before anything is measured, and once for all fleets. */
function expectations(images: readonly Image[]): ReadonlyMap<string, ExpectedPayload> {
  for (const payload of images.flatMap(payloadsOf)) {
    if (sums.has(payload.path)) continue
    sums.set(payload.path, { size: payload.size, sum: payloadSum(payload) })
  }
  return sums
}

function hostOf(
  index: number,
  options: FleetOptions,
  expected: ReadonlyMap<string, ExpectedPayload>,
): { readonly host: BootHost; readonly delay: number } {
  const { kinds = ['ipxe'], seed = 1, tempo = 0, reboots = 0, rate, stop } = options
  const kind = clientKinds[kinds[index % kinds.length] ?? 'ipxe']
  const mac = macOf(index, seed)
  const random = seeded(`${seed} ${index}`)
  const shaped = { ...kind, ...(rate === undefined ? {} : { rate }), stop }
  const machine = {
    mac,
    uuid: uuidOf(mac),
    kind: shaped,
    random,
    base: new URL(options.base),
    turn: index,
    tempo,
    reboots,
  }
  return { host: new BootHost(machine, expected), delay: powerOn(index, options, random) }
}

function powerOn(index: number, { power, hosts }: FleetOptions, random: () => number): number {
  if (power === undefined) return 0
  if ('within' in power) return power.within * random()
  return Math.floor((index * power.clusters) / hosts) * power.gap
}

function uuidOf(mac: string): string {
  const digits = createHash('sha256').update(mac).digest('hex').slice(0, 32)
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** mulberry32: numbers in 0..1 that are the same in every run. */
function seeded(text: string): () => number {
  let state = createHash('sha256').update(text).digest().readUInt32LE(0)
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function reportOf(
  reports: readonly HostReport[],
  payloads: readonly { readonly size: number }[],
): FleetReport {
  const booted = reports.filter(({ ok }) => ok)
  const seconds = sorted(booted.map((host) => (host.bootedAt - host.startedAt) / 1000))
  const firstBytes = sorted(booted.map(({ firstByte }) => firstByte))
  const waits = sorted(reports.flatMap((host) => host.waits))
  return {
    hosts: reports.length,
    booted: booted.length,
    problems: problemsOf(reports),
    bytes: reports.reduce((sum, { bytes }) => sum + bytes, 0),
    imageBytes: payloads.reduce((sum, { size }) => sum + size, 0),
    files: payloads.length,
    medianHost: quantile(seconds, 0.5),
    lastHost: quantile(seconds, 1),
    firstByte: { median: quantile(firstBytes, 0.5), worst: quantile(firstBytes, 1) },
    fileFirstByte: {
      p50: quantile(waits, 0.5),
      p90: quantile(waits, 0.9),
      p99: quantile(waits, 0.99),
      worst: quantile(waits, 1),
    },
    sent: tally(reports.flatMap(({ sent }) => sent)),
    reports,
  }
}

function problemsOf(reports: readonly HostReport[]): readonly string[] {
  const nonces = tally(reports.flatMap(({ fresh }) => fresh))
  const repeated = Object.entries(nonces).filter(([, times]) => times > 1)
  return [
    ...reports.flatMap(({ wrong }) => wrong),
    ...reports.flatMap(({ ok, mac, failures }) =>
      ok ? [] : [`${mac}: did not boot: ${failures.join('; ')}`],
    ),
    ...repeated.map(([nonce, times]) => `${nonce}: the same answer ${times} times`),
  ]
}

/** How often each is there, in the order of their names. */
function tally(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

function sorted(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b)
}

function quantile(values: readonly number[], share: number): number {
  return values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN
}
