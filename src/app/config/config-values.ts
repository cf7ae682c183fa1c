/**
 * The kinds of values a configuration holds: each turns text into an honest value, and its error
 * message says what is allowed there (never what was wrong: `config-problems.ts` shows what was
 * found beside it).
 */
import { z } from 'zod'
import {
  type AddressRange,
  type Ipv4,
  type Mac,
  type Subnet,
  parseIpv4,
  parseMac,
  parseSubnet,
} from '../../core/address.ts'

/** An object with these keys and no others. */
export function section<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: `a section with the keys ${Object.keys(shape).join(', ')}`,
  })
}

/** Text that `parse` understands; `allowed` completes the sentence "allowed: …". */
function parsed<T>(parse: (text: string) => T | undefined, allowed: string) {
  return z.string({ error: allowed }).transform((text, context): T => {
    const value = parse(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: allowed, input: text })
    return z.NEVER
  })
}

export const ipv4Value = parsed<Ipv4>(parseIpv4, 'an IPv4 address such as 192.168.50.1')
export const macValue = parsed<Mac>(parseMac, 'a MAC address such as 52:54:00:12:34:56')
export const subnetValue = parsed<Subnet>(
  parseSubnet,
  'a network such as 192.168.50.0/24, with no host bits set',
)
export const rangeValue = parsed<AddressRange>(
  parseRange,
  'a range such as 192.168.50.100-192.168.50.199, the lower address first',
)

/** Seconds. */
export const durationValue = parsed<number>(parseDuration, 'a duration such as 20s, 15m, 12h or 7d')

/** Octets. */
export const sizeValue = parsed<number>(parseSize, 'a size such as 512MiB or 32GiB')

export const portValue = z
  .int({ error: 'a port number from 1 to 65535' })
  .min(1, { error: 'a port number from 1 to 65535' })
  .max(65_535, { error: 'a port number from 1 to 65535' })

export const nameValue = z
  .string({ error: nameAllowed() })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, { error: nameAllowed() })

/** One line of text for people. */
export const lineValue = z
  .string({ error: 'one line of text' })
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, { error: 'one line of text without control characters' })

export const urlValue = parsed<URL>(
  (text) => (/^https?:\/\//.test(text) ? (URL.parse(text) ?? undefined) : undefined),
  'a URL such as https://vcsa.lab.example:6501',
)

const durationUnits: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

function nameAllowed(): string {
  return 'a name of letters, digits, ".", "_" and "-"'
}

function parseRange(text: string): AddressRange | undefined {
  const [first, last, ...rest] = text.split('-').map((part) => parseIpv4(part.trim()))
  if (first === undefined || last === undefined || rest.length > 0) return undefined
  return first <= last ? { first, last } : undefined
}

function parseDuration(text: string): number | undefined {
  const match = /^(\d+)\s*([smhd])$/.exec(text)
  const seconds = Number(match?.[1]) * (durationUnits[match?.[2] ?? ''] ?? Number.NaN)
  return Number.isNaN(seconds) ? undefined : seconds
}

function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]i?B|B)$/.exec(text)
  const octets = Number(match?.[1]) * (sizeUnits[match?.[2] ?? ''] ?? Number.NaN)
  return Number.isNaN(octets) ? undefined : Math.floor(octets)
}
