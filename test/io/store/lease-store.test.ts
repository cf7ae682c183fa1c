import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ipv4, parseMac } from '../../../src/core/address.ts'
import { SystemError } from '../../../src/core/errors.ts'
import { openLeaseStore } from '../../../src/io/store/lease-store.ts'
import type { Lease } from '../../../src/protocol/dhcp/lease.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-leases-'))
  path = join(folder, 'data', 'leases.sqlite')
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function lease(index: number, changes: Partial<Lease> = {}): Lease {
  return {
    address: ipv4(0xc0a83200 + index),
    key: `52:54:00:00:00:0${index}`,
    mac: parseMac(`52:54:00:00:00:0${index}`),
    hostName: undefined,
    state: 'bound',
    expires: 1_900_000_000_000 + index,
    ...changes,
  }
}

test('leases come back as they were, after the folder is made', async () => {
  const store = openLeaseStore(path)
  const odd = lease(2, { key: 'id:00aa', mac: undefined, hostName: "o'k\0", state: 'declined' })
  await store.commit([lease(1), odd])
  store.close()
  const again = openLeaseStore(path)
  expect(again.load()).toEqual([lease(1), odd])
  again.close()
})

test('changes of one turn share one transaction; the last one of an address counts', async () => {
  const store = openLeaseStore(path)
  await Promise.all([
    store.commit([lease(1)]),
    store.commit([lease(2)]),
    store.commit([lease(1, { state: 'released' })]),
  ])
  expect(store.load()).toEqual([lease(1, { state: 'released' }), lease(2)])
  store.close()
})

test('closing writes what waits', async () => {
  const store = openLeaseStore(path)
  const written = store.commit([lease(1)])
  store.close()
  await written
  const again = openLeaseStore(path)
  expect(again.load()).toHaveLength(1)
  again.close()
})

test('what cannot be stored is refused, and the rest goes on', async () => {
  const store = openLeaseStore(path)
  await expect(store.commit([lease(1, { state: 'offered' })])).rejects.toThrow(SystemError)
  await store.commit([lease(2)])
  expect(store.load()).toEqual([lease(2)])
  store.close()
})

test('a damaged file is named, and what to do', () => {
  openLeaseStore(path).close()
  writeFileSync(path, 'this is no database, and long enough to be looked at'.repeat(100))
  expect(() => openLeaseStore(path)).toThrow(
    /^the lease database .*leases.sqlite is damaged .*move/,
  )
})

test('a file that is damaged inside is noticed at the start', async () => {
  const store = openLeaseStore(path)
  const hostName = 'h'.repeat(200)
  await store.commit(Array.from({ length: 9 }, (_, index) => lease(index, { hostName })))
  for (let round = 10; round < 400; round++) {
    await store.commit([lease(0, { address: ipv4(round), hostName })])
  }
  store.close()
  const octets = readFileSync(path)
  octets.fill(0xa5, 4096, octets.length)
  writeFileSync(path, octets)
  expect(() => openLeaseStore(path)).toThrow(/is damaged/)
})

test('a file of another version is left alone', () => {
  openLeaseStore(path).close()
  const database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 99')
  database.close()
  expect(() => openLeaseStore(path)).toThrow(/another version of Bootlace \(schema 99/)
})

test('a folder that cannot be made is named', () => {
  writeFileSync(join(folder, 'data'), 'a file')
  expect(() => openLeaseStore(path)).toThrow(/leases.sqlite cannot be used/)
})

test('kill -9 at any moment loses no lease that was confirmed', async () => {
  const child = spawn(
    process.execPath,
    [new URL('../../support/commit-leases.ts', import.meta.url).pathname, path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let confirmed = ''
  child.stdout.on('data', (part: Buffer) => {
    confirmed += part.toString()
    if (confirmed.length > 400) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const numbers = confirmed.split('\n').slice(0, -1).map(Number)
  const store = openLeaseStore(path)
  const stored = new Set(store.load().map(({ address }) => Number(address)))
  store.close()
  expect(numbers.length).toBeGreaterThan(50)
  expect(numbers.filter((number) => !stored.has(number))).toEqual([])
})
