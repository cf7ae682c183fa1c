/**
 * Going on with a body that broke off, from the octet where it did: only where the origin's own
 * validator proves that the rest belongs to the beginning.
 *
 * Source: RFC 9110 §13.1.5 (If-Range), §8.8.2.2 (when a date is a strong validator), §14.4
 * (Content-Range), RFC 9111 §3.4 (combining parts).
 */
import { parseHttpDate } from '../../wire/http/http-date.ts'
import { type HeaderFields, fieldText, fieldTokens } from '../../wire/http/header-fields.ts'
import { isFramed } from './policy.ts'

/** The fields to ask for the rest with; undefined when nothing would prove that it fits. */
export function resumeHeaders(
  answer: HeaderFields,
  received: number,
): { range: string; 'if-range': string } | undefined {
  if (!fieldTokens(answer, 'accept-ranges').has('bytes')) return undefined
  const validator = strongTag(answer) ?? strongDate(answer)
  return validator === undefined
    ? undefined
    : { range: `bytes=${received}-`, 'if-range': validator }
}

export interface Beginning {
  readonly headers: HeaderFields
  readonly received: number
  /** Octets in all, as far as they are known. */
  readonly size: number | undefined
}

/**
 * How many octets there are in all, if this answer to a resumption brings exactly the rest of them;
 * its end must be told as surely as that of the beginning.
 */
export function sizeWithRest(
  answer: { readonly status: number; readonly headers: HeaderFields },
  { headers, received, size }: Beginning,
): number | undefined {
  const [, first, last, all] =
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(fieldText(answer.headers, 'content-range') ?? '') ?? []
  const total = Number(all)
  if (answer.status !== 206 || Number(first) !== received || Number(last) + 1 !== total) {
    return undefined
  }
  if ((size ?? total) !== total || !isFramed(answer.headers)) return undefined
  // If-Range has compared already; an origin that names another version all the same is refused.
  const etag = fieldText(answer.headers, 'etag')
  return etag === undefined || etag === fieldText(headers, 'etag') ? total : undefined
}

function strongTag(answer: HeaderFields): string | undefined {
  const etag = fieldText(answer, 'etag')
  return etag !== undefined && /^"[^"]*"$/.test(etag) ? etag : undefined
}

/** Changed at least a minute before it was sent: it cannot have changed twice in one second. */
function strongDate(answer: HeaderFields): string | undefined {
  const [modified, date] = ['last-modified', 'date'].map((name) => fieldText(answer, name))
  const [then, now] = [modified, date].map((text) => parseHttpDate(text, 0))
  if (then === undefined || now === undefined || fieldText(answer, 'etag') !== undefined) {
    return undefined
  }
  return now - then >= 60_000 ? modified : undefined
}
