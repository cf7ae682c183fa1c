import { array, assert, constantFrom, integer, property, record as recordOf } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type InstallEvent,
  type InstallRecord,
  type InstallState,
  advance,
  armedRecord,
  installStates,
  mayFetch,
  mostStarts,
  sameBoot,
  surelyAnother,
} from '../../../src/boot/install/install-state.ts'

const start = 1_000_000
const once = { once: true, token: 'next', entry: 'photon', host: 'web-01' }
const always = { ...once, once: false }
const events = ['offered', 'passed', 'fetched', 'done', 'powered', 'armed', 'disarmed'] as const

const armed = armedRecord({ entry: 'photon', host: 'web-01', token: 'first' }, start)

function after(record: InstallRecord, ...steps: readonly InstallEvent[]): InstallRecord {
  return steps.reduce((state, event) => advance(state, event, once, start), record)
}

const inState: Readonly<Record<InstallState, InstallRecord>> = {
  armed,
  booting: after(armed, 'offered'),
  installing: after(armed, 'offered', 'fetched'),
  installed: after(armed, 'offered', 'fetched', 'done'),
  disk: after(armed, 'offered', 'fetched', 'done', 'offered'),
  stopped: after(armed, 'offered', 'fetched', 'offered'),
}

/** A minute later; `same`: nothing changes at all. */
const table: Readonly<Record<InstallState, Record<InstallEvent, InstallState | 'same'>>> = {
  armed: {
    offered: 'booting', passed: 'same', fetched: 'same', done: 'same', powered: 'same', armed: 'armed',
    disarmed: 'stopped',
  },
  booting: {
    offered: 'same', passed: 'same', fetched: 'installing', done: 'installed', powered: 'booting', armed: 'armed',
    disarmed: 'stopped',
  },
  installing: {
    offered: 'stopped', passed: 'stopped', fetched: 'same', done: 'installed', powered: 'same', armed: 'armed',
    disarmed: 'stopped',
  },
  installed: {
    offered: 'disk', passed: 'same', fetched: 'same', done: 'same', powered: 'same', armed: 'armed',
    disarmed: 'same',
  },
  disk: {
    offered: 'same', passed: 'same', fetched: 'same', done: 'same', powered: 'same', armed: 'armed',
    disarmed: 'same',
  },
  stopped: {
    offered: 'same', passed: 'same', fetched: 'same', done: 'installed', powered: 'same', armed: 'armed',
    disarmed: 'same',
  },
} // prettier-ignore

describe.for(installStates)('%s', (state) => {
  test('is what the way there leads to', () => {
    expect(inState[state].state).toBe(state)
  })

  test.for(events)('%s', (event) => {
    const before = inState[state]
    const next = advance(before, event, once, start + 60_000)
    if (table[state][event] === 'same') expect(next).toBe(before)
    else {
      expect(next).not.toBe(before)
      expect(next.state).toBe(table[state][event])
    }
  })

  test('is armed by the user with another secret, and tries from the beginning', () => {
    const next = advance(inState[state], 'armed', once, start + 5)
    expect(next).toMatchObject({ state: 'armed', token: 'next', starts: 0, at: start + 5 })
    expect(next.reason).toBeUndefined()
  })
})

test('disarming ends what installs at each start, and is no trouble to an installed system', () => {
  for (const state of ['installed', 'disk'] as const) {
    const record = advance(inState[state], 'disarmed', always, start + 60_000)
    expect(record).toMatchObject({ state: 'stopped', reason: 'somebody disarmed it' })
    expect(advance(record, 'offered', always, start + 120_000)).toBe(record)
  }
})

test('the way of a machine that installs itself, with its times', () => {
  let record = advance(armed, 'offered', once, start + 10)
  expect(record).toMatchObject({ state: 'booting', starts: 1, startedAt: start + 10 })
  record = advance(record, 'fetched', once, start + 20)
  record = advance(record, 'done', once, start + 30)
  expect(record).toMatchObject({ state: 'installed', at: start + 30, installedAt: start + 30 })
  record = advance(record, 'offered', once, start + 40)
  expect(record).toMatchObject({ state: 'disk', installedAt: start + 30, token: 'first' })
})

