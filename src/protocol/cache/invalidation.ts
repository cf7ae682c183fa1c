/**
 * What a request that changes things at the origin makes worthless here.
 * Source: RFC 9111 §4.4: the target, and `Location` and `Content-Location` of the same origin.
 */
import { type HeaderFields, fieldText } from '../../wire/http/header-fields.ts'

const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** Targets (`/path?query`) that must not be answered from the store any more. */
export function invalidatedBy(
  request: { readonly method: string; readonly target: string },
  answer: { readonly status: number; readonly headers: HeaderFields },
  origin: string,
): readonly string[] {
  if (safe.has(request.method) || answer.status < 200 || answer.status >= 400) return []
  const others = ['location', 'content-location'].flatMap((name) =>
    targetOf(fieldText(answer.headers, name), request.target, origin),
  )
  return [request.target, ...others]
}

function targetOf(reference: string | undefined, base: string, origin: string): string[] {
  if (reference === undefined) return []
  const url = URL.parse(reference, new URL(base, origin).href)
  return url === null || url.origin !== origin ? [] : [url.pathname + url.search]
}
