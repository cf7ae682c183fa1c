/**
 * What a machine's console says about a boot that goes wrong, in words for people. An end is where
 * nothing comes any more by itself. A hint explains a failure and is none: firmware goes on to its
 * next boot entry, and that may well work.
 *
 * Sources: SeaBIOS, iPXE, EDK2's boot manager and shell, shim and GRUB, as the lab saw them.
 */

export interface ConsoleSigns {
  /** Why it makes no sense to wait; undefined while it does. */
  readonly end: string | undefined
  /** What may be behind a failure, in the order of `hints`. */
  readonly hints: readonly string[]
}

interface Sign {
  readonly shows: RegExp
  readonly says: string
}

const ends: readonly Sign[] = [
  { shows: /Kernel panic/, says: 'the kernel panicked' },
  { shows: /^grub(?: rescue)?> /m, says: 'GRUB found no menu and waits at its prompt' },
  {
    shows: /^Shell> /m,
    says: 'none of its boot entries worked: it ended in the UEFI shell',
  },
  {
    shows: /Press any key to enter the Boot Manager Menu/,
    says: 'none of its boot entries worked: its boot manager waits for a key',
  },
  {
    shows: /BdsDxe: starting Boot\w+ "UiApp"/,
    says: 'none of its boot entries worked: it ended in its setup screens',
  },
  { shows: /No bootable device/, says: 'its BIOS found nothing more to boot from' },
]

const hints: readonly Sign[] = [
  {
    shows: /failed to (?:load|start) Boot\w+.*Access Denied/,
    says: 'Secure Boot refused its boot program: no key vouches for it',
  },
  {
    shows: /Security Violation/,
    says: 'shim refused what it should start: none of its keys vouches for it',
  },
  { shows: /bad shim signature/, says: 'Secure Boot refused its kernel: no key vouches for it' },
  { shows: /No valid offer received/, says: 'its firmware took none of the offers' },
  { shows: /No more network devices/, says: 'iPXE got nothing that it could boot' },
]

/** What firmware says about itself, word for word, where no hint says it better. */
const ownWords = /(?:PXE-E\d\d:|HTTP Boot failed|BdsDxe: failed to start Boot\w+).*/

export function readSigns(console: string): ConsoleSigns {
  const known = hints.filter(({ shows }) => shows.test(console)).map(({ says }) => says)
  const [own] = ownWords.exec(console) ?? []
  return {
    end: ends.find(({ shows }) => shows.test(console))?.says,
    hints: known.length > 0 || own === undefined ? known : [`its firmware says: ${own.trim()}`],
  }
}