/** A power cycle: its firmware is heard, then it asks what to boot. */
function cycle(record: InstallRecord, now: number): InstallRecord {
  return advance(advance(record, 'powered', once, now), 'offered', once, now + 5000)
}

describe('a machine that never fetches its answers', () => {
  test('may try again, and is stopped when it has tried often enough', () => {
    let record = armed
    for (let tries = 1; tries <= mostStarts; tries += 1) {
      record = cycle(record, start + tries * 60_000)
      expect(record).toMatchObject({ state: 'booting', starts: tries, token: 'first' })
    }
    record = cycle(record, start + 600_000)
    expect(record.state).toBe('stopped')
    expect(record.reason).toContain(`${mostStarts} times`)
  })

  test('asks several times in one boot, which counts as one', () => {
    const booting = advance(armed, 'offered', once, start)
    // Its ROM's iPXE is replaced by another one, which asks DHCP and for the menu again.
    const replaced = cycle(booting, start + sameBoot - 5001)
    expect(replaced).toBe(booting)
    for (const seconds of [1, 10, 60, 300]) {
      expect(advance(booting, 'offered', once, start + seconds * 1000)).toBe(booting)
    }
  })

  test('counts as another boot after a while, although its firmware was not heard', () => {
    const booting = advance(armed, 'offered', once, start)
    expect(advance(booting, 'offered', once, start + surelyAnother).starts).toBe(2)
    // Also where the clock was set back in between.
    expect(advance(booting, 'offered', once, start - surelyAnother).starts).toBe(2)
  })

  test('is heard once, however often its firmware asks', () => {
    const booting = advance(armed, 'offered', once, start)
    const back = advance(booting, 'powered', once, start + sameBoot)
    expect(back.isBack).toBe(true)
    expect(advance(back, 'powered', once, start + sameBoot + 4000)).toBe(back)
  })
})

describe('a report that was lost', () => {
  test('ends at the disk, with the reason, and not in another installation', () => {
    expect(inState.stopped.reason).toContain('without reporting')
    expect(after(inState.stopped, 'powered', 'offered', 'fetched', 'offered')).toBe(inState.stopped)
  })

  test('may come late, from the installed system', () => {
    const late = advance(inState.stopped, 'done', once, start + 9)
    expect(late).toMatchObject({ state: 'installed', installedAt: start + 9, reason: undefined })
    expect(after(late, 'offered').state).toBe('disk')
  })
})

describe('once: false', () => {
  test.for(['installing', 'installed', 'disk'] as const)('%s installs again', (state) => {
    const next = advance(inState[state], 'offered', always, start + 60_000)
    expect(next).toMatchObject({ state: 'booting', starts: 1, token: 'next' })
  })

  test('does not start a machine for ever that never fetches its answers', () => {
    let record = armed
    for (let boot = 0; boot <= mostStarts; boot += 1) {
      record = advance(record, 'offered', always, start + boot * surelyAnother)
    }
    expect(record.state).toBe('stopped')
    expect(advance(record, 'offered', always, start * 2)).toBe(record)
  })
})

test('answers may be fetched between the start and the report, and never else', () => {
  const may = installStates.filter((state) => mayFetch(inState[state]))
  expect(may).toEqual(['booting', 'installing'])
})

test('whatever happens in whatever order, nothing but the user arms a machine again', () => {
  const happened = recordOf({
    event: constantFrom(...events.filter((event) => event !== 'armed')),
    wait: integer({ min: 0, max: 2 * surelyAnother }),
  })
  assert(
    property(array(happened, { maxLength: 40 }), (all) => {
      let [record, now, fetches] = [armed, start, 0]
      for (const { event, wait } of all) {
        now += wait
        const next = advance(record, event, once, now)
        if (next.state === 'installing' && record.state !== 'installing') fetches += 1
        // Once its disk may have been wiped it never comes to that again.
        if (fetches > 0) expect(['armed', 'booting']).not.toContain(next.state)
        expect(next.token).toBe('first')
        record = next
      }
      expect(fetches).toBeLessThanOrEqual(1)
      expect(record.starts).toBeLessThanOrEqual(mostStarts)
    }),
  )
})
