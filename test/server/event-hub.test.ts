import { expect, test } from 'vitest'
import type { ServiceEvent } from '../../src/core/events.ts'
import { EventHub } from '../../src/server/event-hub.ts'

test('everybody who listens hears an event with its time, until they stop', () => {
  const heard: ServiceEvent[] = []
  const hub = new EventHub(
    () => 42,
    () => {},
  )
  const stop = hub.subscribe((event) => void heard.push(event))
  hub.emit({ type: 'service.ready', detail: 'http on 80' })
  stop()
  hub.emit({ type: 'service.stop' })
  expect(heard).toEqual([{ type: 'service.ready', detail: 'http on 80', at: 42 }])
})

test('a listener that throws is reported and keeps nobody else from hearing', () => {
  const failures: unknown[] = []
  const heard: string[] = []
  const hub = new EventHub(
    () => 0,
    (error) => void failures.push(error),
  )
  hub.subscribe(() => {
    throw new Error('broken page')
  })
  hub.subscribe(({ type }) => void heard.push(type))
  hub.emit({ type: 'service.stop' })
  expect(heard).toEqual(['service.stop'])
  expect(failures).toEqual([new Error('broken page')])
})

test("strangers' words are readable text of a bounded length to everybody who listens", () => {
  const heard: ServiceEvent[] = []
  const hub = new EventHub(
    () => 0,
    () => {},
  )
  hub.subscribe((event) => void heard.push(event))
  const file = `\u001b]0;owned\u0007${'x'.repeat(60_000)}`
  hub.emit({ type: 'tftp.missing', file, reason: 'a\nb', nearest: '\u202e', agent: '\u009b' })
  hub.emit({ type: 'service.ready', detail: 'one\ntwo' })
  expect(heard[0]).toMatchObject({ reason: 'a\\x0ab', nearest: '\\u{202e}', agent: '\\x9b' })
  expect(heard[0]?.file).toMatch(/^\\x1b\]0;owned\\x07x{400,520}…$/)
  expect(heard[1]?.detail).toBe('one\ntwo')
})
