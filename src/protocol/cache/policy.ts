/**
 * The two decisions of a mirror by its rules: may this request be answered from the cache, and may
 * an answer be stored that a rule calls the same for everybody. Everything is refused that is not
 * plainly so; what is refused is passed through untouched, so a wrong "no" costs time and a wrong
 * "yes" cannot happen. Where a rule leaves it to the header, `storing.ts` and `reuse.ts` go on.
 *
 * Sources: RFC 9111 §3 (what a shared cache must not store), RFC 9112 §3.2 (request target, Host).
 */
import {
  type HeaderFields,
  fieldText,
  fieldTokens,
  hasField,
} from '../../wire/http/header-fields.ts'
import { type Rule, ruleFor } from './rules.ts'
import { primaryKey } from './variants.ts'

export interface CacheRequest {
  readonly method: string
  /** The request target exactly as it came: `/path?query` or `http://host/path`. */
  readonly target: string
  readonly headers: HeaderFields
  /** How many `Host` lines the request has: Node's parser keeps the first of two silently. */
  readonly hostLines: number
}

export type Classification =
  | {
      readonly action: 'store' | 'headers'
      readonly path: string
      /** What the origin is asked for, and what the key is made of: the path, perhaps a query. */
      readonly target: string
      readonly rule: Rule
      readonly reason: string
    }
  | { readonly action: 'pass'; readonly reason: string }
  | { readonly action: 'refuse'; readonly reason: string }

/**
 * Escapes that no server takes for anything but the character: not those of letters and digits, dots,
 * slashes, `%`, `;`, `?`, `#` and control characters, which one server may undo and another not.
 */
const escaped = '%(?:2[0124678-9abc]|3[acde]|40|5[bde]|60|7[b-e]|[89a-f][\\da-f])'

/**
 * Segments of unreserved characters and sub-delimiters (RFC 3986 §3.3) and of such escapes: no empty
 * segments, no `;` that a server may cut off with all behind it, so that one object has one spelling
 * and ours is the one the origin sees.
 */
const plainPath = new RegExp(`^(?:/(?:[\\w.~!$&'()+,=:@-]|${escaped})+)+$`, 'i')

/** Also a slash at the end, `;` and `*`: other spellings are other objects, but of no other path. */
const clearPath = new RegExp(`^(?:/(?:[\\w.~!$&'()*+,;=:@-]|${escaped})+)*/?$`, 'i')

