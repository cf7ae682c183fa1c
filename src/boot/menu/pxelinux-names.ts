/**
 * The names under `pxelinux.cfg/`, in the order in which PXELINUX asks for them: UUID, hardware
 * address with its type in front, IPv4 address in hex losing a digit at a time, `default`.
 * Syslinux 6.04, core/fs/pxe/pxe.c.
 */
import { type Ipv4, type Mac, macWithDashes, parseMac } from '../../core/address.ts'

export type PxelinuxName =
  | { readonly type: 'uuid'; readonly uuid: string }
  | { readonly type: 'mac'; readonly mac: Mac }
  /** The first `digits.length * 4` bits of an IPv4 address. */
  | { readonly type: 'address'; readonly digits: string }
  | { readonly type: 'default' }

const folder = 'pxelinux.cfg/'

/** A path in the boot tree; undefined when it is no such name. */
export function parsePxelinuxName(path: string): PxelinuxName | undefined {
  if (!path.startsWith(folder)) return undefined
  const name = path.slice(folder.length)
  if (name === 'default') return { type: 'default' }
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name)) return { type: 'uuid', uuid: name }
  if (/^[0-9A-F]{1,8}$/.test(name)) return { type: 'address', digits: name }
  // 01 is ARP's number for Ethernet.
  const mac = /^01-[0-9a-f-]{17}$/.test(name) ? parseMac(name.slice(3)) : undefined
  return mac === undefined ? undefined : { type: 'mac', mac }
}

/** Every name that a machine asks for, in its order. What is unknown is left out. */
export function pxelinuxSearch(machine: {
  readonly uuid?: string | undefined
  readonly mac?: Mac | undefined
  readonly address?: Ipv4 | undefined
}): readonly string[] {
  const { uuid, mac, address } = machine
  const digits = address?.toString(16).toUpperCase().padStart(8, '0') ?? ''
  return [
    ...(uuid === undefined ? [] : [uuid.toLowerCase()]),
    ...(mac === undefined ? [] : [`01-${macWithDashes(mac)}`]),
    ...Array.from(digits, (_, index) => digits.slice(0, digits.length - index)),
    'default',
  ].map((name) => folder + name)
}
