import { expect, test } from 'vitest'
import { AddressServerWatch } from '../../../src/protocol/dhcp/address-server-watch.ts'
import { message, server } from '../../support/dhcp-messages.ts'

const discover = message('discover')

test('EDK2 asks again after 3.7 s, then 8 s: told once', () => {
  const watch = new AddressServerWatch()
  const answers = [0, 3700, 11_700, 27_700].map((at) => watch.goesUnanswered(discover, server, at))
  expect(answers).toEqual([false, true, false, false])
})

test('iPXE repeats its DISCOVER after 1 s though it was answered', () => {
  const watch = new AddressServerWatch()
  expect([0, 1000, 3000].map((at) => watch.goesUnanswered(discover, server, at))).not.toContain(
    true,
  )
})

test('once a machine took the offer of another server, there is one', () => {
  const watch = new AddressServerWatch()
  watch.goesUnanswered(discover, server, 0)
  const request = message('request', { mac: '52:54:00:00:00:02', serverId: '10.40.0.2' })
  watch.goesUnanswered(request, server, 1000)
  expect(watch.goesUnanswered(discover, server, 4000)).toBe(false)
})

test('a machine that boots again an hour later has not asked again', () => {
  const watch = new AddressServerWatch()
  watch.goesUnanswered(discover, server, 0)
  expect(watch.goesUnanswered(discover, server, 3_600_000)).toBe(false)
  expect(watch.goesUnanswered(discover, server, 3_604_000)).toBe(true)
})

test('it remembers a few hundred machines, not every one of a flood', () => {
  const watch = new AddressServerWatch()
  watch.goesUnanswered(discover, server, 0)
  for (let index = 0; index < 256; index++) {
    const mac = `02:00:00:00:01:${index.toString(16).padStart(2, '0')}`
    watch.goesUnanswered(message('discover', { mac }), server, 1)
  }
  expect(watch.goesUnanswered(discover, server, 4000)).toBe(false)
})
