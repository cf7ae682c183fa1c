import { expect, test } from 'vitest'
import { resultJson, resultLine, stepJson, stepLine } from '../../src/lab/report.ts'
import { parseLogLine } from '../../src/lab/server-process.ts'

const line =
  '{"level":30,"time":1795272717000,"event":"dhcp.ack","mac":"52:54:00:b0:07:01","ip":"192.168.50.100","bootFile":"lpxelinux.0"}'

test('a line of the log is the event that was logged', () => {
  expect(parseLogLine(line)).toEqual({
    type: 'dhcp.ack',
    at: 1_795_272_717_000,
    mac: '52:54:00:b0:07:01',
    ip: '192.168.50.100',
    bootFile: 'lpxelinux.0',
  })
})

test.for([
  ['no JSON', 'Error: broken'],
  ['no object', '12'],
  ['no event', '{"level":50,"time":1,"err":{}}'],
  ['an event that there is not', '{"time":1,"event":"dhcp.nonsense"}'],
  ['no time', '{"event":"dhcp.ack"}'],
])('%s is no event', ([, text]) => {
  expect(parseLogLine(text!)).toBeUndefined()
})

test('people read seconds since power-on and a sentence', () => {
  const event = parseLogLine(line)
  expect(stepLine({ seconds: 2.314, says: 'got the address', event })).toBe(
    '  2.31 s  got the address',
  )
  expect(stepLine({ seconds: 0, says: 'power on' })).toBe('  0.00 s  power on')
})

test('people are spared what says nothing new', () => {
  const missing = { type: 'http.missing', at: 0, file: 'pxelinux.cfg/C0A83264' } as const
  expect(stepLine({ seconds: 3, says: 'asked in vain', event: missing })).toBeUndefined()
  const other = { ...missing, file: 'boot/vmlinux' }
  expect(stepLine({ seconds: 3, says: 'asked in vain', event: other })).toContain('asked in vain')
})

test('programs get every field of the event', () => {
  const step = { seconds: 2.3141, says: 'got the address', event: parseLogLine(line) }
  expect(JSON.parse(stepJson(step))).toEqual({
    seconds: 2.314,
    says: 'got the address',
    event: 'dhcp.ack',
    mac: '52:54:00:b0:07:01',
    ip: '192.168.50.100',
    bootFile: 'lpxelinux.0',
  })
})

test('the end says how long it took, or why it failed', () => {
  const result = { ok: true, seconds: 8.64, steps: [], serial: '', processorSeconds: 5.5 }
  expect(resultLine(result)).toContain('done in 8.6 s')
  expect(resultLine({ ...result, ok: false, reason: 'no kernel' })).toBe(
    'failed after 8.6 s: no kernel',
  )
  expect(JSON.parse(resultJson(result))).toMatchObject({ ok: true, seconds: 8.64 })
})
