/**
 * What one client gets of an answer that is stored or still arriving: its conditions are looked at
 * first, then its range. Refuses to know where the octets are.
 *
 * Source: RFC 9110 §13 (conditions), §14 (ranges), RFC 9111 §4.3.2 (conditions at a cache).
 */
import { type Validators, checkConditions, rangeIsCurrent } from '../../wire/http/http-conditions.ts'
import { type RangeAnswer, chooseRange, contentRange } from '../../wire/http/http-range.ts'
import { parseHttpDate } from '../../wire/http/http-date.ts'

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
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface ClientAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number>>
  /** Which octets follow the header; none for HEAD, 304 and their like. */
  readonly body: { readonly first: number; readonly length: number | undefined } | undefined
}

const whole: RangeAnswer = { type: 'whole' }

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

/** Only a 200 is compared and cut (RFC 9110 §13.2.1, §14.2); a Range on HEAD is ignored. */
function decide(request: ClientRequest, representation: Representation, now: number): Decision {
  const { headers, method } = request
  const { status, size } = representation
  if (status !== 200 || !asksForLess.some((name) => headers[name] !== undefined)) {
    return { status, range: whole }
  }
  const validators = validatorsOf(representation, now)
  const verdict = checkConditions(headers, validators)
  if (verdict === 'failed') return { status: 412, range: whole }
  if (verdict === 'unchanged') return { status: 304, range: whole }
  if (method !== 'GET' || size === undefined || !rangeIsCurrent(headers, validators, now)) {
    return { status, range: whole }
  }
  const range = chooseRange(textOf(headers['range']), size)
  return { status: { whole: 200, part: 206, unsatisfiable: 416 }[range.type], range }
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

function validatorsOf({ headers, etag }: Representation, now: number): Validators {
  const own = /^(W\/)?"([^"]*)"$/.exec(headers['etag'] ?? '')
  const modified = parseHttpDate(headers['last-modified'], now)
  return {
    etag: own?.[2] ?? etag,
    isWeak: own?.[1] !== undefined,
    modified: modified === undefined ? undefined : new Date(modified),
  }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}
