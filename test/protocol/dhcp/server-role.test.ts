import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { ipv4 } from '../../../src/core/address.ts'
import { type RoleState, ServerRole } from '../../../src/protocol/dhcp/server-role.ts'
import { ip } from '../../support/dhcp-messages.ts'

const timing = { listen: 5000, probe: 30_000, takeover: 60_000 }
const [ours, rival, another] = [ip('10.40.0.5'), ip('10.40.0.9'), ip('10.40.0.3')]

let now: number
let role: ServerRole
beforeEach(() => {
  now = 0
  role = new ServerRole(timing, now)
})

/** Lets time pass as the service does: a look whenever something is due. Answers the questions. */
function pass(milliseconds: number): number[] {
  const asked: number[] = []
  const end = now + milliseconds
  for (;;) {
    const next = Math.max(now, role.due)
    if (next > end) break
    now = next
    if (role.tick(now)) asked.push(now)
  }
  now = end
  return asked
}

const heard = () => role.heard(rival, now)
const peer = (from: string, state: RoleState['type']) =>
  role.heardPeer({ server: ip(from), state }, ours, now)
const type = () => role.state.type

describe('nobody is there', () => {
  test('three questions, then two fifths more than the time that a server may ping', () => {
    expect(pass(4999)).toEqual([0, 1000, 2000])
    expect(type()).toBe('asking')
    pass(1)
    expect(role.state).toEqual({ type: 'full', because: 'silence', before: undefined })
  })

  test('then a question every half minute, for ever', () => {
    pass(5000)
    expect(pass(95_000)).toEqual([35_000, 65_000, 95_000])
    expect(type()).toBe('full')
  })

  test('a machine that asks brings the next question forward, many machines one a second', () => {
    role.machineAsked(now)
    expect(pass(5000)).toEqual([0, 1000, 2000])
    now = 10_000
    role.machineAsked(now)
    expect(role.tick(now)).toBe(true)
    for (const at of [10_001, 10_500, 10_999]) {
      role.machineAsked(at)
      expect(role.tick(at)).toBe(false)
    }
    role.machineAsked(11_000)
    expect(role.tick(11_000)).toBe(true)
    expect(role.due).toBe(41_000)
  })

  test('looks that come late make the wait longer, never shorter', () => {
    now = 4900
    expect([role.tick(now), role.tick(now)]).toEqual([true, false])
    expect(pass(4999)).toEqual([5900, 6900])
    expect(type()).toBe('asking')
    pass(1)
    expect(type()).toBe('full')
  })
})

describe('another server', () => {
  test.for([0, 1, 2500, 4999])('that answers %i ms after the start: never an address', (after) => {
    pass(after)
    heard()
    expect(role.state).toEqual({ type: 'proxy', because: 'heard', rival })
    pass(20_000)
    expect(type()).toBe('proxy')
  })

  test('that appears: back at once, and a question again half a minute later', () => {
    pass(5000)
    pass(12_345)
    heard()
    expect(type()).toBe('proxy')
    expect(pass(30_000)).toEqual([47_345])
  })

  test('that answers every question: for ever', () => {
    heard()
    for (let asked = 0; asked < 100; asked++) {
      pass(30_000)
      heard()
      expect(type()).toBe('proxy')
    }
  })

  test('that goes: asked three times more at the end of its silence, then taken over', () => {
    heard()
    expect(pass(59_999)).toEqual([30_000, 55_000, 56_000, 57_000])
    expect(role.state).toEqual({ type: 'asking', before: rival })
    pass(1)
    expect(role.state).toEqual({ type: 'full', because: 'silence', before: rival })
  })

  test('that answers the last of the questions: not taken over', () => {
    heard()
    pass(59_999)
    heard()
    pass(59_999)
    expect(type()).not.toBe('full')
  })

  test('that comes, goes and comes back', () => {
    const story: RoleState['type'][] = []
    for (const silence of [5000, 30_000, 59_000, 60_000, 1000, 60_000]) {
      pass(silence)
      story.push(type())
      heard()
      story.push(type())
    }
    expect(story.join(' ')).toBe(
      'full proxy proxy proxy asking proxy full proxy proxy proxy full proxy',
    )
  })

  test('two of them: the first keeps its name until it is silent', () => {
    heard()
    const named = role.state
    pass(1000)
    role.heard(another, now)
    expect(role.state).toBe(named)
    pass(40_000)
    role.heard(another, now)
    expect(role.state).toBe(named)
    pass(20_000)
    role.heard(another, now)
    expect(role.state).toMatchObject({ type: 'proxy', rival: another })
  })
})

test('after a long sleep of this machine, what was known is old', () => {
  pass(5000)
  now += 3_600_000
  expect(role.tick(now)).toBe(true)
  expect(type()).toBe('asking')
})

test('another wire: it begins anew', () => {
  pass(5000)
  role.restart(now)
  expect(type()).toBe('asking')
  expect(pass(4999)).toHaveLength(3)
})

