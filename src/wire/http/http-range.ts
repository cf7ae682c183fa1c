/**
 * Byte ranges: which part of a file a request asks for. RFC 9110 §14.
 *
 * Several ranges in one request are answered by the whole file, which §14.2 allows and every client
 * must take: no boot client asks for them, and a multipart answer of many small parts is a known
 * way to make a server work hard.
 */

export type RangeAnswer =
  /** No range, or one that is to be ignored: 200. */
  | { readonly type: 'whole' }
  /** Both positions inclusive: 206. */
  | { readonly type: 'part'; readonly first: number; readonly last: number }
  /** Nothing of what was asked exists: 416. */
  | { readonly type: 'unsatisfiable' }

/** `size` is the length of the file in octets. A header that breaks the grammar is ignored (§14.2). */
export function chooseRange(header: string | undefined, size: number): RangeAnswer {
  const specs = parseRanges(header)
  if (specs === undefined) return whole
  const parts = specs.map((spec) => locate(spec, size))
  if (parts.every((part) => part.type === 'unsatisfiable')) return { type: 'unsatisfiable' }
  const [only, ...others] = parts
  return only === undefined || others.length > 0 ? whole : only
}

/** `bytes 0-99/1234` for a part, `bytes *\/1234` where nothing could be given (§14.4). */
export function contentRange(answer: RangeAnswer, size: number): string | undefined {
  if (answer.type === 'whole') return undefined
  const part = answer.type === 'part' ? `${answer.first}-${answer.last}` : '*'
  return `bytes ${part}/${size}`
}

const whole: RangeAnswer = { type: 'whole' }

/** `first` undefined: the last `last` octets. `last` undefined: to the end. */
interface RangeSpec {
  readonly first?: number | undefined
  readonly last?: number | undefined
}

/** Undefined when absent, of another unit, or not as §14.1.1 writes it. */
function parseRanges(header: string | undefined): readonly RangeSpec[] | undefined {
  const list = /^bytes=(.*)$/i.exec(header?.trim() ?? '')?.[1]
  if (list === undefined) return undefined
  const specs: RangeSpec[] = []
  for (const element of list.split(',')) {
    const text = element.trim()
    if (text === '') continue // §5.6.1.2: empty list elements are to be tolerated
    const spec = parseSpec(text)
    if (spec === undefined) return undefined
    specs.push(spec)
  }
  return specs.length > 0 ? specs : undefined
}

function parseSpec(text: string): RangeSpec | undefined {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(text) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const spec = { first: numberOf(first), last: numberOf(last) }
  const isBackwards = spec.first !== undefined && spec.last !== undefined && spec.last < spec.first
  return isBackwards ? undefined : spec
}

function numberOf(digits: string): number | undefined {
  return digits === '' ? undefined : Number(digits)
}

function locate({ first, last }: RangeSpec, size: number): RangeAnswer {
  if (first === undefined) return locateSuffix(last ?? 0, size)
  if (first >= size) return { type: 'unsatisfiable' }
  return { type: 'part', first, last: Math.min(last ?? size - 1, size - 1) }
}

/** §14.1.2: a suffix longer than the file is the whole of it; one of no length is not satisfiable. */
function locateSuffix(length: number, size: number): RangeAnswer {
  if (length === 0) return { type: 'unsatisfiable' }
  // The suffix of an empty file is satisfiable, but no Content-Range can say so.
  if (size === 0) return whole
  return { type: 'part', first: Math.max(size - length, 0), last: size - 1 }
}
