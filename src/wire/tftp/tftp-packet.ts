/**
 * The six TFTP packets between octets and values. Knows no rules of the conversation: which options
 * mean what is `protocol/tftp/negotiate.ts`.
 *
 * Sources: RFC 1350 §5, RFC 2347 (options).
 */
import { ProtocolError } from '../../core/errors.ts'
import { ByteReader, ByteWriter, fromLatin1, latin1 } from '../bytes.ts'

/** Options in the order they were sent; names in lower case (RFC 2347: case is ignored). */
export type TftpOptions = ReadonlyMap<string, string>

export interface TftpRequest {
  readonly type: 'readRequest' | 'writeRequest'
  readonly file: string
  /** In lower case; `octet` and `netascii` are known. */
  readonly mode: string
  readonly options: TftpOptions
}

export type TftpPacket =
  | TftpRequest
  | { readonly type: 'data'; readonly block: number; readonly octets: Uint8Array }
  | { readonly type: 'acknowledgement'; readonly block: number }
  | { readonly type: 'error'; readonly code: number; readonly message: string }
  | { readonly type: 'optionAcknowledgement'; readonly options: TftpOptions }

/** RFC 1350 appendix, RFC 2347 for 8. */
export const tftpErrors = {
  undefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransferId: 5,
  optionsRefused: 8,
} as const

/** Opcode and block number before the octets of a DATA packet. */
export const dataHeaderLength = 4

/**
 * @throws ProtocolError when it is not a TFTP packet. Trailing octets are tolerated, an option
 * without its value is left out, and of two options with one name the first counts.
 */
export function decodeTftp(octets: Uint8Array): TftpPacket {
  const reader = new ByteReader(octets, 'opcode')
  const type = opcodes[reader.u16()]
  if (type === undefined) throw new ProtocolError('opcode', 'not one of TFTP')
  reader.field = type
  switch (type) {
    case 'readRequest':
    case 'writeRequest': {
      const file = fileName(reader.textToNul())
      const mode = reader.textToNul().toLowerCase()
      return { type, file, mode, options: readOptions(reader) }
    }
    case 'data':
      return { type, block: reader.u16(), octets: reader.rest() }
    case 'acknowledgement':
      return { type, block: reader.u16() }
    case 'error':
      return { type, code: reader.u16(), message: restAsText(reader) }
    case 'optionAcknowledgement':
      return { type, options: readOptions(reader) }
  }
}

export function encodeTftp(packet: TftpPacket): Uint8Array {
  const writer = new ByteWriter().u16(opcodes.indexOf(packet.type))
  switch (packet.type) {
    case 'readRequest':
    case 'writeRequest':
      writer.octets(utf8.encode(packet.file)).u8(0).text(packet.mode).u8(0)
      return writeOptions(writer, packet.options).finish()
    case 'data':
      return writer.u16(packet.block).octets(packet.octets).finish()
    case 'acknowledgement':
      return writer.u16(packet.block).finish()
    case 'error':
      return writer.u16(packet.code).text(packet.message).u8(0).finish()
    case 'optionAcknowledgement':
      return writeOptions(writer, packet.options).finish()
  }
}

/** Writes the header of DATA into `target`, where the octets of the block follow. */
export function writeDataHeader(target: Uint8Array, block: number): void {
  target[0] = 0
  target[1] = opcodes.indexOf('data')
  target[2] = (block >>> 8) & 255
  target[3] = block & 255
}

/** The position is the opcode. */
const opcodes = [
  undefined,
  'readRequest',
  'writeRequest',
  'data',
  'acknowledgement',
  'error',
  'optionAcknowledgement',
] as const

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * File names are UTF-8 today and were latin1 once. ROMs that were given option 67 without an end
 * send the 0xff that followed it: no file name ends so.
 */
function fileName(text: string): string {
  const name = text.replace(/\u00ff+$/, '')
  try {
    return strictUtf8.decode(fromLatin1(name))
  } catch {
    return name
  }
}

function readOptions(reader: ByteReader): TftpOptions {
  const options = new Map<string, string>()
  // What follows the last NUL is not terminated, so it is no text.
  const texts = latin1(reader.rest()).split('\0').slice(0, -1)
  for (let at = 0; at + 1 < texts.length; at += 2) {
    const [name = '', value = ''] = [texts[at]?.toLowerCase(), texts[at + 1]]
    if (!options.has(name)) options.set(name, value)
  }
  return options
}

function writeOptions(writer: ByteWriter, options: TftpOptions): ByteWriter {
  for (const [name, value] of options) writer.text(name).u8(0).text(value).u8(0)
  return writer
}

/** The text of an ERROR: some clients leave out its NUL, or the text itself. */
function restAsText(reader: ByteReader): string {
  return latin1(reader.rest()).replace(/\0.*$/s, '')
}