const clearQuery = /^[\w.~!$&'()*+,;=:@/?%[\]{}|^`<>"\\-]*$/

interface Asked extends CacheRequest {
  readonly path: string
  /** With its `?`; empty where there is none. */
  readonly query: string
  readonly rule: Rule
}

type RequestClause = readonly [refuses: (asked: Asked) => boolean, reason: string]

const bodyClauses: readonly RequestClause[] = [
  [({ method }) => method !== 'GET' && method !== 'HEAD', 'only GET and HEAD are stored'],
  [({ headers }) => hasBody(headers), 'the request has a body'],
]

/** By the action of the rule: an answer for everybody is never asked for in one person's name. */
const clauses = {
  store: [
    ...bodyClauses,
    [({ headers }) => hasField(headers, 'authorization'), 'the request has credentials'],
    [({ headers }) => hasField(headers, 'cookie'), 'the request has a cookie'],
    [({ rule, query }) => query !== '' && (rule.query ?? 'pass') === 'pass', hasQuery()],
    [({ path }) => !isPlain(path), 'the path is not in its plain form'],
    [({ query }) => !clearQuery.test(query), 'the query is not in its plain form'],
  ],
  headers: [
    ...bodyClauses,
    [({ rule, query }) => query !== '' && rule.query === 'pass', hasQuery()],
    [({ path, query }) => !isClear(path, query), 'the path is not in its plain form'],
    [({ headers }) => hasField(headers, 'if-match'), 'the request is for the origin only'],
    [
      ({ headers }) => hasField(headers, 'if-unmodified-since'),
      'the request is for the origin only',
    ],
  ],
} as const satisfies Record<string, readonly RequestClause[]>

/** What a request gets, by the rules of its mirror. */
export function classify(request: CacheRequest, rules: readonly Rule[]): Classification {
  if (request.hostLines > 1) return { action: 'refuse', reason: 'two Host headers' }
  const path = pathOf(request.target)
  const rule = ruleFor(path, rules)
  if (rule === undefined || rule.action === 'pass') {
    return { action: 'pass', reason: rule?.reason ?? 'no rule stores this path' }
  }
  const query = originForm(request.target).slice(path.length)
  const asked = { ...request, path, query, rule }
  const clause = clauses[rule.action].find(([refuses]) => refuses(asked))
  if (clause !== undefined) return { action: 'pass', reason: clause[1] }
  const target = rule.query === 'ignore' ? path : path + query
  return { action: rule.action, path, target, rule, reason: rule.reason ?? `rule ${rule.path}` }
}

function hasQuery(): string {
  return 'the request has a query'
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
  [(headers) => hasField(headers, 'set-cookie'), 'the answer sets a cookie'],
  [(headers) => fieldTokens(headers, 'cache-control').has('no-store'), 'the answer says no-store'],
  [(headers) => fieldTokens(headers, 'cache-control').has('private'), 'the answer says private'],
  [(headers) => variesWidely(headers), 'the answer varies by request headers'],
  [(headers) => isEncoded(headers), 'the answer has a content encoding'],
  [(headers) => hasField(headers, 'content-range'), 'the answer is a part'],
  [(headers) => !isFramed(headers), unframed()],
]

/**
 * Whether an answer may be stored that a rule calls the same for everybody. A body that only ends when the connection
 * closes never is: nobody can tell a whole one from a short one.
 */
export function admit(response: CacheResponse): Admission {
  const { status, headers } = response
  if (status !== 200) return { action: 'pass', reason: `the origin answered ${status}` }
  const clause = storeClauses.find(([refuses]) => refuses(headers))
  if (clause !== undefined) return { action: 'pass', reason: clause[1] }
  return { action: 'store', size: sizeOf(headers) }
}

/** Whether a body can be told to be whole when it ends. */
export function isFramed(headers: HeaderFields): boolean {
  const coding = fieldText(headers, 'transfer-encoding')
  const length = fieldText(headers, 'content-length')
  if (coding !== undefined) return coding.trim().toLowerCase() === 'chunked' && length === undefined
  return length !== undefined && /^\d{1,15}$/.test(length)
}

/** The reason where it cannot. */
export function unframed(): string {
  return 'the answer has no length and is not chunked'
}

/** Octets, as far as the header says. */
export function sizeOf(headers: HeaderFields): number | undefined {
  const length = fieldText(headers, 'content-length')
  return length === undefined ? undefined : Number(length)
}

/**
 * The key of an object: its mirror and origin as configured, and its target; nothing else of a
 * request. A mirror that is pointed to another origin begins anew.
 */
export function storeKey({ name, base }: KeySpace, target: string): string {
  return `${name} ${base} ${target}`
}

/** Of a key of the store: the mirror, its origin, and the target without what tells variants apart. */
export function spaceOf(key: string): KeySpace & { readonly target: string } {
  const [name = '', base = '', ...target] = primaryKey(key).split(' ')
  return { name, base, target: target.join(' ') }
}

/** What is stored for one mirror and one origin. */
export interface KeySpace {
  /** As configured; no spaces. */
  readonly name: string
  /** `https://vcsa:6501` */
  readonly base: string
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
  return plainPath.test(path) && !hasDots(path)
}

/** A segment that leads elsewhere, also for servers that first cut off what `;` begins. */
function hasDots(path: string): boolean {
  return /\/\.{1,2}(?:;|\/|$)/.test(path)
}

function isClear(path: string, query: string): boolean {
  return clearPath.test(path) && !hasDots(path) && clearQuery.test(query)
}

function hasBody(headers: HeaderFields): boolean {
  return (
    hasField(headers, 'transfer-encoding') ||
    !/^0*$/.test(fieldText(headers, 'content-length') ?? '')
  )
}

/** Our own request is always the same, so only what we never send may be varied by. */
function variesWidely(headers: HeaderFields): boolean {
  const harmless = new Set(['accept-encoding', 'cookie', 'authorization', 'origin'])
  return [...fieldTokens(headers, 'vary')].some((field) => !harmless.has(field))
}

function isEncoded(headers: HeaderFields): boolean {
  return [...fieldTokens(headers, 'content-encoding')].some((coding) => coding !== 'identity')
}