describe('where nobody can be asked', () => {
  test('a machine that nobody answers is the sign', () => {
    role.unanswered(now)
    expect(role.state).toEqual({ type: 'full', because: 'unanswered', before: undefined })
  })

  test('not while another server was heard a moment ago', () => {
    heard()
    now = 59_999
    role.unanswered(now)
    expect(type()).toBe('proxy')
    now = 60_000
    role.unanswered(now)
    expect(role.state).toEqual({ type: 'full', because: 'unanswered', before: rival })
  })
})

describe('another service like this one', () => {
  test('both want to begin: the lower address does', () => {
    peer('10.40.0.9', 'asking')
    expect(type()).toBe('asking')
    peer('10.40.0.3', 'asking')
    expect(role.state).toEqual({ type: 'proxy', because: 'peer', rival: another })
    peer('10.40.0.3', 'asking')
    expect(role.state).toMatchObject({ because: 'peer' })
    peer('10.40.0.3', 'full')
    expect(role.state).toEqual({ type: 'proxy', because: 'heard', rival: another })
  })

  test('one that has begun goes before one that wants to, whatever its address', () => {
    peer('10.40.0.9', 'full')
    expect(type()).toBe('proxy')
  })

  test('both have begun: the lower address goes on', () => {
    pass(5000)
    peer('10.40.0.9', 'full')
    expect(type()).toBe('full')
    peer('10.40.0.3', 'full')
    expect(type()).toBe('proxy')
  })

  test('one that is beside a server, or asks one that has begun, changes nothing', () => {
    peer('10.40.0.3', 'proxy')
    expect(type()).toBe('asking')
    pass(5000)
    peer('10.40.0.3', 'proxy')
    peer('10.40.0.3', 'asking')
    expect(type()).toBe('full')
  })
})

/** Several services and one foreign server on a wire that loses, repeats and reorders packets. */
class Wire {
  readonly roles: ServerRole[]
  hasRival = false
  loss = 0
  now = 0
  readonly #random: () => number
  #underway: { at: number; arrive: () => void }[] = []

  constructor(count: number, random: () => number) {
    this.#random = random
    this.roles = Array.from({ length: count }, () => new ServerRole(timing, 0))
  }

  pass(milliseconds: number): void {
    for (const end = this.now + milliseconds; this.now < end; this.now += 100) {
      for (const [index, each] of this.roles.entries()) if (each.tick(this.now)) this.#ask(index)
      const due = this.#underway.filter(({ at }) => at <= this.now)
      this.#underway = this.#underway.filter(({ at }) => at > this.now)
      for (const { arrive } of due) arrive()
    }
  }

  giving(): number {
    return this.roles.filter(({ state }) => state.type === 'full').length
  }

  #ask(asker: number): void {
    const state = this.roles[asker]!.state.type
    const answer = (server: number) =>
      this.#send(() => this.roles[asker]!.heard(ipv4(server), this.now))
    for (const [index, each] of this.roles.entries()) {
      if (index === asker) continue
      this.#send(() => {
        each.heardPeer({ server: ipv4(asker), state }, ipv4(index), this.now)
        if (each.state.type === 'full') answer(index)
      })
    }
    this.#send(() => this.hasRival && answer(1000))
  }

  #send(arrive: () => void): void {
    const copies = this.#random() < 0.2 ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random() >= this.loss) {
        this.#underway.push({ at: this.now + this.#random() * 300, arrive })
      }
    }
  }
}

/** Numbers from 0 to 1 out of a list: the same every time. */
function numbers(seed: readonly number[]): () => number {
  let at = 0
  return () => (seed[at++ % seed.length] ?? 0) / 100
}

const seeds = fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 20, maxLength: 200 })

test('any number of services on a bad wire: one gives addresses in the end, and stays', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 5 }), (seed, count) => {
      const wire = new Wire(count, numbers(seed))
      wire.loss = 0.5
      wire.pass(200_000)
      wire.loss = 0
      wire.pass(130_000)
      expect(wire.giving()).toBe(1)
      const state = wire.roles.map((each) => each.state)
      wire.pass(200_000)
      expect(wire.roles.map((each) => each.state)).toEqual(state)
    }),
    { seed: 4, numRuns: 60 },
  )
})

test('a foreign server on it: nobody after the next question, one again after its silence', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 4 }), (seed, count) => {
      const wire = new Wire(count, numbers(seed))
      for (let round = 0; round < 3; round++) {
        wire.hasRival = false
        wire.pass(130_000)
        expect(wire.giving()).toBe(1)
        wire.hasRival = true
        wire.pass(31_000)
        for (let looks = 0; looks < 10; looks++) {
          wire.pass(10_000)
          expect(wire.giving()).toBe(0)
        }
      }
    }),
    { seed: 4, numRuns: 30 },
  )
})
