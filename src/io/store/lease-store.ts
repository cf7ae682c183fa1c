/**
 * Leases on disk: `node:sqlite`, write-ahead log, every transaction synced, so that an ACK that has
 * left is never forgotten, not even by a power cut. Leases that change in one turn of the event loop
 * share one transaction, because the sync is what costs: about a millisecond.
 *
 * The interface is what a store shared by several servers would offer as well.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { ipv4, parseMac } from '../../core/address.ts'
import type { Lease, LeaseState } from '../../protocol/dhcp/lease.ts'
import { type DatabaseKind, databaseRefusal, openDatabase } from './database.ts'

export interface LeaseStore {
  /** Every lease that was ever stored, one for each address. */
  load(): Lease[]
  /** Resolves when they are durable; rejects with a SystemError when they are not. */
  commit(leases: readonly Lease[]): Promise<void>
  /** Writes what is waiting. */
  close(): void
}

const kind: DatabaseKind = {
  name: 'lease database',
  loss: 'machines get their addresses anew',
  version: 1,
  schema: `CREATE TABLE lease (
    address   INTEGER PRIMARY KEY,
    client    TEXT    NOT NULL,
    mac       TEXT,
    host_name TEXT,
    state     TEXT    NOT NULL CHECK (state IN ('bound', 'released', 'declined')),
    expires   INTEGER NOT NULL
  ) STRICT`,
}

const upsert = `
  INSERT INTO lease (address, client, mac, host_name, state, expires) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (address) DO UPDATE SET client = excluded.client, mac = excluded.mac,
    host_name = excluded.host_name, state = excluded.state, expires = excluded.expires
`

/** @throws SystemError which names the file and what to do, when it cannot be used. */
export function openLeaseStore(path: string): LeaseStore {
  return new SqliteLeaseStore(path)
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
    this.#database = openDatabase(path, kind)
    this.#upsert = this.#database.prepare(upsert)
  }

  load(): Lease[] {
    try {
      return this.#database.prepare('SELECT * FROM lease').all().map(leaseOf)
    } catch (error) {
      throw databaseRefusal(this.#path, kind, error)
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
      const reason = databaseRefusal(this.#path, kind, error)
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
