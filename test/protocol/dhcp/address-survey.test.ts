import { beforeEach, expect, test } from 'vitest'
import { formatIpv4, type Ipv4, type Mac } from '../../../src/core/address.ts'
import { AddressSurvey } from '../../../src/protocol/dhcp/address-survey.ts'
import { LeaseTable } from '../../../src/protocol/dhcp/lease-table.ts'
import { respond, uncheckedOffer } from '../../../src/protocol/dhcp/respond.ts'
import { ip, lab, mac, message, server, type Wish } from '../../support/dhcp-messages.ts'

const own = new Set([server])
const printer = mac('52:54:00:aa:bb:cc')

let survey: AddressSurvey
let leases: LeaseTable
let table: Map<Ipv4, Mac>
let now: number
beforeEach(() => {
  survey = new AddressSurvey()
  leases = new LeaseTable()
  table = new Map()
  now = 1_000_000
})

const place = () => ({ subnet: lab, own, survey })
const neighbours = (address: Ipv4) => table.get(address)
const holder = (address: Ipv4) => leases.holder(address)
const wanted = () => survey.wanted(place(), holder, now)

/** One look, as the service has them; answers what was asked and who was found. */
function look(): { asked: Ipv4[]; found: readonly { address: Ipv4; mac: Mac }[] } {
  const found = survey.learn(neighbours, now)
  const asked = wanted().filter((each) => survey.question(each, neighbours, now) === 'ask')
  return { asked, found }
}

/** A DISCOVER; answers the address of the offer. */
function offered(wish: Wish = {}): string {
  const context = { ...place(), leases, server, boot: undefined }
  const [effect] = respond(message('discover', wish), context, now)
  return effect?.type === 'reply' ? formatIpv4(effect.message.yourAddress) : 'none'
}

/** What somebody should be asked before the offer. */
function unchecked(wish: Wish = {}): Ipv4 | undefined {
  return uncheckedOffer(message('discover', wish), { ...place(), leases }, now)
}

/** Everything that is asked ahead was asked and nobody answered. */
function settle(): void {
  look()
  now += 500
  look()
}

test('eight addresses are asked about ahead; half a second of silence makes them free', () => {
  const { asked } = look()
  expect(new Set(asked).size).toBe(8)
  now += 499
  expect(look()).toEqual({ asked: [], found: [] })
  expect(survey.ready(now)).toEqual([])
  expect(survey.isWaiting).toBe(true)
  now += 1
  look()
  expect(survey.ready(now)).toEqual(asked)
  expect(survey.isWaiting).toBe(false)
})

test('they are asked again before a minute is over, and stay ready meanwhile', () => {
  settle()
  const ready = survey.ready(now)
  now += 54_999
  expect(look().asked).toEqual([])
  now += 1
  expect(look().asked).toEqual(ready)
  expect(survey.ready(now)).toEqual(ready)
  now += 500
  look()
  now += 5000
  expect(survey.ready(now)).toEqual(ready)
})

test('an answer counts at once, and another address takes the place', () => {
  const [first, ...others] = look().asked
  table.set(first!, printer)
  now += 3
  const { asked, found } = look()
  expect(found).toEqual([{ address: first, mac: printer }])
  expect(asked).toHaveLength(1)
  expect([first, ...others]).not.toContain(asked[0])
  expect(survey.isUsed(first!, now)).toBe(true)
})

test('what the kernel knew before counts as used until it has asked again itself', () => {
  const [first, second] = wanted()
  table.set(first!, printer).set(second!, printer)
  look()
  expect(survey.isUsed(first!, now)).toBe(true)
  now += 9999
  expect(look().found).toEqual([])
  table.delete(second!)
  now += 1
  expect(look().found).toEqual([{ address: first, mac: printer }])
  expect([first!, second!].map((each) => survey.isUsed(each, now))).toEqual([true, false])
})

test('no more than 16 questions in a second', () => {
  const kinds = Array.from({ length: 20 }, (_, index) =>
    survey.question((ip('10.40.0.100') + index) as Ipv4, neighbours, now),
  )
  expect(kinds.filter((kind) => kind === 'ask')).toHaveLength(16)
  expect(kinds.at(-1)).toBe('no')
  expect(survey.question(ip('10.40.0.100'), neighbours, now)).toBe('asked')
  now += 1000
  expect(survey.question(ip('10.40.0.119'), neighbours, now)).toBe('ask')
})

test('a clock that is set back makes everything unknown, and it is asked anew', () => {
  settle()
  const ready = survey.ready(now)
  now -= 3_600_000
  expect(survey.ready(now)).toEqual([])
  expect(look().asked).toEqual(ready)
})

test('a new machine is offered an address that is known to be free', () => {
  settle()
  const ready = survey.ready(now).map(formatIpv4)
  for (let number = 10; number < 18; number++) {
    const machine = { mac: `52:54:00:00:00:${number}` }
    expect(unchecked(machine)).toBeUndefined()
    expect(ready).toContain(offered(machine))
  }
  const late = { mac: '52:54:00:00:00:77' }
  expect(formatIpv4(unchecked(late)!)).toBe(offered(late))
})

