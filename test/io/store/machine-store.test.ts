import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { macFromOctets } from '../../../src/core/address.ts'
import { SystemError } from '../../../src/core/errors.ts'
import { openMachineStore } from '../../../src/io/store/machine-store.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-machines-'))
  path = join(folder, 'data', 'machines.db')
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const first = macFromOctets(Uint8Array.of(0x52, 0x54, 0, 0, 0, 1))
const second = macFromOctets(Uint8Array.of(0x52, 0x54, 0, 0, 0, 2))
const third = macFromOctets(Uint8Array.of(0x52, 0x54, 0, 0, 0, 3))

test('what was set is there after a restart, by machine and key', () => {
  const store = openMachineStore(path)
  store.set(first, 'loader', { rung: 1 })
  store.set(first, 'loader', { rung: 2 })
  store.set(second, 'addresses', ['192.168.50.9/24'])
  store.close()
  const again = openMachineStore(path)
  expect(again.get(first, 'loader')).toEqual({ rung: 2 })
  expect(again.get(second, 'loader')).toBeUndefined()
  expect(again.entries('addresses')).toEqual([[second, ['192.168.50.9/24']]])
  again.close()
})

test('undefined forgets, now and after a restart', () => {
  const store = openMachineStore(path)
  store.set(first, 'loader', 1)
  store.set(first, 'loader', undefined)
  expect(store.get(first, 'loader')).toBeUndefined()
  store.close()
  const again = openMachineStore(path)
  expect(again.entries('loader')).toEqual([])
  again.close()
})

test('a change of the caller’s object afterwards changes nothing that is kept', () => {
  const store = openMachineStore(path)
  const value = { rung: 1 }
  store.set(first, 'loader', value)
  value.rung = 2
  expect(store.get(first, 'loader')).toEqual({ rung: 1 })
  store.close()
})

test('of too many machines the one that was set longest ago is forgotten, also after a restart', () => {
  const store = openMachineStore(path, 2)
  store.set(first, 'loader', 1)
  store.set(second, 'loader', 2)
  store.set(first, 'loader', 3)
  store.set(third, 'loader', 4)
  store.set(third, 'addresses', 5)
  const left = [
    [first, 3],
    [third, 4],
  ]
  expect(store.entries('loader')).toEqual(left)
  store.close()
  const again = openMachineStore(path, 2)
  expect(again.entries('loader')).toEqual(left)
  again.close()
})

test('rows that were damaged by hand are there, and make no sense', () => {
  openMachineStore(path).close()
  const database = new DatabaseSync(path)
  database.exec(`INSERT INTO fact VALUES ('${first}', 'loader', '{'), ('nonsense', 'loader', '1')`)
  database.close()
  const store = openMachineStore(path)
  expect(store.entries('loader')).toEqual([[first, null]])
  store.close()
})

test('what another process writes is seen at once, and what it does not touch stays', () => {
  const [service, command] = [openMachineStore(path), openMachineStore(path)]
  service.set(first, 'next', { entry: 'disk' })
  command.set(second, 'next', { entry: 'tinyvm' })
  expect(service.get(second, 'next')).toEqual({ entry: 'tinyvm' })
  expect(service.entries('next')).toHaveLength(2)
  service.set(second, 'next', undefined)
  expect(command.get(second, 'next')).toBeUndefined()
  expect(command.get(first, 'next')).toEqual({ entry: 'disk' })
  service.close()
  command.close()
})

test('nobody but its owner may read it, also where it was there before', () => {
  openMachineStore(path).close()
  chmodSync(path, 0o644)
  const store = openMachineStore(path)
  store.set(first, 'install', { token: 'secret' })
  for (const ending of ['', '-wal', '-shm'])
    expect(statSync(path + ending).mode & 0o777).toBe(0o600)
  store.close()
})

test('a file that is no database is refused with its name and what to do', () => {
  const file = join(folder, 'machines.db')
  writeFileSync(file, 'not a database, but long enough to be looked at as one'.repeat(100))
  expect(() => openMachineStore(file)).toThrow(SystemError)
  expect(() => openMachineStore(file)).toThrow(/machine database .* is damaged .* move it away/)
})

test('whoever is told to move it away is told that hosts install themselves again', () => {
  openMachineStore(path).close()
  const database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 2')
  database.close()
  expect(() => openMachineStore(path)).toThrow(/move the file away; .* wipes its disk/)
  const file = join(folder, 'machines.db')
  writeFileSync(file, 'not a database, but long enough to be looked at as one'.repeat(100))
  expect(() => openMachineStore(file)).toThrow(/move it away .* wipes its disk/)
})
