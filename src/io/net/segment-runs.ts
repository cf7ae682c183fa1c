/**
 * Datagrams that lie side by side in memory, joined into runs that one system call can send
 * (`UDP_SEGMENT`): all of one length, only the last may be shorter. Linux, udp(7): at most 64 pieces
 * and what one UDP datagram can hold.
 */

/** Several datagrams back to back; every `size` octets one begins. */
export interface SegmentRun {
  readonly octets: Uint8Array
  readonly size: number
}

const mostSegments = 64
const mostOctets = 65_507

/** The same datagrams in the same order; one that stands alone is a run of its own. */
export function segmentRuns(datagrams: readonly Uint8Array[]): SegmentRun[] {
  const runs: SegmentRun[] = []
  let index = 0
  while (index < datagrams.length) {
    const first = datagrams[index]
    if (first === undefined) break
    const end = endOfRun(datagrams, index, first)
    runs.push({ octets: joined(first, datagrams[end - 1] ?? first), size: first.length })
    index = end
  }
  return runs
}

/** Where the run that begins at `start` is over. */
function endOfRun(datagrams: readonly Uint8Array[], start: number, first: Uint8Array): number {
  const most = start + Math.min(mostSegments, Math.floor(mostOctets / Math.max(1, first.length)))
  let end = start + 1
  let last = first
  while (end < Math.min(most, datagrams.length) && last.length === first.length) {
    const next = datagrams[end]
    if (next === undefined || !follows(last, next) || next.length > first.length) break
    last = next
    end += 1
  }
  return end
}

function follows(one: Uint8Array, next: Uint8Array): boolean {
  return (
    next.buffer === one.buffer && next.byteOffset === one.byteOffset + one.length && next.length > 0
  )
}

function joined(first: Uint8Array, last: Uint8Array): Uint8Array {
  const length = last.byteOffset + last.length - first.byteOffset
  return new Uint8Array(first.buffer, first.byteOffset, length)
}
