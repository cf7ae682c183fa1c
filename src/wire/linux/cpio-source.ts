/**
 * A cpio archive whose files are read where they are, when the archive is: an initrd that is made
 * of an image's files takes neither memory nor disk. The form is that of cpio.ts.
 */
import { type ByteSource, type Span, joined, memorySource } from '../byte-source.ts'
import { type CpioEntryBase, cpioHead, cpioTrailer } from './cpio.ts'

export type CpioItem =
  | (CpioEntryBase & { readonly type: 'file'; readonly content: ByteSource })
  | (CpioEntryBase & { readonly type: 'directory' })
  | (CpioEntryBase & { readonly type: 'link'; readonly target: string })

/** The kernel takes archives one after the other at multiples of this, and loaders put them there. */
const alignment = 512

/** `modified` is the time stamp of every entry, in seconds of the epoch. */
export function cpioSource(items: readonly CpioItem[], modified: number): ByteSource {
  const spans: Span[] = []
  let length = 0
  const add = (source: ByteSource): void => {
    spans.push({ source, position: 0, length: source.size })
    length += source.size
  }
  const align = (to: number): void => {
    const rest = (to - (length % to)) % to
    if (rest > 0) add(memorySource(new Uint8Array(rest)))
  }
  for (const [index, item] of items.entries()) {
    const content = contentOf(item)
    add(memorySource(cpioHead(item, { inode: index + 1, modified, size: content.size })))
    add(content)
    align(4)
  }
  add(memorySource(cpioTrailer()))
  align(alignment)
  return joined(spans)
}

function contentOf(item: CpioItem): ByteSource {
  switch (item.type) {
    case 'file':
      return item.content
    case 'link':
      return memorySource(new TextEncoder().encode(item.target))
    case 'directory':
      return memorySource(new Uint8Array(0))
  }
}
