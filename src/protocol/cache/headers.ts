/**
 * Which header fields cross the mirror, and in which form. A payload is fetched with fields of our
 * own only, so that no client can colour what others get; a passed request keeps its fields, plus
 * those that the published nginx recipe sets.
 *
 * Sources: RFC 9110 §7.6.1 (hop-by-hop fields), E. Gray's nginx recipe for Auto Deploy (Host without
 * port, X-Real-IP, X-Forwarded-For, X-Forwarded-Host).
 */
import { type HeaderFields, fieldText } from '../../wire/http/header-fields.ts'

/** Which `Host` the origin sees on requests that are passed. */
export type HostHeader = 'client' | 'client-no-port' | 'upstream'

const hopByHop = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What of an origin's answer to our own request is kept with a stored body and given to clients. */
const payloadFields = ['content-type', 'last-modified', 'content-disposition', 'date'] as const

/** The one request for a payload: the same whoever asks. */
export function fillRequestHeaders(originHost: string): Record<string, string> {
  return {
    host: originHost,
    accept: '*/*',
    'accept-encoding': 'identity',
    'user-agent': 'Bootlace',
  }
}

/** Fields that origins act upon and that are in no key: one client could colour what others get. */
const unkeyed = [
  /^(?:x-)?forwarded(?:-.*)?$/,
  /^x-(?:host|original-.*|rewrite-.*|http-.*|method-override|real-ip|client-ip|cluster-client-ip)$/,
  /^(?:true-client-ip|cf-.*|via|client-ip)$/,
]

/** Ours to say: a stored answer is compared and cut for each client here. */
const ownConditions = new Set(
  'if-none-match if-modified-since if-range range if-match if-unmodified-since content-length host'.split(
    ' ',
  ),
)

/**
 * A request whose answer may become one for others, where the origin's header decides: the client's
 * fields, for `Vary` may name any of them, but none that is known to change answers unnamed, and
 * always the same Host.
 */
export function sharedRequestHeaders(
  headers: HeaderFields,
  originHost: string,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = { host: originHost }
  for (const [name, value] of Object.entries(endToEnd(headers))) {
    if (ownConditions.has(name) || unkeyed.some((pattern) => pattern.test(name))) continue
    kept[name] = typeof value === 'string' ? value : [...value]
  }
  return kept
}

export interface Forwarding {
  /** The client's address, as text. */
  readonly ip: string
  /** Host as the client sent it, with its port; undefined for HTTP/1.0 without one. */
  readonly clientHost: string | undefined
  readonly originHost: string
  readonly hostHeader: HostHeader
}

/** The fields of a passed request; those of the recipe cannot be forged by the client. */
export function passRequestHeaders(
  headers: HeaderFields,
  { ip, clientHost, originHost, hostHeader }: Forwarding,
): Record<string, string | readonly string[]> {
  const bare = withoutPort(clientHost ?? originHost)
  const before = headers['x-forwarded-for']
  return {
    ...endToEnd(headers),
    host: { client: clientHost ?? originHost, 'client-no-port': bare, upstream: originHost }[
      hostHeader
    ],
    'x-real-ip': ip,
    'x-forwarded-for': before === undefined ? ip : `${[before].flat().join(', ')}, ${ip}`,
    'x-forwarded-host': bare,
  }
}

/** All but the fields that concern one connection, and those that `Connection` names. */
export function endToEnd(headers: HeaderFields): Record<string, string | readonly string[]> {
  const named = (fieldText(headers, 'connection') ?? '').toLowerCase().split(',')
  const dropped = new Set([...hopByHop, ...named.map((name) => name.trim())])
  const kept: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !dropped.has(name)) kept[name] = value
  }
  return kept
}

/** What is kept of an answer to our own request; what is not plain ASCII could not be sent again. */
export function payloadHeaders(headers: HeaderFields): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of payloadFields) {
    const value = headers[name]
    if (typeof value === 'string' && /^[\t -~]*$/.test(value)) kept[name] = value
  }
  const etag = headers['etag']
  // A strong one only (RFC 9110 §8.8.3): ours is, where the origin has none.
  if (typeof etag === 'string' && /^"[\x21\x23-\x7e]+"$/.test(etag)) kept['etag'] = etag
  return kept
}

/** `host:8080` as `host`; an IPv6 address keeps its brackets. */
function withoutPort(host: string): string {
  return host.replace(/:\d*$/, '')
}
