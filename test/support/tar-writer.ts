/** tar archives for tests, field by field: also such as no tar program would write. */

export interface TarEntry {
  readonly path: string
  readonly prefix?: string
  /** The type flag: `0` a file, `5` a folder, `2` a link. */
  readonly type?: string
  readonly mode?: number
  readonly user?: number
  readonly group?: number
  readonly target?: string
  readonly octets?: Uint8Array
  /** What the header says; by default the length of `octets`. */
  readonly size?: number
}

const block = 512

export function tarOf(entries: readonly TarEntry[]): Uint8Array {
  const parts = entries.flatMap((entry) => {
    const octets = entry.octets ?? new Uint8Array(0)
    return [header(entry), octets, new Uint8Array((block - (octets.length % block)) % block)]
  })
  return Buffer.concat([...parts, new Uint8Array(2 * block)])
}

function header(entry: TarEntry): Uint8Array {
  const { path, prefix = '', type = '0', mode = 0o644, user = 0, group = 0, target = '' } = entry
  const octets = Buffer.alloc(block)
  octets.write(path, 0)
  octets.write(octal(mode, 8), 100)
  octets.write(octal(user, 8), 108)
  octets.write(octal(group, 8), 116)
  writeSize(octets, entry.size ?? entry.octets?.length ?? 0)
  octets.write(octal(0, 12), 136)
  octets.write(type, 156)
  octets.write(target, 157)
  octets.write('ustar\u000000', 257)
  octets.write(prefix, 345)
  octets.write('        ', 148)
  const sum = octets.reduce((total, octet) => total + octet, 0)
  octets.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return octets
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}

function writeSize(octets: Buffer, size: number): void {
  if (size < 8 ** 11) octets.write(octal(size, 12), 124)
  else {
    octets.writeUInt8(0x80, 124)
    octets.writeBigUInt64BE(BigInt(size), 128)
  }
}