test('a machine that is known has its address at once, asked about or not', () => {
  const dhcp = { leaseSeconds: 60 }
  const before = ip(offered())
  leases.commit(place(), { key: '52:54:00:00:00:01' }, { address: before, seconds: 60 }, now)
  for (const later of [0, 30_000]) {
    now += later
    expect(unchecked(dhcp)).toBeUndefined()
    expect(offered(dhcp)).toBe(formatIpv4(before))
  }
  expect(unchecked({ mac: '52:54:00:00:00:99' })).toBeUndefined()
  expect(offered({ mac: '52:54:00:00:00:99' })).toBe('10.40.0.20')
})

test('an address that a machine once had is asked about: somebody may be on it since', () => {
  const machine = mac('52:54:00:00:00:01')
  const before = ip(offered())
  leases.commit(place(), { key: machine, mac: machine }, { address: before, seconds: 60 }, now)
  now += 60_000
  expect(unchecked()).toBe(before)
  survey.question(before, neighbours, now)
  now += 500
  look()
  expect([unchecked(), offered()]).toEqual([undefined, formatIpv4(before)])
  now += 3_600_000
  expect(leases.setAside(before, printer, now)).toBeDefined()
  expect(offered()).not.toBe(formatIpv4(before))
})

test('rather no address than that of a host which the kernel knows from before', () => {
  const pool = [ip('10.40.0.100'), ip('10.40.0.101')] as const
  const tiny = { ...place(), subnet: { ...lab, pool: [{ first: pool[0], last: pool[1] }] } }
  for (const address of pool) {
    table.set(address, printer)
    survey.question(address, neighbours, now)
  }
  const client = { key: 'new' }
  expect(leases.offer(tiny, client, undefined, now)).toBeUndefined()
  leases.commit(tiny, { key: 'past' }, { address: pool[1], seconds: 60 }, now - 100_000)
  expect(leases.offer(tiny, client, undefined, now)).toMatchObject({ address: pool[1] })
})

test('a wish is asked about first, and not heeded when somebody is there', () => {
  settle()
  const wish = { requested: '10.40.0.105' }
  const isReady = survey.ready(now).includes(ip('10.40.0.105'))
  expect(unchecked(wish)).toBe(isReady ? undefined : ip('10.40.0.105'))
  now += 3_600_000
  expect(unchecked(wish)).toBe(ip('10.40.0.105'))
  survey.question(ip('10.40.0.105'), neighbours, now)
  table.set(ip('10.40.0.105'), printer)
  look()
  expect(unchecked(wish)).not.toBe(ip('10.40.0.105'))
  expect(offered(wish)).not.toBe('10.40.0.105')
})

test('only a DISCOVER has to wait for an answer', () => {
  const context = { ...place(), leases }
  expect(uncheckedOffer(message('request'), context, now)).toBeUndefined()
  expect(uncheckedOffer(message('discover'), context, now)).toBeDefined()
  expect(
    uncheckedOffer(message('discover'), { ...context, survey: undefined }, now),
  ).toBeUndefined()
})

test('an address in use is set aside for ten minutes, like a declined one', () => {
  const address = ip('10.40.0.100')
  const lease = leases.setAside(address, printer, now)
  expect(lease).toEqual({ address, key: '', state: 'declined', expires: now + 600_000 })
  expect(leases.setAside(address, printer, now)).toBeUndefined()
  survey = new AddressSurvey()
  expect(offered({ requested: '10.40.0.100' })).not.toBe('10.40.0.100')
  now += 600_000
  expect(offered({ requested: '10.40.0.100' })).toBe('10.40.0.100')
})

test('a machine that is on its own address, or was promised it, is no conflict', () => {
  const [address, machine] = [ip('10.40.0.100'), mac('52:54:00:00:00:01')]
  const client = { key: machine, mac: machine }
  const request = { address, seconds: 60 }
  leases.commit(place(), client, request, now)
  expect(leases.setAside(address, printer, now)).toBeUndefined()
  expect(leases.setAside(address, machine, now + 3_600_000)).toBeUndefined()
  expect(leases.holder(address)).toMatchObject({ state: 'bound' })
})

test('an offer turns out to be of an address in use: its REQUEST is refused', () => {
  const address = ip(offered())
  expect(leases.setAside(address, printer, now)).toBeDefined()
  const request = message('request', { serverId: '10.40.0.1', requested: formatIpv4(address) })
  const context = { ...place(), leases, server, boot: undefined }
  expect(respond(request, context, now)).toMatchObject([{ outcome: { type: 'dhcp.nak' } }])
})

test('rather an address that its last machine may still be on than none', () => {
  for (let host = 100; host < 110; host++) {
    const machine = mac(`52:54:00:00:01:${host - 50}`)
    const address = ip(`10.40.0.${host}`)
    leases.commit(place(), { key: machine, mac: machine }, { address, seconds: 60 }, now)
    table.set(address, machine)
  }
  now += 3_600_000
  look() // eight of the ten
  look()
  expect(wanted()).toEqual([])
  expect(offered()).toMatch(/^10\.40\.0\.10\d$/)
})
