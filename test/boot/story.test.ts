import { expect, test } from 'vitest'
import { type EventType, type ServiceEvent, eventTypes } from '../../src/core/events.ts'
import { formatBytes, formatDuration, tell } from '../../src/boot/story.ts'

const types = Object.keys(eventTypes) as EventType[]

test.for([
  [
    { type: 'dhcp.discover', stage: 'firmware', firmware: 'bios' },
    'asked for an address (its firmware, bios)',
  ],
  [
    { type: 'dhcp.ack', ip: '10.0.0.9', bootFile: 'lpxelinux.0' },
    'got the address 10.0.0.9, to boot lpxelinux.0',
  ],
  [
    { type: 'http.done', file: 'boot/tinyvm/vmlinuz', bytes: 8_200_000, ms: 400 },
    'loaded boot/tinyvm/vmlinuz (8.2 MB in 0.4 s) by HTTP',
  ],
  [
    { type: 'tftp.missing', file: 'a', nearest: 'b' },
    'asked for a, which is not there (there is b)',
  ],
  [{ type: 'menu.served', entry: 'menu' }, 'got its boot menu'],
  [{ type: 'menu.served', entry: 'tinyvm' }, 'was told to boot tinyvm'],
  [{ type: 'machine.up', detail: 'tinyvm 0.1' }, 'is up: tinyvm 0.1'],
] satisfies [Partial<ServiceEvent>, string][])('%o is "%s"', ([event, sentence]) => {
  expect(tell({ at: 0, ...event })).toBe(sentence)
})

test.for(types)('%s reads well when little is known', (type) => {
  const sentence = tell({ type, at: 0 })
  if (sentence === undefined) return
  expect(sentence).not.toMatch(/undefined|NaN|\s{2}|\s$|^\s/)
})

test('the service’s own events belong to no machine', () => {
  expect(tell({ type: 'service.ready', at: 0 })).toBeUndefined()
})

test.for([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [9_960, '10 kB'],
  [999_499, '999 kB'],
  [999_600, '1.0 MB'],
  [8_200_000, '8.2 MB'],
  [12e12, '12 TB'],
] as const)('%i is %s', ([bytes, text]) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.for([
  [3, '3 ms'],
  [99.6, '0.1 s'],
  [400, '0.4 s'],
  [9940, '9.9 s'],
  [12_000, '12 s'],
  [180_000, '3 min'],
] as const)('%f ms is %s', ([ms, text]) => {
  expect(formatDuration(ms)).toBe(text)
})
