/**
 * Which header fields cross the mirror, and in which form. A payload is fetched with fields of our
 * own only, so that no client can colour what others get; a passed request keeps its fields, plus
 * those that the published nginx recipe sets.
 *
 * Sources: RFC 9110 §7.6.1 (hop-by-hop fields), E. Gray's nginx recipe for Auto Deploy (Host without
 * port, X-Real-IP, X-Forwarded-For, X-Forwarded-Host).
 */
import type { HeaderFields } from './policy.ts'

/** Which `Host` the origin sees on requests that are passed. */
export type HostHeader = 'client' | 'client-no-port' | 'upstream'

const hopByHop = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What of an origin's answer is kept with a stored body and given to clients. */
const keptFields = ['content-type', 'last-modified', 'content-disposition'] as const

/** The one request for a payload: the same whoever asks. */
export function fillRequestHeaders(originHost: string): Record<string, string> {
  return {
    host: originHost,
    accept: '*/*',
    'accept-encoding': 'identity',
    'user-agent': 'Bootlace',
  }
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
  const named = [headers['connection'] ?? []].flat().join(',').toLowerCase().split(',')
  const dropped = new Set([...hopByHop, ...named.map((name) => name.trim())])
  const kept: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !dropped.has(name)) kept[name] = value
  }
  return kept
}

/** What is remembered of an answer; a field that is not plain ASCII could not be sent again. */
export function storedHeaders(headers: HeaderFields): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of keptFields) {
    const value = headers[name]
    if (typeof value === 'string' && /^[\t -~]*$/.test(value)) kept[name] = value
  }
  return kept
}

/** The origin's entity tag without its quotes, if it is a strong one (RFC 9110 §8.8.3). */
export function strongEtag(headers: HeaderFields): string | undefined {
  const value = headers['etag']
  return typeof value === 'string' ? /^"([\x21\x23-\x7e]+)"$/.exec(value)?.[1] : undefined
}

/** `host:8080` as `host`; an IPv6 address keeps its brackets. */
function withoutPort(host: string): string {
  return host.replace(/:\d*$/, '')
}
