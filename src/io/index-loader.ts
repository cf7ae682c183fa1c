/**
 * Reading the cache's index at start. Synchronous on purpose: nothing is served yet, and 10 000
 * small files are read several times faster this way than through the thread pool.
 */
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type IndexEntry, entryName, parseEntry } from './index-entry.ts'

export interface LoadedEntry {
  readonly entry: IndexEntry
  /** Epoch milliseconds, within some minutes. */
  readonly usedAt: number
}

/** Every readable entry, least recently used first; torn and foreign ones are removed. */
export function loadIndex(directory: string): LoadedEntry[] {
  const { loaded, unreadable } = readIndex(directory)
  for (const path of unreadable) remove(path)
  return loaded
}

/** Without changing anything. */
export function readIndex(directory: string): { loaded: LoadedEntry[]; unreadable: string[] } {
  const loaded: LoadedEntry[] = []
  const unreadable: string[] = []
  for (const path of filesUnder(directory)) {
    const found = readEntry(path)
    if (found === undefined) unreadable.push(path)
    else loaded.push(found)
  }
  return { loaded: loaded.sort((a, b) => a.usedAt - b.usedAt), unreadable }
}

/** A power cut between the naming of a body and its entry leaves a body that nobody finds. */
export function removeOrphans(directory: string, isUsed: (sha256: string) => boolean): void {
  for (const path of filesUnder(directory)) {
    if (!isUsed(path.slice(path.lastIndexOf('/') + 1))) remove(path)
  }
}

function remove(path: string): void {
  rmSync(path, { force: true, recursive: true })
}

function readEntry(path: string): LoadedEntry | undefined {
  try {
    const entry = parseEntry(readFileSync(path, 'utf8'))
    if (entry === undefined || !path.endsWith(`/${entryName(entry.key)}.json`)) return undefined
    return { entry, usedAt: statSync(path).mtimeMs }
  } catch {
    return undefined
  }
}

/** The files one folder below; a folder that is missing has none. */
function filesUnder(directory: string): string[] {
  return names(directory).flatMap((shard) =>
    names(join(directory, shard)).map((name) => join(directory, shard, name)),
  )
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
