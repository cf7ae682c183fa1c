import { expect, test } from 'vitest'
import { createLog } from '../../src/app/log.ts'
import { parseMac } from '../../src/core/address.ts'

const event = {
  type: 'dhcp.offer',
  at: 1_700_000_000_000,
  mac: parseMac('52:54:00:12:34:56')!,
  ip: '10.0.0.9',
} as const
const tell = () => 'was offered 10.0.0.9'

test('an event is one JSON line with its name, its time and its fields', () => {
  const lines: string[] = []
  createLog({ plain: false, level: 'info', tell, write: (line) => lines.push(line) }).event(event)
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 30,
      time: 1_700_000_000_000,
      event: 'dhcp.offer',
      mac: '52:54:00:12:34:56',
      ip: '10.0.0.9',
    },
  ])
})

test('on a terminal it is a sentence about a machine; warnings are marked', () => {
  const lines: string[] = []
  const log = createLog({ plain: true, level: 'info', tell, write: (line) => lines.push(line) })
  log.event(event)
  log.event({ type: 'tftp.abort', at: event.at, ip: '10.0.0.9' })
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d {2}52:54:00:12:34:56 {2}was offered 10\.0\.0\.9\n$/)
  expect(lines[1]).toContain('10.0.0.9  ! was')
})

test('what is below the level is not written, in either form', () => {
  const lines: string[] = []
  for (const plain of [true, false]) {
    createLog({ plain, level: 'info', tell, write: (line) => lines.push(line) }).event({
      type: 'dhcp.ignore',
      at: 0,
    })
  }
  expect(lines).toEqual([])
})

test('a bug of ours is written with its stack', () => {
  const lines: string[] = []
  createLog({ plain: false, level: 'info', tell, write: (line) => lines.push(line) }).bug(
    new Error('oops'),
    'here',
  )
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 50,
    where: 'here',
    err: { message: 'oops' },
  })
})
