/**
 * `Cache-Status` (RFC 9211): how a request was handled, in a form that tools read. Ours is appended
 * to what caches nearer to the origin have said.
 */
import { type HeaderFields, fieldText } from '../../wire/http/header-fields.ts'

export interface CacheStatus {
  readonly hit?: boolean
  /** Why it went to the origin (§2.2). */
  readonly fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'stale' | 'request' | 'miss'
  readonly 'fwd-status'?: number | undefined
  /** Seconds; negative when stale. */
  readonly ttl?: number | undefined
  readonly stored?: boolean
  readonly collapsed?: boolean
}

const ours = 'Bootlace'

export function cacheStatus(status: CacheStatus, answer: HeaderFields = {}): string {
  const before = fieldText(answer, 'cache-status')
  const words = Object.entries(status).flatMap(([name, value]) => parameter(name, value))
  return [...(before === undefined ? [] : [before]), [ours, ...words].join('; ')].join(', ')
}

function parameter(name: string, value: CacheStatus[keyof CacheStatus]): string[] {
  if (value === undefined || value === false || value === Number.POSITIVE_INFINITY) return []
  return value === true ? [name] : [`${name}=${value}`]
}
