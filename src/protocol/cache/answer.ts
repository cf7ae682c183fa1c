/**
 * What one client gets of an answer that is stored or still arriving: its conditions are looked at
 * first, then its range. Refuses to know where the octets are.
 *
 * Source: RFC 9110 §13 (conditions), §14 (ranges), RFC 9111 §4.3.2 (conditions at a cache).
 */
import type { HeaderFields } from '../../wire/http/header-fields.ts'
import { validatorsIn } from '../../wire/http/http-conditions.ts'
import { type RangeAnswer, contentRange } from '../../wire/http/http-range.ts'
import { select } from '../../wire/http/http-selection.ts'

export interface Representation {
  readonly status: number
  /** Lower-case names; without Content-Length. */
  readonly headers: Readonly<Record<string, string>>
  /** Octets; undefined while nobody knows. */
  readonly size: number | undefined
  /** A strong tag of our own, without quotes, where the origin has none. */
  readonly etag?: string | undefined
}

export interface ClientRequest {
  readonly method: string
  readonly headers: HeaderFields
}

export interface ClientAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number>>
  /** Which octets follow the header; none for HEAD, 304 and their like. */
  readonly body: { readonly first: number; readonly length: number | undefined } | undefined
}

export function answerTo(
  request: ClientRequest,
  representation: Representation,
  now: number,
): ClientAnswer {
  const { status, range } = decide(request, representation, now)
  const { size } = representation
  const length = range.type === 'part' ? range.last - range.first + 1 : size
  const hasBody = request.method !== 'HEAD' && ![204, 304, 412, 416].includes(status)
  return {
    status,
    headers: headersOf(representation, { status, range, length }),
    body: hasBody ? { first: range.type === 'part' ? range.first : 0, length } : undefined,
  }
}

/** Without one of these everybody gets the same. */
const asksForLess = [
  'range',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
]

interface Decision {
  readonly status: number
  readonly range: RangeAnswer
}

/** Only a 200 is compared and cut (RFC 9110 §13.2.1, §14.2). */
function decide(request: ClientRequest, representation: Representation, now: number): Decision {
  const { status, headers, size, etag } = representation
  if (status !== 200 || !asksForLess.some((name) => request.headers[name] !== undefined)) {
    return { status, range: { type: 'whole' } }
  }
  return select(request, validatorsIn(headers, { etag }, now), size, now)
}

function headersOf(
  { headers, size, etag, status: own }: Representation,
  { status, range, length }: Decision & { readonly length: number | undefined },
): Record<string, string | number> {
  const place = contentRange(range, size ?? 0)
  const isBodyless = status === 304 || status === 204
  const said = status === 412 || status === 416 ? 0 : length
  return {
    ...headers,
    ...(headers['etag'] === undefined && etag !== undefined ? { etag: `"${etag}"` } : {}),
    ...(own === 200 && size !== undefined ? { 'accept-ranges': 'bytes' } : {}),
    ...(isBodyless || said === undefined ? {} : { 'content-length': said }),
    ...(place === undefined ? {} : { 'content-range': place }),
  }
}
