/**
 * The head of a request as nearly every boot loader sends it: one GET of a path, a few fields that
 * change nothing about the answer, no body. Read strictly: whatever else it is, and whatever is only
 * unusual, is not plain, and for a complete parser to judge.
 *
 * Sources: RFC 9112 §3 (request line), §5 (fields).
 */

export interface PlainGet {
  /** `/path?query` */
  readonly target: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

/** Printable ASCII without spaces around it; no octets that parsers disagree about. */
const head =
  /^GET (\/[!-~]*) HTTP\/1\.1\r\n((?:[\w-]+:[ \t]*[!-~](?:[\t -~]*[!-~])?[ \t]*\r\n)+)\r\n$/

/** What a plain request may say, and in which words. */
const known: Readonly<Record<string, RegExp>> = {
  host: /^[\w.:[\]-]+$/,
  'user-agent': /./,
  accept: /./,
  'accept-encoding': /./,
  'accept-language': /./,
  connection: /^(?:keep-alive|close)$/i,
}

/** `text` is all that has come, one character for each octet: a whole head and nothing behind it. */
export function parsePlainGet(text: string): PlainGet | undefined {
  const [, target, lines] = head.exec(text) ?? []
  if (target === undefined || lines === undefined) return undefined
  const headers: Record<string, string> = {}
  for (const line of lines.split('\r\n').slice(0, -1)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (headers[name] !== undefined || known[name]?.test(value) !== true) return undefined
    headers[name] = value
  }
  return headers['host'] === undefined ? undefined : { target, headers }
}
