import { beforeEach, expect, test } from 'vitest'
import { EventHub } from '../../src/server/event-hub.ts'
import { metrics } from '../../src/server/metrics.ts'
import type { MirrorStats } from '../../src/server/mirror/mirror-exchange.ts'

const mirror: MirrorStats = {
  name: 'autodeploy',
  origin: 'https://vcsa:6501',
  hits: 3,
  joins: 2,
  fills: 1,
  passes: 4,
  errors: 0,
  refusals: 0,
  broken: 1,
  sparedMs: 2500,
  passReasons: { 'no rule "stores" this': 4 },
  originBytes: 10,
  servedBytes: 60,
  filling: 1,
}

let hub: EventHub
let scrape: () => Promise<string>
beforeEach(() => {
  hub = new EventHub(
    () => 0,
    () => {},
  )
  scrape = metrics({
    hub,
    version: '1.2.3',
    mirrors: () => [mirror],
    store: () => ({ objects: 7, bytes: 70, limit: 700 }),
    leases: () => new Map([['192.168.50.0/24', 5]]),
  })
})

test('a mirror is told by result, reason, octets and time', async () => {
  const lines = (await scrape()).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'bootlace_info{version="1.2.3"} 1',
      'bootlace_mirror_requests_total{mirror="autodeploy",result="hit"} 3',
      'bootlace_mirror_requests_total{mirror="autodeploy",result="miss"} 1',
      'bootlace_mirror_passes_total{mirror="autodeploy",reason="no rule \\"stores\\" this"} 4',
      'bootlace_mirror_origin_bytes_total{mirror="autodeploy"} 10',
      'bootlace_mirror_served_bytes_total{mirror="autodeploy"} 60',
      'bootlace_mirror_origin_spared_seconds_total{mirror="autodeploy"} 2.5',
      'bootlace_mirror_fills_running{mirror="autodeploy"} 1',
      'bootlace_cache_bytes 70',
      'bootlace_cache_limit_bytes 700',
      'bootlace_dhcp_leases{network="192.168.50.0/24"} 5',
    ]),
  )
  expect(await scrape()).toContain('bootlace_mirror_served_bytes_total{mirror="autodeploy"} 60\n')
})

test('events count from zero on, and octets by protocol', async () => {
  expect(await scrape()).toContain('bootlace_events_total{event="tftp.done"} 0\n')
  hub.emit({ type: 'tftp.done', bytes: 100 })
  hub.emit({ type: 'tftp.abort', bytes: 20 })
  hub.emit({ type: 'http.done', bytes: 7 })
  const text = await scrape()
  expect(text).toContain('bootlace_events_total{event="tftp.done"} 1\n')
  expect(text).toContain('bootlace_sent_bytes_total{protocol="tftp"} 120\n')
  expect(text).toContain('bootlace_sent_bytes_total{protocol="http"} 7\n')
})

test('the process is there, and each metric has a type and a help', async () => {
  const text = await scrape()
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
  const names = new Set(
    [...text.matchAll(/^(bootlace_\w+)[ {]/gm)].map(([, name]) => name).filter(Boolean),
  )
  for (const name of names) {
    expect(text).toContain(`# HELP ${name} `)
    expect(text).toMatch(new RegExp(`^# TYPE ${name} (counter|gauge)$`, 'm'))
  }
})
