/**
 * Octets that can be read from any place: a file, a part of it, or several parts one after the
 * other. What readers of disk images work on, so that nothing has to be unpacked and nothing large
 * has to be in memory.
 */
import { ProtocolError } from '../core/errors.ts'

export interface ByteSource {
  /** Octets. */
  readonly size: number
  /** Fills `buffer` from `position`; answers how many octets it got, fewer only at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>
  /** Where its octets lie in one file that is open, one after the other: lets a server send them faster. */
  readonly place?: FilePlace | undefined
}

export interface FilePlace {
  /** Of the operating system. */
  readonly descriptor: number
  /** Where they begin in the file. */
  readonly position: number
  /** Whether the file is still as it was opened. */
  readonly isUnchanged: () => Promise<boolean>
}

/** What one field of a format may need at most: more than this is no honest length. */
const mostAtOnce = 64 * 1024 * 1024

/** `length` octets from `position`. Throws ProtocolError naming `field` where there are fewer. */
export async function readExactly(
  source: ByteSource,
  position: number,
  length: number,
  field: string,
): Promise<Uint8Array> {
  if (length > mostAtOnce) throw new ProtocolError(field, `${length} octets are too many`)
  if (position < 0 || length < 0 || position + length > source.size) {
    throw new ProtocolError(field, `octets ${position} to ${position + length} lie outside`)
  }
  const octets = new Uint8Array(length)
  const got = await source.read(octets, position)
  if (got < length) throw new ProtocolError(field, `truncated at octet ${position + got}`)
  return octets
}

export function memorySource(octets: Uint8Array): ByteSource {
  return {
    size: octets.length,
    read: (buffer, position) => {
      const found = octets.subarray(position, position + buffer.length)
      buffer.set(found)
      return Promise.resolve(found.length)
    },
  }
}

/** A stretch of another source, or of zeros where there is none. */
export interface Span {
  readonly length: number
  readonly source?: ByteSource | undefined
  /** In `source`. */
  readonly position?: number | undefined
}

/** A stretch of `source` as a source of its own. Throws ProtocolError where it does not lie inside. */
export function part(
  source: ByteSource,
  position: number,
  length: number,
  field: string,
): ByteSource {
  if (position < 0 || length < 0 || position + length > source.size) {
    throw new ProtocolError(
      field,
      `octets ${position} to ${position + length} lie outside (${source.size} are there)`,
    )
  }
  return joined([{ source, position, length }])
}

/** The spans one after the other. Neighbours that follow each other are read at once. */
export function joined(spans: readonly Span[]): ByteSource {
  const merged = merge(spans)
  const ends: number[] = []
  let size = 0
  for (const { length } of merged) ends.push((size += length))
  return {
    size,
    place: placeOf(merged),
    read: async (buffer, position) => {
      let filled = 0
      for (let index = firstAfter(ends, position); index < merged.length; index++) {
        const span = merged[index]
        if (span === undefined || filled === buffer.length) break
        const at = position + filled - ((ends[index] ?? 0) - span.length)
        const room = buffer.subarray(filled, filled + Math.min(buffer.length, span.length - at))
        const got = await readSpan(span, room, at)
        filled += got
        if (got < room.length) break
      }
      return filled
    },
  }
}

/** One stretch of one file; undefined for anything else. */
function placeOf(merged: readonly Span[]): FilePlace | undefined {
  const [only, ...more] = merged
  const place = more.length === 0 ? only?.source?.place : undefined
  return place && { ...place, position: place.position + (only?.position ?? 0) }
}

function readSpan({ source, position = 0 }: Span, room: Uint8Array, at: number): Promise<number> {
  if (source !== undefined) return source.read(room, position + at)
  room.fill(0)
  return Promise.resolve(room.length)
}

function merge(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = []
  for (const span of spans) append(merged, span)
  return merged
}

/** Pieces of a file at most: what lies about in more was made to fill the memory. */
export const mostPieces = 250_000

/** Adds a span, which becomes part of the last one where it follows it. */
export function append(spans: Span[], span: Span): void {
  const last = spans.at(-1)
  if (span.length === 0) return
  if (last !== undefined && last.source === span.source && follows(last, span)) {
    spans[spans.length - 1] = { ...last, length: last.length + span.length }
  } else spans.push(span)
}

function follows(one: Span, next: Span): boolean {
  return one.source === undefined || (one.position ?? 0) + one.length === (next.position ?? 0)
}

/** Index of the first end that lies behind `position`. */
function firstAfter(ends: readonly number[], position: number): number {
  let [low, high] = [0, ends.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ends[middle] ?? 0) > position) high = middle
    else low = middle + 1
  }
  return low
}
