/**
 * Dates of HTTP header fields, strictly in their three forms. Not `Date.parse`: it takes what no
 * sender of HTTP may write (`UTC`, two digits of a year, times without a zone), and a cache that
 * guesses a date serves what has expired.
 *
 * Source: RFC 9110 §5.6.7 (a two-digit year over 50 years ahead is of the past; letters in any case
 * are tolerated).
 */

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`
const shortDay = '(?:mon|tue|wed|thu|fri|sat|sun)'
const longDay = '(?:mon|tues|wednes|thurs|fri|satur|sun)day'

const forms = [
  `${shortDay}, (?<day>\\d\\d) (?<month>[a-z]{3}) (?<year>\\d{4}) ${time} gmt`, // IMF-fixdate
  `${longDay}, (?<day>\\d\\d)-(?<month>[a-z]{3})-(?<year>\\d\\d) ${time} gmt`, // RFC 850
  `${shortDay} (?<month>[a-z]{3}) (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})`, // asctime
].map((form) => new RegExp(`^${form}$`, 'i'))

/** Epoch milliseconds; undefined for anything that is not a date. `now` only dates short years. */
export function parseHttpDate(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  for (const form of forms) {
    const parts = form.exec(text)?.groups
    if (parts !== undefined) return timeOf(parts, now)
  }
  return undefined
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
export function formatHttpDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString()
}

function timeOf(parts: Readonly<Record<string, string>>, now: number): number | undefined {
  const month = months.indexOf((parts['month'] ?? '').toLowerCase())
  const [day, hour, minute, second] = ['day', 'hour', 'minute', 'second'].map((name) =>
    Number(parts[name]),
  )
  const year = yearOf(parts['year'] ?? '', now)
  const result = new Date(Date.UTC(year, month, day, hour, minute, second))
  const isReal = month >= 0 && result.getUTCMonth() === month && result.getUTCHours() === hour
  return isReal ? result.getTime() : undefined
}

function yearOf(digits: string, now: number): number {
  if (digits.length === 4) return Number(digits)
  const thisYear = new Date(now).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + Number(digits)
  return year > thisYear + 50 ? year - 100 : year
}
