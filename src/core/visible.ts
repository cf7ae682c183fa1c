/** A stranger's text as it may stand in a log line, on a terminal or on a page. */

/** What moves a cursor, breaks a line, turns the direction of writing, or is not seen at all. */
const plain = /^[ -~]*$/
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/**
 * Characters that could do anything but be read become their numbers, e.g. `\x1b` and `\u{202e}`;
 * what is longer than `longest` characters ends in `…`.
 */
export function visible(text: string, longest = 512): string {
  if (text.length <= longest && plain.test(text)) return text
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text
  if (!invisible.test(short)) return short
  return Array.from(short, (each) => (invisible.test(each) ? escaped(each) : each)).join('')
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const digits = code.toString(16).padStart(2, '0')
  return code < 256 ? `\\x${digits}` : `\\u{${digits}}`
}
