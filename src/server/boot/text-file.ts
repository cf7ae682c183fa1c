/** Text that is made for whoever asks, as a file. */
import { createHash } from 'node:crypto'
import { type OpenFile, memoryFile } from '../../io/files/file-tree.ts'

export function textFile(text: string): OpenFile {
  const octets = new TextEncoder().encode(text)
  const digest = createHash('sha256').update(octets).digest('hex')
  return memoryFile(octets, digest.slice(0, 32))
}
