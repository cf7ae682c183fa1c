/**
 * Bounds-checked reading and writing of octets, big-endian as on the wire. A read past the end is
 * the peer's fault and says which field and where.
 */
import { type Ipv4, ipv4 } from '../core/address.ts'
import { ProtocolError } from '../core/errors.ts'

export class ByteReader {
  readonly #octets: Uint8Array
  readonly #view: DataView
  /** The part of the message being read, for error messages; set it as you go. */
  field: string
  #at = 0

  constructor(octets: Uint8Array, field: string) {
    this.#octets = octets
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    this.field = field
  }

  get position(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#octets.length - this.#at
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  ipv4(): Ipv4 {
    return ipv4(this.u32())
  }

  /** A view, not a copy. */
  octets(length: number): Uint8Array {
    const start = this.#take(length)
    return this.#octets.subarray(start, start + length)
  }

  rest(): Uint8Array {
    return this.octets(this.remaining)
  }

  /** Text up to a NUL, which is consumed. Octets become characters one to one (latin1). */
  textToNul(): string {
    const end = this.#octets.indexOf(0, this.#at)
    if (end < 0) throw new ProtocolError(this.field, `no NUL after octet ${this.#at}`)
    const text = latin1(this.#octets.subarray(this.#at, end))
    this.#at = end + 1
    return text
  }

  #take(length: number): number {
    const start = this.#at
    if (start + length > this.#octets.length) {
      throw new ProtocolError(this.field, `truncated at octet ${this.#octets.length}`)
    }
    this.#at = start + length
    return start
  }
}

/** Grows as needed; `finish` gives exactly what was written. */
export class ByteWriter {
  #octets: Uint8Array
  #view: DataView
  #at = 0

  constructor(capacity = 512) {
    this.#octets = new Uint8Array(capacity)
    this.#view = new DataView(this.#octets.buffer)
  }

  get length(): number {
    return this.#at
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    const at = this.#grow(2)
    this.#view.setUint16(at, value)
    return this
  }

  u32(value: number): this {
    const at = this.#grow(4)
    this.#view.setUint32(at, value)
    return this
  }

  octets(octets: Uint8Array): this {
    const at = this.#grow(octets.length)
    this.#octets.set(octets, at)
    return this
  }

  text(text: string): this {
    return this.octets(fromLatin1(text))
  }

  zeros(count: number): this {
    this.#grow(count)
    return this
  }

  finish(): Uint8Array {
    return this.#octets.slice(0, this.#at)
  }

  /** Makes room and moves on; answers where to write. May replace the buffer: call it first. */
  #grow(length: number): number {
    const start = this.#at
    this.#at += length
    if (this.#at > this.#octets.length) {
      const larger = new Uint8Array(Math.max(this.#octets.length * 2, this.#at))
      larger.set(this.#octets)
      this.#octets = larger
      this.#view = new DataView(larger.buffer)
    }
    return start
  }
}

export function latin1(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += String.fromCharCode(octet)
  return text
}

/** Characters above U+00FF are written as UTF-8, so that no name is silently damaged. */
export function fromLatin1(text: string): Uint8Array {
  // oxlint-disable-next-line no-control-regex -- the range of latin1
  if (!/^[\u0000-\u00ff]*$/.test(text)) return new TextEncoder().encode(text)
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export function toHex(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += octet.toString(16).padStart(2, '0')
  return text
}
