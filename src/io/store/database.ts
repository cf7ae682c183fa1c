/**
 * A SQLite file of ours (`node:sqlite`): opened with its schema, write-ahead log, every transaction
 * synced, checked for damage. What is wrong with it is said with the file's name and what to do.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, SystemError } from '../../core/errors.ts'
import { makePrivate } from './private-file.ts'

export interface DatabaseKind {
  /** What it is called in messages: `lease database`. */
  readonly name: string
  /** What the person loses by moving the file away, as the end of a sentence. */
  readonly loss: string
  /** `PRAGMA user_version`: goes up by one whenever `schema` changes. */
  readonly version: number
  /** It holds secrets: only its owner may read it. */
  readonly isPrivate?: boolean | undefined
  /** Statements that make the tables of a new file. */
  readonly schema: string
}

/** @throws SystemError which names the file and what to do, when it cannot be used. */
export function openDatabase(path: string, kind: DatabaseKind): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true })
    // The files that SQLite makes beside it get the same mode.
    if (kind.isPrivate === true) makePrivate(path)
    database = new DatabaseSync(path)
    prepare(database, path, kind)
    return database
  } catch (error) {
    database?.close()
    throw databaseRefusal(path, kind, error)
  }
}

function prepare(
  database: DatabaseSync,
  path: string,
  { version, schema, loss }: DatabaseKind,
): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000')
  const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (found === 0) database.exec(`BEGIN; ${schema}; PRAGMA user_version = ${version}; COMMIT`)
  else if (found !== version) {
    throw new SystemError(
      `${path} was written by another version of Bootlace (schema ${found}, this one reads ${version}): use that version, or move the file away; ${loss}`,
    )
  }
  const check = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (check !== 'ok') throw new Error(String(check))
}

/** Why the file cannot be used, in words; an error that says so already stays as it is. */
export function databaseRefusal(
  path: string,
  { name, loss }: Pick<DatabaseKind, 'name' | 'loss'>,
  error: unknown,
): SystemError {
  if (error instanceof SystemError) return error
  const reason = messageOf(error)
  const refused = (says: string): SystemError =>
    new SystemError(`the ${name} ${path} ${says}`, { cause: error })
  if (/locked/.test(reason)) return refused('is in use by another process: stop the other Bootlace')
  if (/malformed|not a database|corrupt|database disk image|row \d+|page \d+/i.test(reason)) {
    return refused(
      `is damaged (${reason}): move it away (with ${path}-wal and ${path}-shm) and start again; ${loss}`,
    )
  }
  return refused(`cannot be used: ${reason}`)
}
