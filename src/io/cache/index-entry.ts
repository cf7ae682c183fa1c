/**
 * One entry of the cache's index: which body answers a key, and what its answer said of itself.
 * Reading one trusts nothing, because power can fail in the middle of a write and people edit files.
 */

export interface IndexEntry {
  /** Mirror, origin and target, as `storeKey` of the policy makes it; of a variant, `variantKey`. */
  readonly key: string
  /** Of the body, lower-case hex: its name in the store. */
  readonly sha256: string
  /** Octets of the body. */
  readonly size: number
  readonly status: number
  /** What of the origin's header is given to clients. */
  readonly headers: Readonly<Record<string, string>>
  /** When it was asked for, and when its header came, or was last confirmed; epoch milliseconds. */
  readonly requestedAt: number
  readonly respondedAt: number
  /** The request fields that select it, where the origin's answers vary. */
  readonly selecting?: Readonly<Record<string, string>> | undefined
  /** How long the origin took to send it, milliseconds: what each hit spares it. */
  readonly fetchedIn?: number | undefined
  /** Epoch milliseconds. */
  readonly storedAt: number
}

/** Undefined for anything torn, changed or from elsewhere. */
export function parseEntry(value: unknown): IndexEntry | undefined {
  if (!isRecord(value)) return undefined
  const { key, sha256, size, storedAt } = value
  if (typeof key !== 'string' || !isCount(size) || !isTime(storedAt)) return undefined
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return undefined
  const answer = parseAnswer(value, storedAt)
  return answer === undefined ? undefined : { key, sha256, size, storedAt, ...answer }
}

type StoredAnswer = Omit<IndexEntry, 'key' | 'sha256' | 'size' | 'storedAt'>

/** Entries of before there were other answers than 200 have neither status nor times. */
function parseAnswer(value: Record<string, unknown>, storedAt: number): StoredAnswer | undefined {
  const { status = 200, headers, selecting, fetchedIn } = value
  const { requestedAt = storedAt, respondedAt = storedAt } = value
  if (!isCount(status) || !isTextRecord(headers)) return undefined
  if (!isTime(requestedAt) || !isTime(respondedAt)) return undefined
  if (!(selecting === undefined || isTextRecord(selecting))) return undefined
  const times = { requestedAt, respondedAt, fetchedIn: isCount(fetchedIn) ? fetchedIn : undefined }
  return { status, headers, selecting, ...times }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isTextRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((field) => typeof field === 'string')
}

/** Change with every confirmation: not worth a write to the disk. */
const passingFields = ['date', 'age', 'expires', 'cache-status']

/** What of a header is worth a write. */
export function lasting(headers: Readonly<Record<string, string>>): string {
  const names = Object.keys(headers).filter((name) => !passingFields.includes(name))
  return JSON.stringify(names.sort().map((name) => [name, headers[name]]))
}
