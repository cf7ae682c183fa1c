/**
 * Leases on disk: `node:sqlite`, write-ahead log, every transaction synced, so that an ACK that has
 * left is never forgotten, not even by a power cut. Leases that change in one turn of the event loop
 * share one transaction, because the sync is what costs: about a millisecond.
 *
 * The interface is what a store shared by several servers would offer as well.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ipv4, parseMac } from '../core/address.ts'
import { messageOf, SystemError } from '../core/errors.ts'
import type { Lease, LeaseState } from '../protocol/dhcp/lease.ts'

export interface LeaseStore {
  /** Every lease that was ever stored, one for each address. */
  load(): Lease[]
  /** Resolves when they are durable; rejects with a SystemError when they are not. */
  commit(leases: readonly Lease[]): Promise<void>
  /** Writes what is waiting. */
  close(): void
}

const schemaVersion = 1
const schema = `
  CREATE TABLE lease (
    address   INTEGER PRIMARY KEY,
    client    TEXT    NOT NULL,
    mac       TEXT,
    host_name TEXT,
    state     TEXT    NOT NULL CHECK (state IN ('bound', 'released', 'declined')),
    expires   INTEGER NOT NULL
  ) STRICT;
  PRAGMA user_version = ${schemaVersion};
`

const upsert = `
  INSERT INTO lease (address, client, mac, host_name, state, expires) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (address) DO UPDATE SET client = excluded.client, mac = excluded.mac,
    host_name = excluded.host_name, state = excluded.state, expires = excluded.expires
`

/** @throws SystemError which names the file and what to do, when it cannot be used. */
export function openLeaseStore(path: string): LeaseStore {
  try {
    mkdirSync(dirname(path), { recursive: true })
    return new SqliteLeaseStore(path)
  } catch (error) {
    if (error instanceof SystemError) throw error
    throw new SystemError(refusal(path, error), { cause: error })
  }
}

interface Waiting {
  readonly leases: readonly Lease[]
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

class SqliteLeaseStore implements LeaseStore {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #upsert: StatementSync
  #waiting: Waiting[] = []

  constructor(path: string) {
    this.#path = path
    this.#database = new DatabaseSync(path)
    try {
      prepareSchema(this.#database, path)
      this.#upsert = this.#database.prepare(upsert)
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  load(): Lease[] {
    try {
      return this.#database.prepare('SELECT * FROM lease').all().map(leaseOf)
    } catch (error) {
      throw new SystemError(refusal(this.#path, error), { cause: error })
    }
  }

  commit(leases: readonly Lease[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    if (this.#waiting.length === 0) setImmediate(() => this.#flush())
    this.#waiting.push({ leases, resolve: () => resolve(undefined), reject })
    return promise
  }

  close(): void {
    this.#flush()
    this.#database.close()
  }

  /** Later changes of an address overwrite earlier ones, so the order of arrival is kept. */
  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    if (waiting.length === 0) return
    try {
      this.#write(waiting.flatMap(({ leases }) => leases))
      for (const { resolve } of waiting) resolve()
    } catch (error) {
      const reason = new SystemError(refusal(this.#path, error), { cause: error })
      for (const { reject } of waiting) reject(reason)
    }
  }

  #write(leases: readonly Lease[]): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const { address, key, mac, hostName, state, expires } of leases) {
        this.#upsert.run(address, key, mac ?? null, hostName ?? null, state, expires)
      }
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

function prepareSchema(database: DatabaseSync, path: string): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000')
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version === 0) database.exec(`BEGIN; ${schema} COMMIT`)
  else if (version !== schemaVersion) {
    throw new SystemError(
      `${path} was written by another version of Bootlace (schema ${version}, this one reads ${schemaVersion}): use that version, or move the file away`,
    )
  }
  const check = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (check !== 'ok') throw new Error(String(check))
}

type Row = ReturnType<StatementSync['all']>[number]

function leaseOf(row: Row): Lease {
  const { address, client, mac, host_name: hostName, state, expires } = row
  return {
    address: ipv4(Number(address)),
    key: String(client),
    mac: typeof mac === 'string' ? parseMac(mac) : undefined,
    hostName: typeof hostName === 'string' ? hostName : undefined,
    state: stateOf(state),
    expires: Number(expires),
  }
}

function stateOf(state: unknown): LeaseState {
  return state === 'bound' || state === 'declined' ? state : 'released'
}

function refusal(path: string, error: unknown): string {
  const reason = messageOf(error)
  if (/locked/.test(reason)) {
    return `the lease database ${path} is in use by another process: stop the other Bootlace`
  }
  if (/malformed|not a database|corrupt|database disk image|row \d+|page \d+/i.test(reason)) {
    return `the lease database ${path} is damaged (${reason}): move it away (with ${path}-wal and ${path}-shm) and start again; machines get their addresses anew`
  }
  return `the lease database ${path} cannot be used: ${reason}`
}
