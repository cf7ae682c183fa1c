/**
 * The files of simulated images: names, sizes and octets follow from the image's name alone, so that
 * a client can check what it got without asking anybody. Each begins like the gzip file it stands for.
 *
 * An image is a profile (`tiny`, `esxi8`), or a later build of it (`tiny@2`): other hashes, other
 * octets, the same shape.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export interface Payload {
  /** `/vmw/cache/<2 hex>/<30 hex>/<name>` */
  readonly path: string
  readonly name: string
  readonly size: number
}

const KB = 1024
const MB = 1024 * KB

interface Shape {
  readonly large: readonly number[]
  /** How many, and how large in the middle. */
  readonly middle: readonly [number, number]
  readonly small: readonly [number, number]
}

/** Counts are those of published boot.cfg files, sizes follow their long-tailed shape. */
const shapes = {
  /** 60 files, 6 MB: for every commit. */
  tiny: { large: [2.4 * MB, 1.7 * MB], middle: [7, 130 * KB], small: [47, 18 * KB] },
  /** 159 files, 330 MB. */
  esxi67: {
    large: [130, 60, 20, 17, 15].map((n) => n * MB),
    middle: [10, 4.6 * MB],
    small: [140, 300 * KB],
  },
  /** 90 files, 390 MB. */
  esxi7: {
    large: [120, 90, 25, 25].map((n) => n * MB),
    middle: [18, 6 * MB],
    small: [64, 300 * KB],
  },
  /** 110 files, 550 MB. */
  esxi8: {
    large: [150, 110, 45, 40, 40].map((n) => n * MB),
    middle: [20, 7 * MB],
    small: [81, 250 * KB],
  },
  /** 138 files, 650 MB. */
  esx9: {
    large: [150, 110, 45, 40, 40].map((n) => n * MB),
    middle: [40, 6 * MB],
    small: [89, 250 * KB],
  },
} as const satisfies Record<string, Shape>

export type PayloadProfile = keyof typeof shapes

export const payloadProfiles = Object.keys(shapes) as readonly PayloadProfile[]

/** A profile, or a later build of one. */
export type Image = PayloadProfile | `${PayloadProfile}@${number}`

export function isImage(text: string): text is Image {
  const [profile = '', build = '1', ...rest] = text.split('@')
  return profile in shapes && /^[1-9]\d*$/.test(build) && rest.length === 0
}

const firstNames = [
  'b.b00',
  's.v00',
  'tools.t00',
  'jumpstrt.gz',
  'useropts.gz',
  'features.gz',
  'k.b00',
]
/** What loads the others: no modules. */
export const loaderName = 'mboot.efi'
export const cryptoName = 'crypto64.efi'
const lastNames = [cryptoName, loaderName]

export function payloadsOf(image: Image): readonly Payload[] {
  const [profile, build] = image.split('@') as [PayloadProfile, string?]
  const salt = build === undefined || build === '1' ? profile : image
  const sizes = sizesOf(shapes[profile])
  return sizes.map((size, index) => {
    const name =
      firstNames[index] ??
      lastNames[index - sizes.length + lastNames.length] ??
      `mod${String(index).padStart(3, '0')}.v00`
    const hash = createHash('sha256').update(`${salt} ${index}`).digest('hex').slice(0, 32)
    return {
      path: `/vmw/cache/${hash.slice(0, 2)}/${hash.slice(2)}/${name}`,
      name,
      size: Math.round(size),
    }
  })
}

function sizesOf({ large, middle, small }: Shape): readonly number[] {
  const [smallest, ...tiny] = [20, 156, 700, 2 * KB]
  return [smallest ?? 0, ...large, ...tiny, ...spread(middle), ...spread(small)]
}

function spread([count, mean]: readonly [number, number]): number[] {
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
  return Buffer.concat([...payloadBlocks(payload)])
}

/** The CRC-32 of all of it: the cheapest sum that a machine of this project can take. */
export function payloadSum(payload: Payload): number {
  let sum = 0
  for (const block of payloadBlocks(payload)) sum = crc32(block, sum)
  return sum
}

export function* payloadBlocks(payload: Payload): Generator<Buffer> {
  for (let at = 0; at < payload.size; at += blockSize) yield payloadBlock(payload, at)
}
