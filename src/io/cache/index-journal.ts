/**
 * The cache's index on disk: one file of lines, each a change, so that it is read in one go when all
 * machines come back after a power cut. (One small file per entry took 12 s for 10 000 of them on a
 * busy disk after its memory was emptied; this takes 0.2 s.) Reading trusts nothing: lines that
 * are torn or from elsewhere are left out. Whoever writes it has to take turns.
 *
 *     {"at":1795290032546,"put":{"key":…}}   this is stored, and was used then
 *     {"at":1795290632546,"used":"KEY"}      it was used again
 *     {"gone":"KEY"}                         it is no longer stored
 *
 * It is written anew, aside and then renamed, at the first change after a start, when most of it is
 * out of date, and when somebody has deleted it.
 */
import { readFileSync } from 'node:fs'
import { appendFile, mkdir, open, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson } from '../../core/json.ts'
import { indexFile, temporaryFolder } from './cache-layout.ts'
import { type IndexEntry, isRecord, parseEntry } from './index-entry.ts'

export interface LoadedEntry {
  readonly entry: IndexEntry
  /** Epoch milliseconds, within some minutes. */
  readonly usedAt: number
}

export type IndexChange =
  | { readonly at: number; readonly put: IndexEntry }
  | { readonly at: number; readonly used: string }
  | { readonly gone: string }

/** Octets that may be out of date before it is written anew, beside as many as it had then. */
const slack = 1 << 20

/** Everything that is stored, least recently used first; changes nothing. */
export function readIndex(directory: string): LoadedEntry[] {
  const loaded = new Map<string, LoadedEntry>()
  for (const line of linesOf(indexFile(directory))) {
    const change = parseChange(line)
    if (change === undefined) continue
    const key = keyOf(change)
    const entry = 'put' in change ? change.put : loaded.get(key)?.entry
    loaded.delete(key) // so that the one used last is the last, also within a millisecond
    if (entry !== undefined && 'at' in change) loaded.set(key, { entry, usedAt: change.at })
  }
  return [...loaded.values()].sort((a, b) => a.usedAt - b.usedAt)
}

function keyOf(change: IndexChange): string {
  if ('put' in change) return change.put.key
  return 'used' in change ? change.used : change.gone
}

export class IndexJournal {
  readonly #directory: string
  readonly #live: () => Iterable<LoadedEntry>
  /** Of the file that we have written; another one is not ours. */
  #inode: number | undefined
  #size = 0
  #limit = 0

  /** `live`: what is stored now, the least recently used first. */
  constructor(directory: string, live: () => Iterable<LoadedEntry>) {
    this.#directory = directory
    this.#live = live
  }

  /** `flush`: resolves when the disk has it. After a rejection the index is as it was before. */
  async append(changes: readonly IndexChange[], { flush }: { flush: boolean }): Promise<void> {
    const text = textOf(changes)
    const path = indexFile(this.#directory)
    const found = await stat(path).catch(() => undefined)
    const isOurs = this.#inode !== undefined && found?.ino === this.#inode
    if (!isOurs || this.#size > this.#limit) return await this.#rewrite(text)
    this.#inode = undefined // a line that is torn must be the last one
    await appendFile(path, text, { flush })
    this.#inode = found.ino
    this.#size += text.length
  }

  async #rewrite(changes: string): Promise<void> {
    this.#inode = undefined
    const puts = [...this.#live()].map(({ entry, usedAt }) => ({ at: usedAt, put: entry }))
    const text = textOf(puts) + changes
    const folder = temporaryFolder(this.#directory)
    await mkdir(folder, { recursive: true })
    const aside = join(folder, `${process.pid}-0`)
    await writeFile(aside, text, { flush: true })
    await rename(aside, indexFile(this.#directory))
    await flushNames(this.#directory)
    this.#inode = (await stat(indexFile(this.#directory))).ino
    this.#size = text.length
    this.#limit = 2 * text.length + slack
  }
}

/** Else a power cut could bring the old file back, and with it lose what is appended to this one. */
async function flushNames(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function textOf(changes: readonly IndexChange[]): string {
  return changes.map((change) => `${JSON.stringify(change)}\n`).join('')
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

function parseChange(line: string): IndexChange | undefined {
  const value = parseJson(line)
  if (!isRecord(value)) return undefined
  const { at, put, used, gone } = value
  if (typeof gone === 'string') return { gone }
  if (typeof at !== 'number' || !Number.isFinite(at)) return undefined
  if (typeof used === 'string') return { at, used }
  const entry = parseEntry(put)
  return entry === undefined ? undefined : { at, put: entry }
}
