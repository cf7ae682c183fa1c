/**
 * A record whose fields stand at fixed places, as file systems and disk formats have them:
 * little-endian unless it says otherwise. A field past the end is the writer's fault and says where.
 */
import { ProtocolError } from '../core/errors.ts'
import { latin1 } from './bytes.ts'

export class Fields {
  readonly octets: Uint8Array
  readonly #view: DataView
  readonly #name: string
  readonly #origin: number

  /** `name` says what the record is, `origin` where it lies in its image: both for messages. */
  constructor(octets: Uint8Array, name: string, origin = 0) {
    this.octets = octets
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    this.#name = name
    this.#origin = origin
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#check(at, 1))
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#check(at, 2), true)
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#check(at, 4), true)
  }

  u32big(at: number): number {
    return this.#view.getUint32(this.#check(at, 4))
  }

  /** Throws where the number is larger than any disk. */
  u64(at: number): number {
    const value = this.u32(at) + this.u32(at + 4) * 2 ** 32
    if (Number.isSafeInteger(value)) return value
    throw this.wrong(at, `${value} is too large`)
  }

  /** Octets become characters one to one. */
  text(at: number, length: number): string {
    return latin1(this.slice(at, length))
  }

  /** A view, not a copy. */
  slice(at: number, length: number): Uint8Array {
    const start = this.#check(at, length)
    return this.octets.subarray(start, start + length)
  }

  /** What is wrong at a place of this record. */
  wrong(at: number, problem: string): ProtocolError {
    return new ProtocolError(this.#name, `${problem} (at octet ${this.#origin + at})`)
  }

  #check(at: number, length: number): number {
    if (length >= 0 && at >= 0 && at + length <= this.octets.length) return at
    throw new ProtocolError(this.#name, `truncated at octet ${this.#origin + this.octets.length}`)
  }
}
