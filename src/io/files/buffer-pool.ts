/**
 * Large buffers that are used again: making a new megabyte for every part of a file costs more than
 * reading it. The pool keeps a few; more are made when they are asked for and left to the garbage
 * collector afterwards.
 */

/** One read and one write of a large file. Measured best for files in the page cache. */
export const bufferSize = 1024 * 1024

/** Kept while nobody uses them, 32 MiB in all. */
const mostKept = 32

const free: Buffer[] = []

export function takeBuffer(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(bufferSize)
}

/** Only when nothing reads or writes it any more: not while a broken connection may still hold it. */
export function giveBuffer(buffer: Buffer): void {
  if (free.length < mostKept) free.push(buffer)
}
