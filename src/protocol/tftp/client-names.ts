/**
 * Which program asks, told from the options of its read request: TFTP has no field for it. For the
 * log only; nothing is decided by it. Every row was seen on the wire.
 */
import type { TftpOptions } from '../../wire/tftp/tftp-packet.ts'

const clients: ReadonlyMap<string, string> = new Map([
  ['tsize=0 blksize=1468 windowsize=4', 'EDK2'],
  ['blksize=1468 windowsize=4', 'EDK2'],
  ['blksize=1432 tsize=0', 'iPXE'],
  ['tsize=0 blksize=1408', 'PXELINUX'],
  ['blksize=512 windowsize=4', 'shim'],
  ['blksize=1024 tsize=0', 'GRUB'],
  ['blksize=1456', 'Intel Boot Agent'],
  ['timeout=5 tsize=0 blksize=1468', 'U-Boot'],
  ['timeout=5 blksize=1468', 'U-Boot'],
  ['tsize=0 blksize=512 timeout=6', 'curl'],
])

/** The name of the program, where its options give it away. */
export function clientName(options: TftpOptions): string | undefined {
  return clients.get([...options].map(([name, value]) => `${name}=${value}`).join(' '))
}
