/**
 * Code-length-value triples: the form of the DHCP options area and of everything that is
 * encapsulated in one option (43, 82, 175). RFC 2132 §2, RFC 3396.
 *
 * Knows nothing of what an option means.
 */
import { ProtocolError } from '../../core/errors.ts'
import type { ByteWriter } from '../bytes.ts'

const pad = 0
export const end = 255

/**
 * Adds each option's octets to `into`; an option that comes in several parts is put together in
 * the order of its parts (RFC 3396 §7). PAD may stand anywhere, END may be missing, what follows
 * END is padding. A length that runs past the area is a ProtocolError.
 */
export function readOptionArea(
  area: Uint8Array,
  field: string,
  into: Map<number, Uint8Array> = new Map(),
): Map<number, Uint8Array> {
  const parts = new Map<number, Uint8Array[]>()
  let at = 0
  while (at < area.length) {
    const code = area[at++] ?? end
    if (code === end) break
    if (code === pad) continue
    const length = area[at++]
    if (length === undefined || at + length > area.length) {
      throw new ProtocolError(field, `option ${code} runs past octet ${area.length}`)
    }
    const part = area.subarray(at, at + length)
    const known = parts.get(code)
    if (known === undefined) parts.set(code, [part])
    else known.push(part)
    at += length
  }
  for (const [code, found] of parts) {
    const before = into.get(code)
    into.set(code, joined(before === undefined ? found : [before, ...found]))
  }
  return into
}

/** All at once: one after the other would take time by the square of their number. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** What `writeOption` will take, headers included. */
export function optionSize(octets: Uint8Array): number {
  return octets.length + 2 * Math.max(1, Math.ceil(octets.length / 255))
}

/** One option; more than 255 octets go out in several parts (RFC 3396 §5). */
export function writeOption(writer: ByteWriter, code: number, octets: Uint8Array): void {
  for (let at = 0; at === 0 || at < octets.length; at += 255) {
    const part = octets.subarray(at, at + 255)
    writer.u8(code).u8(part.length).octets(part)
  }
}
