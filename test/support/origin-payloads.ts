/**
 * The files of simulated images: names, sizes and octets follow from the profile alone, so that a
 * client can check what it got without asking anybody. Each begins like the gzip file it stands for.
 */
import { createHash } from 'node:crypto'

export interface Payload {
  /** `/vmw/cache/<2 hex>/<30 hex>/<name>` */
  readonly path: string
  readonly name: string
  readonly size: number
}

const KB = 1024
const MB = 1024 * KB

/** Counts are those of published boot.cfg files, sizes follow their long-tailed shape. */
const shapes = {
  /** 60 files, 6 MB: for every commit. */
  tiny: { large: [2.4, 1.7].map((n) => n * MB), middle: [7, 130 * KB], small: [47, 18 * KB] },
  /** 110 files, 550 MB: by hand. */
  esxi8: {
    large: [150, 110, 45, 40, 40].map((n) => n * MB),
    middle: [20, 7 * MB],
    small: [81, 250 * KB],
  },
} as const satisfies Record<string, { large: number[]; middle: number[]; small: number[] }>

export type PayloadProfile = keyof typeof shapes

const firstNames = [
  'b.b00',
  's.v00',
  'tools.t00',
  'jumpstrt.gz',
  'useropts.gz',
  'features.gz',
  'k.b00',
]

export function payloadsOf(profile: PayloadProfile): readonly Payload[] {
  const { large, middle, small } = shapes[profile]
  const tiny = [20, 156, 700, 2 * KB]
  const sizes = [
    ...tiny.slice(0, 1),
    ...large,
    ...tiny.slice(1),
    ...spread(middle),
    ...spread(small),
  ]
  return sizes.map((size, index) => {
    const name = firstNames[index] ?? `mod${String(index).padStart(3, '0')}.v00`
    const hash = createHash('sha256').update(`${profile} ${index}`).digest('hex').slice(0, 32)
    return {
      path: `/vmw/cache/${hash.slice(0, 2)}/${hash.slice(2)}/${name}`,
      name,
      size: Math.round(size),
    }
  })
}

function spread([count = 0, mean = 0]: readonly number[]): number[] {
  return Array.from({ length: count }, (_, index) => (mean * (index + 1) * 2) / (count + 1))
}

const blockSize = MB

/** Octets from `start` to `end` (exclusive), within one block of 1 MiB. */
export function payloadBlock({ path, size }: Payload, start: number): Buffer {
  const block = Math.floor(start / blockSize)
  const octets = Buffer.alloc(Math.min(blockSize, size - block * blockSize))
  const seed = createHash('sha256').update(path).update(String(block)).digest()
  let state = seed.readUInt32LE(0) | 1
  const words = new Int32Array(octets.buffer, octets.byteOffset, octets.length >> 2)
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  if (block === 0) octets.set([0x1f, 0x8b].slice(0, octets.length))
  return octets.subarray(start - block * blockSize)
}

export function payloadOctets(payload: Payload): Buffer {
  const blocks: Buffer[] = []
  for (let at = 0; at < payload.size; at += blockSize) blocks.push(payloadBlock(payload, at))
  return Buffer.concat(blocks)
}
