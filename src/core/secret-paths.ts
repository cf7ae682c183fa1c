/** Paths that are secrets themselves, as they may stand in an event. */

/** Of `/ks/TOKEN/ks.cfg`: whoever has the token may have a machine's answers. */
const token = /(\bks(?:\/|%2f))[\w-]{20,}/gi

/** The text without what must not be told. */
export function withoutTokens(text: string): string {
  return text.replaceAll(token, '$1…')
}
