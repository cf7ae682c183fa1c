/**
 * The two decisions of a mirror: may this request be answered from the cache, and may this answer
 * be stored. Everything is refused that is not plainly the same for everybody; what is refused is
 * passed through untouched, so a wrong "no" costs time and a wrong "yes" cannot happen.
 *
 * Sources: RFC 9111 §3 (what a shared cache must not store), RFC 9112 §3.2 (request target, Host).
 */
import { type Rule, ruleFor } from './rules.ts'

/** Header fields by lower-case name. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>

export interface CacheRequest {
  readonly method: string
  /** The request target exactly as it came: `/path?query` or `http://host/path`. */
  readonly target: string
  readonly headers: HeaderFields
  /** How many `Host` lines the request has: Node's parser keeps the first of two silently. */
  readonly hostLines: number
}

export type Classification =
  | { readonly action: 'store'; readonly path: string; readonly reason: string }
  | { readonly action: 'pass'; readonly reason: string }
  | { readonly action: 'refuse'; readonly reason: string }

/**
 * Segments of unreserved characters and sub-delimiters only (RFC 3986 §3.3): no escapes, no empty
 * segments, no `;` that a server may cut off with all behind it, so that one object has one spelling
 * and ours is the one the origin sees.
 */
const plainPath = /^(?:\/[\w.~!$&'()+,=:@-]+)+$/

type RequestClause = readonly [refuses: (request: CacheRequest) => boolean, reason: string]

const passClauses: readonly RequestClause[] = [
  [({ method }) => method !== 'GET' && method !== 'HEAD', 'only GET and HEAD are stored'],
  [({ headers }) => has(headers, 'authorization'), 'the request has credentials'],
  [({ headers }) => has(headers, 'cookie'), 'the request has a cookie'],
  [({ headers }) => hasBody(headers), 'the request has a body'],
  [({ target }) => /[?#]/.test(target), 'the request has a query'],
  [({ target }) => !isPlain(pathOf(target)), 'the path is not in its plain form'],
]

/** What a request gets, by the rules of its mirror. */
export function classify(request: CacheRequest, rules: readonly Rule[]): Classification {
  if (request.hostLines > 1) return { action: 'refuse', reason: 'two Host headers' }
  const clause = passClauses.find(([refuses]) => refuses(request))
  if (clause !== undefined) return { action: 'pass', reason: clause[1] }
  const path = pathOf(request.target)
  const rule = ruleFor(path, rules)
  if (rule === undefined) return { action: 'pass', reason: 'no rule stores this path' }
  const { action, reason } = rule
  return action === 'store' ? { action, path, reason } : { action, reason }
}

export interface CacheResponse {
  readonly status: number
  readonly headers: HeaderFields
}

export type Admission =
  | {
      readonly action: 'store'
      /** Octets; undefined while a chunked answer has not ended. */
      readonly size: number | undefined
    }
  | { readonly action: 'pass'; readonly reason: string }

type ResponseClause = readonly [refuses: (headers: HeaderFields) => boolean, reason: string]

const storeClauses: readonly ResponseClause[] = [
  [(headers) => has(headers, 'set-cookie'), 'the answer sets a cookie'],
  [(headers) => tokens(headers, 'cache-control').has('no-store'), 'the answer says no-store'],
  [(headers) => tokens(headers, 'cache-control').has('private'), 'the answer says private'],
  [(headers) => variesWidely(headers), 'the answer varies by request headers'],
  [(headers) => isEncoded(headers), 'the answer has a content encoding'],
  [(headers) => has(headers, 'content-range'), 'the answer is a part'],
  [(headers) => !isFramed(headers), 'the answer has no length and is not chunked'],
]

/**
 * Whether an answer to a storable request may be stored. A body that only ends when the connection
 * closes never is: nobody can tell a whole one from a short one.
 */
export function admit(response: CacheResponse): Admission {
  const { status, headers } = response
  if (status !== 200) return { action: 'pass', reason: `the origin answered ${status}` }
  const clause = storeClauses.find(([refuses]) => refuses(headers))
  if (clause !== undefined) return { action: 'pass', reason: clause[1] }
  const length = text(headers, 'content-length')
  return { action: 'store', size: length === undefined ? undefined : Number(length) }
}

/** The key of an object: the configured name of its mirror and its path, nothing a client sends. */
export function storeKey(mirror: string, path: string): string {
  return `${mirror} ${path}`
}

/** The path of a request target in origin form or in absolute form, without its query. */
export function pathOf(target: string): string {
  return originForm(target).split(/[?#]/, 1)[0] ?? ''
}

/** `http://host/path?query` as `/path?query`: servers must accept both (RFC 9112 §3.2.2). */
export function originForm(target: string): string {
  const absolute = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i.exec(target)?.[0]
  if (absolute === undefined) return target
  const rest = target.slice(absolute.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function isPlain(path: string): boolean {
  return plainPath.test(path) && !path.split('/').some((part) => part === '.' || part === '..')
}

function has(headers: HeaderFields, name: string): boolean {
  return headers[name] !== undefined
}

function hasBody(headers: HeaderFields): boolean {
  return has(headers, 'transfer-encoding') || !/^0*$/.test(text(headers, 'content-length') ?? '')
}

/** Our own request is always the same, so only what we never send may be varied by. */
function variesWidely(headers: HeaderFields): boolean {
  const harmless = new Set(['accept-encoding', 'cookie', 'authorization', 'origin'])
  return [...tokens(headers, 'vary')].some((field) => !harmless.has(field))
}

function isEncoded(headers: HeaderFields): boolean {
  return [...tokens(headers, 'content-encoding')].some((coding) => coding !== 'identity')
}

function isFramed(headers: HeaderFields): boolean {
  const coding = text(headers, 'transfer-encoding')
  const length = text(headers, 'content-length')
  if (coding !== undefined) return coding.trim().toLowerCase() === 'chunked' && length === undefined
  return length !== undefined && /^\d{1,15}$/.test(length)
}

/** A list field as lower-case tokens, parameters cut off. */
function tokens(headers: HeaderFields, name: string): ReadonlySet<string> {
  const parts = (text(headers, name) ?? '').split(',')
  const names = parts.map((part) => (part.split('=', 1)[0] ?? '').trim().toLowerCase())
  return new Set(names.filter((part) => part !== ''))
}

function text(headers: HeaderFields, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}
