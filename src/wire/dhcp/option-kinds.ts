/**
 * How the value of a DHCP option is written: the kinds that RFC 2132 uses again and again.
 * Decoding answers undefined for octets that cannot be such a value; the option then counts as
 * absent, because clients send broken values beside good ones (Kea's CVE-2019-6473 packets).
 */
import { type Ipv4, ipv4 } from '../../core/address.ts'
import { ByteReader, ByteWriter, fromLatin1, latin1 } from '../bytes.ts'

export interface OptionKind<T> {
  readonly decode: (octets: Uint8Array) => T | undefined
  readonly encode: (value: T) => Uint8Array
}

export const octets: OptionKind<Uint8Array> = {
  decode: (value) => value,
  encode: (value) => value,
}

export const u8: OptionKind<number> = {
  decode: (value) => (value.length === 1 ? value[0] : undefined),
  encode: (value) => Uint8Array.of(value),
}

export const u16: OptionKind<number> = {
  decode: (value) => (value.length === 2 ? reader(value).u16() : undefined),
  encode: (value) => new ByteWriter(2).u16(value).finish(),
}

/** Seconds are unsigned here; 0xffffffff means for ever. */
export const u32: OptionKind<number> = {
  decode: (value) => (value.length === 4 ? reader(value).u32() : undefined),
  encode: (value) => new ByteWriter(4).u32(value).finish(),
}

export const address: OptionKind<Ipv4> = {
  decode: (value) => (value.length === 4 ? reader(value).ipv4() : undefined),
  encode: u32.encode,
}

/** Octets one to one; NULs at the end, which some clients send, are left out. */
export const text: OptionKind<string> = {
  decode: (value) => latin1(value).replace(/\0+$/, ''),
  encode: fromLatin1,
}

/**
 * Text that goes out with a NUL. EDK2 writes one behind the value in place, over whatever stands
 * there, and old ROMs read up to it.
 */
export const textWithNul: OptionKind<string> = {
  decode: text.decode,
  encode: (value) => fromLatin1(`${value}\0`),
}

/** Present or not: no octets (RFC 4039). */
export const flag: OptionKind<true> = {
  decode: (value) => (value.length === 0 ? true : undefined),
  encode: () => new Uint8Array(),
}

export const u8s: OptionKind<readonly number[]> = {
  decode: (value) => [...value],
  encode: (value) => Uint8Array.from(value),
}

/** Always whole items; at least one. */
export const u16s: OptionKind<readonly number[]> = listOf(2, (from) => from.u16(), u16.encode)
export const addresses: OptionKind<readonly Ipv4[]> = listOf(
  4,
  (from) => ipv4(from.u32()),
  address.encode,
)

/** One octet that stands for a name; unknown octets are no value. */
export function oneOf<Name extends string>(
  names: Readonly<Record<Name, number>>,
): OptionKind<Name> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys of a literal
  const byOctet = new Map((Object.keys(names) as Name[]).map((name) => [names[name], name]))
  return {
    decode: (value) => (value.length === 1 ? byOctet.get(value[0] ?? 0) : undefined),
    encode: (name) => Uint8Array.of(names[name]),
  }
}

function listOf<T>(
  size: number,
  read: (from: ByteReader) => T,
  encode: (item: T) => Uint8Array,
): OptionKind<readonly T[]> {
  return {
    decode(value) {
      if (value.length === 0 || value.length % size !== 0) return undefined
      const from = reader(value)
      return Array.from({ length: value.length / size }, () => read(from))
    },
    encode(items) {
      const writer = new ByteWriter(items.length * size)
      for (const item of items) writer.octets(encode(item))
      return writer.finish()
    },
  }
}

function reader(value: Uint8Array): ByteReader {
  return new ByteReader(value, 'option')
}
