/**
 * Small tar archives, written in memory: plain files, folders and symbolic links of root's, the same
 * octets for the same members. No names above 100 octets.
 *
 * Source: POSIX.1-2017, pax, "ustar Interchange Format".
 */
export type TarItem = { readonly path: string; readonly mode: number } & (
  | { readonly type: 'file'; readonly text: string }
  | { readonly type: 'folder' }
  | { readonly type: 'link'; readonly target: string }
)

const blockSize = 512
const typeFlags = { file: '0', link: '2', folder: '5' } as const

/** `modified` is the time stamp of every member, in seconds of the epoch. */
export function writeTar(items: readonly TarItem[], modified: number): Uint8Array {
  const blocks = items.flatMap((item) => {
    const content = new TextEncoder().encode(item.type === 'file' ? item.text : '')
    return [header(item, content.length, modified), padded(content)]
  })
  const end = new Uint8Array(2 * blockSize)
  const all = [...blocks, end]
  const archive = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const block of all) {
    archive.set(block, at)
    at += block.length
  }
  return archive
}

function header(item: TarItem, size: number, modified: number): Uint8Array {
  const octets = new Uint8Array(blockSize)
  const put = (at: number, text: string) => octets.set(new TextEncoder().encode(text), at)
  put(0, item.type === 'folder' ? `${item.path}/` : item.path)
  put(100, octal(item.mode, 8))
  put(108, octal(0, 8))
  put(116, octal(0, 8))
  put(124, octal(size, 12))
  put(136, octal(modified, 12))
  put(148, ' '.repeat(8)) // the sum is taken with blanks in its own place
  put(156, typeFlags[item.type])
  if (item.type === 'link') put(157, item.target)
  put(257, 'ustar\u000000')
  put(265, 'root')
  put(297, 'root')
  const sum = octets.reduce((total, octet) => total + octet, 0)
  put(148, `${sum.toString(8).padStart(6, '0')}\u0000 `)
  return octets
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\u0000`
}

function padded(content: Uint8Array): Uint8Array {
  const block = new Uint8Array(Math.ceil(content.length / blockSize) * blockSize)
  block.set(content)
  return block
}
