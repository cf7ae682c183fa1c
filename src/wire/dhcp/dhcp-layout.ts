/**
 * Which option goes where in a message that must not be longer than its client takes: the options
 * area first, then the fields `file` and `sname` when they are free (option 52, RFC 2132 §9.3).
 * What fits nowhere is left out; the order is by importance, so that is the least wanted.
 */
import { ByteWriter } from '../bytes.ts'
import { dhcpOption, type OptionSet } from './dhcp-options.ts'
import { end, optionSize, writeOption } from './option-area.ts'

/** Octets that options may take in each place. */
export interface OptionRoom {
  readonly options: number
  readonly bootFile: number
  readonly serverName: number
}

/** What the options made of each place; a field without options is undefined. */
export interface OptionLayout {
  readonly options: Uint8Array
  readonly bootFile: Uint8Array | undefined
  readonly serverName: Uint8Array | undefined
}

/**
 * 53, 54 and 51, then `order`, then the rest; 82 goes last (RFC 3046 §2.2). Not every client asks
 * for its lease time (udhcpc), yet none can do without.
 */
export function layOutOptions(
  options: OptionSet,
  order: readonly number[],
  room: OptionRoom,
): OptionLayout {
  const closing = closingOptions(options)
  const main = new Area(room.options - closing.length - overloadSize)
  const areas = [main, new Area(room.bootFile), new Area(room.serverName)] as const
  for (const code of sequence(options, order)) {
    const octets = options.octets(code) ?? new Uint8Array()
    areas.find((area) => area.has(octets))?.put(code, octets)
  }
  const [, file, sname] = areas
  const overload = (file.used ? 1 : 0) | (sname.used ? 2 : 0)
  if (overload) writeOption(main.writer, dhcpOption.overload.code, Uint8Array.of(overload))
  return {
    options: main.writer.octets(closing).finish(),
    bootFile: file.closed(),
    serverName: sname.closed(),
  }
}

const overloadSize = 3

function closingOptions(options: OptionSet): Uint8Array {
  const writer = new ByteWriter()
  const relayAgent = options.octets(dhcpOption.relayAgent.code)
  if (relayAgent !== undefined) writeOption(writer, dhcpOption.relayAgent.code, relayAgent)
  return writer.finish()
}

function sequence(options: OptionSet, order: readonly number[]): ReadonlySet<number> {
  const present = new Set(options.codes())
  present.delete(dhcpOption.relayAgent.code)
  present.delete(dhcpOption.overload.code)
  const { messageType, serverId, leaseSeconds } = dhcpOption
  const first = [messageType.code, serverId.code, leaseSeconds.code, ...order]
  return new Set([...first.filter((code) => present.has(code)), ...present])
}

class Area {
  readonly writer = new ByteWriter()
  readonly #room: number

  constructor(room: number) {
    this.#room = room
  }

  get used(): boolean {
    return this.writer.length > 0
  }

  has(octets: Uint8Array): boolean {
    return this.writer.length + optionSize(octets) <= this.#room
  }

  put(code: number, octets: Uint8Array): void {
    writeOption(this.writer, code, octets)
  }

  /** The octets with their END; undefined when there are none. */
  closed(): Uint8Array | undefined {
    return this.used ? this.writer.u8(end).finish() : undefined
  }
}
