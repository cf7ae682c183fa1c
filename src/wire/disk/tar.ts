/**
 * The index of a tar archive: which member lies where, so that each can be read in place. Knows
 * ustar, GNU long names and large numbers, and the pax records that carry a name, a link or a size;
 * not sparse members. An archive that breaks off is refused: half an OVA is none.
 *
 * Sources: POSIX.1-2017 pax ("ustar Interchange Format", "pax Extended Header"), GNU tar manual
 * ("Basic Tar Format").
 */
import { ProtocolError } from '../../core/errors.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { Fields } from '../fields.ts'

export interface TarMember {
  readonly type: 'file' | 'folder' | 'link' | 'hardlink' | 'other'
  /** As it stands in the archive, without a leading `./` or `/` and without a slash at the end. */
  readonly path: string
  /** Permission bits. */
  readonly mode: number
  readonly owner: { readonly user: number; readonly group: number }
  /** Where a link leads, or which member a hard link is another name of. */
  readonly target: string
  /** Of the content, in the archive. */
  readonly position: number
  readonly size: number
}

const block = 512
const mostMembers = 100_000
/** Octets of a name or of a pax header at most. */
const longestText = 64 * 1024

const types: Readonly<Record<string, TarMember['type']>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'link',
  '5': 'folder',
}

/** What a special member says about the one that follows. */
interface Override {
  path?: string
  target?: string
  size?: number
}

/** Every member in order. Throws ProtocolError where the archive is damaged or not whole. */
export async function readTar(source: ByteSource): Promise<readonly TarMember[]> {
  const members: TarMember[] = []
  let override: Override = {}
  for (let at = 0; ;) {
    if (at + block > source.size) {
      throw new ProtocolError('tar', `breaks off at octet ${source.size}: it is not whole`)
    }
    const header = new Fields(await readExactly(source, at, block, 'tar'), 'tar header', at)
    if (header.octets.every((octet) => octet === 0)) return members
    checkSum(header)
    const type = header.text(156, 1)
    const size = override.size ?? numberAt(header, 124, 12)
    const content = at + block
    if (content + size > source.size) {
      const path = override.path ?? nameOf(header)
      throw new ProtocolError(path, `breaks off at octet ${source.size}: the archive is not whole`)
    }
    if (type in special) {
      Object.assign(override, await readSpecial(source, { type, at: content, size }))
    } else {
      if (members.length >= mostMembers) throw new ProtocolError('tar', 'too many members')
      members.push(memberOf(header, { position: content, size, override }))
      override = {}
    }
    at = content + Math.ceil(size / block) * block
  }
}

function memberOf(
  header: Fields,
  found: { readonly position: number; readonly size: number; readonly override: Override },
): TarMember {
  const { position, size, override } = found
  return {
    type: types[header.text(156, 1)] ?? 'other',
    path: plainPath(override.path ?? nameOf(header)),
    mode: numberAt(header, 100, 8) & 0o7777,
    owner: { user: numberAt(header, 108, 8), group: numberAt(header, 116, 8) },
    target: override.target ?? textAt(header, 157, 100),
    position,
    size,
  }
}

/** Long names of GNU tar (`L`, `K`) and pax records of one member (`x`) or of all (`g`). */
const special: Readonly<Record<string, (text: string) => Override>> = {
  L: (text) => ({ path: toNul(text) }),
  K: (text) => ({ target: toNul(text) }),
  x: paxOverride,
  g: () => ({}),
}

async function readSpecial(
  source: ByteSource,
  { type, at, size }: { readonly type: string; readonly at: number; readonly size: number },
): Promise<Override> {
  if (size > longestText) throw new ProtocolError('tar header', `too long (at octet ${at})`)
  const octets = await readExactly(source, at, size, 'tar header')
  return special[type]?.(new TextDecoder().decode(octets)) ?? {}
}

/** Records such as `30 path=a/long/name\n`, the length counting itself, in octets. */
function paxOverride(text: string): Override {
  const override: Override = {}
  for (const [, key, value = ''] of text.matchAll(/^\d+ (\w+)=(.*)$/gm)) {
    if (key === 'path') override.path = value
    if (key === 'linkpath') override.target = value
    if (key === 'size' && /^\d{1,15}$/.test(value)) override.size = Number(value)
  }
  return override
}

function checkSum(header: Fields): void {
  let sum = 0
  for (const [at, octet] of header.octets.entries()) sum += at >= 148 && at < 156 ? 0x20 : octet
  if (numberAt(header, 148, 8) !== sum) throw header.wrong(148, 'its check sum is wrong')
}

function nameOf(header: Fields): string {
  const prefix = header.text(257, 6) === 'ustar\0' ? textAt(header, 345, 155) : ''
  const name = textAt(header, 0, 100)
  return prefix === '' ? name : `${prefix}/${name}`
}

function textAt(header: Fields, at: number, length: number): string {
  return toNul(new TextDecoder().decode(header.slice(at, length)))
}

/** Octal digits, or 256 to the power of the place where the highest bit is set (GNU). */
function numberAt(header: Fields, at: number, length: number): number {
  if ((header.u8(at) & 0x80) === 0) {
    const digits = toNul(header.text(at, length)).trim()
    if (!/^[0-7]*$/.test(digits)) throw header.wrong(at, `"${digits}" is no octal number`)
    return digits === '' ? 0 : Number.parseInt(digits, 8)
  }
  let value = header.u8(at) & 0x7f
  for (const octet of header.slice(at + 1, length - 1)) value = value * 256 + octet
  if (!Number.isSafeInteger(value)) throw header.wrong(at, 'the number is too large')
  return value
}

function toNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

function plainPath(path: string): string {
  return path.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')
}
