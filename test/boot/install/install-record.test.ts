import { describe, expect, test } from 'vitest'
import { parseMac } from '../../../src/core/address.ts'
import type { Host } from '../../../src/boot/host.ts'
import { effectiveHost } from '../../../src/boot/install/effective-host.ts'
import { readRecord, recordFor } from '../../../src/boot/install/install-record.ts'
import {
  type InstallRecord,
  advance,
  armedRecord,
} from '../../../src/boot/install/install-state.ts'
import { choicePowered, choiceServed, readChoice } from '../../../src/boot/install/next-boot.ts'

const now = 5_000_000
const token = 'fresh'
const host: Host = {
  name: 'web-01',
  mac: parseMac('52:54:00:12:34:56') ?? expect.fail(),
  boot: 'photon',
  loader: 'auto',
}

function recordIn(state: InstallRecord['state'], entry = 'photon'): InstallRecord {
  const armed = armedRecord({ entry, host: 'web-01', token: 'stored' }, 1)
  const installedAt = state === 'installed' || state === 'disk' ? 2 : undefined
  return { ...armed, state, ...(installedAt === undefined ? {} : { installedAt }) }
}

function found(own: unknown, former: readonly unknown[] = []): InstallRecord {
  return recordFor(host, { own, former }, { token, now })
}

describe('a host of which', () => {
  test('nothing is stored is armed', () => {
    expect(found(undefined)).toMatchObject({ state: 'armed', entry: 'photon', token })
  })

  test('something is stored for its entry is as that says, under its name of today', () => {
    const stored = recordIn('installing')
    expect(found(stored)).toEqual(stored)
    expect(found({ ...stored, host: 'old-name' })).toEqual(stored)
  })

  test('garbage is stored is not installed', () => {
    for (const garbage of [null, 1, 'x', {}, [], { ...recordIn('armed'), state: 'odd' }]) {
      expect(found(garbage)).toMatchObject({ state: 'stopped' })
    }
  })

  test.for(['armed', 'booting'] as const)(
    'another entry was only %s takes the new one',
    (state) => {
      expect(found(recordIn(state, 'debian'))).toMatchObject({
        state: 'armed',
        entry: 'photon',
        token,
      })
    },
  )

  test.for(['installing', 'installed', 'disk', 'stopped'] as const)(
    'another entry is %s needs to be armed, and that arms for the new one',
    (state) => {
      const record = found(recordIn(state, 'debian'))
      expect(record).toMatchObject({ state: 'stopped', entry: 'debian' })
      expect(record.reason).toContain('debian')
      const facts = { once: true, token, entry: 'photon', host: 'web-01' }
      expect(advance(record, 'armed', facts, now)).toMatchObject({
        state: 'armed',
        entry: 'photon',
      })
    },
  )

  test('an installation of another entry was armed again by the user needs it anew', () => {
    const rearmed = { ...recordIn('armed', 'debian'), installedAt: 2 }
    expect(found(rearmed)).toMatchObject({ state: 'stopped' })
  })

  test('the name was installed under another address, since replaced, is not installed', () => {
    expect(found(undefined, [recordIn('disk')]).reason).toContain('another MAC address')
    expect(found(undefined, [recordIn('armed')]).state).toBe('armed')
    expect(found(undefined, [{ ...recordIn('disk'), host: 'web-02' }, null]).state).toBe('armed')
  })
})

test('a record is read as it was stored, through JSON; a part that is missing makes it none', () => {
  const record = recordIn('disk')
  expect(readRecord(JSON.parse(JSON.stringify(record)))).toEqual(record)
  for (const key of ['state', 'at', 'entry', 'host', 'token', 'starts', 'startedAt'] as const) {
    expect(readRecord({ ...record, [key]: undefined })).toBeUndefined()
  }
})

describe('the host that menus and DHCP see', () => {
  test.for(['armed', 'booting', 'installing'] as const)(
    '%s has the way to its answers',
    (state) => {
      const seen = effectiveHost(host, recordIn(state), undefined)
      expect(seen).toEqual({ ...host, answers: '/ks/stored' })
    },
  )

  test.for(['installed', 'disk', 'stopped'] as const)('%s boots from its disk', (state) => {
    expect(effectiveHost(host, recordIn(state), undefined)).toEqual({ ...host, boot: 'disk' })
  })

  test('what the user chose goes before all, and never installs', () => {
    const choice = { entry: 'photon' }
    expect(effectiveHost(host, recordIn('armed'), choice)).toEqual(host)
    expect(effectiveHost(host, undefined, { entry: 'menu' })).toEqual({ ...host, boot: 'menu' })
  })

  test('is as configured where it does not install itself', () => {
    expect(effectiveHost(host, undefined, undefined)).toBe(host)
  })
})

describe('what the user chose for the next boot', () => {
  const chosen = { entry: 'tinyvm' }
  const served = { entry: 'tinyvm', servedAt: now }

  test('waits for that boot, however often its firmware is heard before', () => {
    expect(choicePowered(chosen, now)).toBe(chosen)
    expect(choiceServed(chosen, now)).toEqual(served)
  })

  test('stays for all that is asked in that boot', () => {
    expect(choiceServed(served, now + 60_000)).toBe(served)
    expect(choicePowered(served, now + 5000)).toBe(served)
  })

  test('is over with the next start, heard or not', () => {
    expect(choicePowered(served, now + 60_000)).toBeUndefined()
    expect(choiceServed(served, now + 600_000)).toBeUndefined()
  })

  test('is read as it was stored', () => {
    expect(readChoice(JSON.parse(JSON.stringify(served)))).toEqual(served)
    expect(readChoice({ ...chosen, servedAt: 'x' })).toEqual(chosen)
    for (const garbage of [undefined, null, 1, {}, { entry: 1 }]) {
      expect(readChoice(garbage)).toBeUndefined()
    }
  })
})
