/**
 * The names under which mboot, and what starts it, ask for their files in the folder of an image: the
 * files of the disc under other names, and those that are made for one machine. Upper and lower case
 * are the same.
 *
 * Sources: esx-boot, `mboot/config.c` (`boot.cfg` in a folder named after the MAC address, then
 * beside mboot), `mboot/mboot.c` (the four places of the crypto module); RFC 5071.
 */
import { type Mac, macWithDashes, parseMac } from '../../core/address.ts'

export type EsxiPath =
  /** For the machine with this address; without one, for whoever asks. */
  | { readonly type: 'boot.cfg'; readonly mac?: Mac | undefined }
  /** What PXELINUX 3.86 starts, for one machine. */
  | { readonly type: 'pxelinux.cfg'; readonly mac: Mac }
  /** A file of the disc, by its path there. */
  | { readonly type: 'file'; readonly path: string }

/** The disc has its loader as firmware looks for it on removable media; the network knows it as mboot. */
const programs: Readonly<Record<string, string>> = {
  'mboot.efi': 'efi/boot/bootx64.efi',
  'crypto64.efi': 'efi/boot/crypto64.efi',
  'safeboot.efi': 'efi/boot/safeboot.efi',
}

/** Where mboot may have been loaded from, too: what is beside it is that of the image. */
const beside = 'efi/boot/'

/** 01 is ARP's number for Ethernet. */
const ofMachine = /^01-(?<mac>[\da-f]{2}(?:-[\da-f]{2}){5})\/(?<type>boot|pxelinux)\.cfg$/

/** `path` is inside the image's folder, without a slash in front; undefined for every other one. */
export function esxiPath(path: string): EsxiPath | undefined {
  const asked = path.toLowerCase()
  const program = Object.hasOwn(programs, asked) ? programs[asked] : undefined
  if (program !== undefined) return { type: 'file', path: program }
  const name = asked.startsWith(beside) ? asked.slice(beside.length) : asked
  if (name === 'boot.cfg') return { type: 'boot.cfg' }
  const found = ofMachine.exec(name)?.groups
  const mac = parseMac(found?.['mac'] ?? '')
  if (mac === undefined) return undefined
  return found?.['type'] === 'boot' ? { type: 'boot.cfg', mac } : { type: 'pxelinux.cfg', mac }
}

/** The folder in which a machine's own files are, in that of its image. */
export function machineFolder(mac: Mac): string {
  return `01-${macWithDashes(mac)}`
}
