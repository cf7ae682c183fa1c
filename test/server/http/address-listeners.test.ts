import { beforeEach, expect, test } from 'vitest'
import type { ServiceEvent } from '../../../src/core/events.ts'
import { AddressListeners } from '../../../src/server/http/address-listeners.ts'

let addresses: readonly string[] | Error
let links: ReadonlyMap<string, number>
let refused: ReadonlySet<string>
let open: string[]
let events: Omit<ServiceEvent, 'at'>[]
let listeners: AddressListeners<{ close: (reason: string) => Promise<void> }>
beforeEach(() => {
  ;[addresses, refused, open, events] = [[], new Set(), [], []]
  links = new Map([['tap0', 7]])
  listeners = new AddressListeners({
    addresses: () => {
      if (addresses instanceof Error) throw addresses
      return addresses
    },
    open: (address) => {
      if (refused.has(address)) return Promise.reject(new Error(`${address} is taken`))
      open.push(address)
      return Promise.resolve({
        close: () => {
          open = open.filter((each) => each !== address)
          return Promise.resolve()
        },
      })
    },
    emit: (event) => events.push(event),
    linkNumber: (name) => links.get(name),
  })
})

async function look(at: readonly string[] | Error): Promise<readonly (string | undefined)[]> {
  addresses = at
  events = []
  await listeners.rescan()
  return events.map(({ reason }) => reason)
}

test('an address that cannot be served is told once, and served when it can be', async () => {
  refused = new Set(['fd77::1'])
  expect(await look(['fd77::1', 'fd77::2'])).toEqual(['fd77::1 is taken'])
  expect(await look(['fd77::1', 'fd77::2'])).toEqual([])
  refused = new Set()
  expect(await look(['fd77::1', 'fd77::2'])).toEqual([])
  expect(open).toEqual(['fd77::2', 'fd77::1'])
})

test('one that went away and comes back with the same trouble is told again', async () => {
  refused = new Set(['fd77::1'])
  await look(['fd77::1'])
  expect(await look([])).toEqual([])
  expect(await look(['fd77::1'])).toEqual(['fd77::1 is taken'])
})

test('an address of a link that was removed and made again under its name is opened anew', async () => {
  await look(['fe80::1%tap0', 'fd77::1'])
  links = new Map([['tap0', 8]])
  await look(['fe80::1%tap0', 'fd77::1'])
  expect(open).toEqual(['fd77::1', 'fe80::1%tap0'])
  await look(['fe80::1%tap0', 'fd77::1'])
  expect(open).toEqual(['fd77::1', 'fe80::1%tap0'])
})

test('addresses that cannot be listed stay open, and that is told once', async () => {
  await look(['fd77::1'])
  expect(await look(new Error('no list'))).toEqual(['no list'])
  expect(await look(new Error('no list'))).toEqual([])
  expect(open).toEqual(['fd77::1'])
})

test('whatever could not be opened at the start leaves nothing open', async () => {
  addresses = ['fd77::1', 'fd77::2']
  refused = new Set(['fd77::2'])
  await expect(listeners.start()).rejects.toThrow('fd77::2 is taken')
  expect([open, listeners.all]).toEqual([[], []])
})
