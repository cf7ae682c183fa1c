/**
 * The image of the boot storm: names and sizes of its files, in the order in which a host asks. 40
 * files, 200 MB: few large ones and many small, mixed, a small one first. Shared by the programs that
 * serve it and that ask for it.
 */
import { createHash } from 'node:crypto'

export interface ImageFile {
  readonly path: string
  readonly size: number
}

const MB = 1_000_000

/** How many of each size, megabytes. */
const shape: readonly (readonly [count: number, size: number])[] = [
  [20, 0.25],
  [10, 1.5],
  [6, 5],
  [2, 15],
  [1, 40],
  [1, 80],
]

/** The same name, the same files; another name, others of the same sizes. */
export function imageFiles(name: string): readonly ImageFile[] {
  const sizes = shape.flatMap(([count, size]) => Array.from({ length: count }, () => size * MB))
  const [first = 0, ...others] = sizes
  return [first, ...mixed(others)].map((size, index) => {
    const hash = createHash('sha256').update(`${name} ${index}`).digest('hex')
    return { path: `/vmw/cache/${hash.slice(0, 2)}/${hash.slice(2, 32)}/${index}-${size}`, size }
  })
}

/** Always in the same order: steps that share no divisor with the number of files visit each once. */
function mixed(sizes: readonly number[]): readonly number[] {
  return sizes.map((_, index) => sizes[(index * 17 + 5) % sizes.length] ?? 0)
}

export function imageSize(files: readonly ImageFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0)
}
