/**
 * Who is asking. A machine is its MAC address: firmware, iPXE and the installed system send three
 * different client ids, and unrelated boards carry the same UUID.
 */
import type { Mac } from '../core/address.ts'
import type { Architecture } from './firmware.ts'

/** Which program of the machine asks: its firmware, an iPXE, or an operating system. */
export type Stage = 'firmware' | 'ipxe' | 'system'

export interface Machine {
  readonly mac: Mac
  readonly stage: Stage
  /** From option 93; kept from an earlier stage where a later one does not send it. */
  readonly architecture?: Architecture | undefined
  /** Option 97, as text. A hint, never a key. */
  readonly uuid?: string | undefined
  /** The firmware wants UEFI HTTP boot (vendor class HTTPClient). */
  readonly httpBoot: boolean
  /** iPXE only: it can fetch http:// URLs (option 175 feature 19). */
  readonly ipxeHttp: boolean
}
