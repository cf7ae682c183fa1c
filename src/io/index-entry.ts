/**
 * One entry of the cache's index: which body answers a key. Its text form is one small JSON file;
 * reading it trusts nothing, because power can fail in the middle of a write and people edit files.
 */
import { createHash } from 'node:crypto'

export interface IndexEntry {
  /** Mirror name and path, as `storeKey` of the policy makes it. */
  readonly key: string
  /** Of the body, lower-case hex: its name in the store. */
  readonly sha256: string
  /** Octets of the body. */
  readonly size: number
  /** What of the origin's header is given to clients. */
  readonly headers: Readonly<Record<string, string>>
  /** Strong validator without quotes. */
  readonly etag: string
  /** Epoch milliseconds. */
  readonly storedAt: number
}

export function formatEntry(entry: IndexEntry): string {
  return `${JSON.stringify(entry)}\n`
}

/** Undefined for anything torn, changed or from elsewhere. */
export function parseEntry(text: string): IndexEntry | undefined {
  const value = parseJson(text)
  if (!isRecord(value)) return undefined
  const { key, sha256, size, headers, etag, storedAt } = value
  if (typeof key !== 'string' || typeof etag !== 'string') return undefined
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return undefined
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined
  if (typeof storedAt !== 'number' || !isTextRecord(headers)) return undefined
  return { key, sha256, size, headers, etag, storedAt }
}

/** The name of an entry's file: keys hold slashes and may be longer than a name can be. */
export function entryName(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((field) => typeof field === 'string')
}
