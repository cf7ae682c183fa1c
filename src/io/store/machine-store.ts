/**
 * What Bootlace has learned about a machine and must know after a restart: one JSON value for each
 * machine and key. Read from memory, and anew when another process has written; a change is on disk
 * when `set` returns, and there are few.
 *
 * Bounded: of more machines than any site has, which somebody has invented, those are forgotten that
 * were set longest ago. A restart forgets which those are, and goes by their addresses.
 *
 * What a value means, and whether an old one still makes sense, is the business of who set it.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Mac, parseMac } from '../../core/address.ts'
import { parseJson } from '../../core/json.ts'
import { type DatabaseKind, databaseRefusal, openDatabase } from './database.ts'

/** Who keeps what: a new key is a new row. */
const machineKeys = {
  loader: 'which boot loaders were seen to start on it',
  addresses: 'the static addresses that its TinyVM was told to take',
  install: 'how its installation stands, with the secret of its answers',
  next: 'what the user chose that it boots next',
} as const
export type MachineKey = keyof typeof machineKeys

export interface MachineStore {
  /** What `set` was given, after JSON and back; undefined where nothing is known, null for garbage. */
  get(mac: Mac, key: MachineKey): unknown
  /** Durable on return; `undefined` forgets. Throws SystemError when it cannot be written. */
  set(mac: Mac, key: MachineKey, value: unknown): void
  entries(key: MachineKey): readonly (readonly [Mac, unknown])[]
  close(): void
}

const kind: DatabaseKind = {
  name: 'machine database',
  loss: 'then every host with a kickstart is armed again, so it wipes its disk at its next start: give those that must not boot: disk first',
  version: 1,
  isPrivate: true,
  schema: `CREATE TABLE fact (
    mac   TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (mac, key)
  ) STRICT, WITHOUT ROWID`,
}

const upsert = `
  INSERT INTO fact (mac, key, value) VALUES (?, ?, ?)
  ON CONFLICT (mac, key) DO UPDATE SET value = excluded.value
`

const mostMachines = 65_536

/** @throws SystemError which names the file and what to do, when it cannot be used. */
export function openMachineStore(path: string, limit: number = mostMachines): MachineStore {
  return new SqliteMachineStore(path, limit)
}

class SqliteMachineStore implements MachineStore {
  readonly #path: string
  /** Machines with a value of the same key. */
  readonly #limit: number
  readonly #database: DatabaseSync
  readonly #upsert: StatementSync
  readonly #remove: StatementSync
  readonly #all: StatementSync
  /** By key, then by machine, the one to be forgotten first. */
  readonly #facts = new Map<string, Map<Mac, unknown>>()
  /** Another one means that another process has written: `bootlace host`. */
  readonly #version: StatementSync
  #seen: unknown

  constructor(path: string, limit: number) {
    this.#path = path
    this.#limit = limit
    this.#database = openDatabase(path, kind)
    this.#upsert = this.#database.prepare(upsert)
    this.#remove = this.#database.prepare('DELETE FROM fact WHERE mac = ? AND key = ?')
    this.#all = this.#database.prepare('SELECT * FROM fact')
    this.#version = this.#database.prepare('PRAGMA data_version')
    this.#refresh()
  }

  get(mac: Mac, key: MachineKey): unknown {
    this.#refresh()
    return this.#facts.get(key)?.get(mac)
  }

  set(mac: Mac, key: MachineKey, value: unknown): void {
    this.#refresh()
    const text = value === undefined ? undefined : JSON.stringify(value)
    this.#write(mac, key, text)
    this.#remember(mac, key, text === undefined ? undefined : parseJson(text))
    const known = this.#facts.get(key)
    const oldest = known?.keys().next().value
    if (known === undefined || known.size <= this.#limit || oldest === undefined) return
    this.#write(oldest, key, undefined)
    known.delete(oldest)
  }

  entries(key: MachineKey): readonly (readonly [Mac, unknown])[] {
    this.#refresh()
    return [...(this.#facts.get(key) ?? [])]
  }

  close(): void {
    this.#database.close()
  }

  #refresh(): void {
    try {
      const version = this.#version.get()?.['data_version']
      if (version === this.#seen) return
      this.#facts.clear()
      for (const { mac, key, value } of this.#all.all()) {
        // What was edited by hand into something else is there, and makes no sense.
        this.#remember(parseMac(String(mac)), String(key), parseJson(String(value)) ?? null)
      }
      this.#seen = version
    } catch (error) {
      throw databaseRefusal(this.#path, kind, error)
    }
  }

  #write(mac: Mac, key: MachineKey, text: string | undefined): void {
    try {
      if (text === undefined) this.#remove.run(mac, key)
      else this.#upsert.run(mac, key, text)
    } catch (error) {
      throw databaseRefusal(this.#path, kind, error)
    }
  }

  #remember(mac: Mac | undefined, key: string, value: unknown): void {
    if (mac === undefined) return
    const known = this.#facts.get(key) ?? new Map<Mac, unknown>()
    this.#facts.set(key, known)
    known.delete(mac)
    if (value !== undefined) known.set(mac, value)
  }
}
