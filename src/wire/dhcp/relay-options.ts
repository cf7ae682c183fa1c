/**
 * What a relay adds in option 82 (RFC 3046): here only the sub-options that change an answer. The
 * option itself goes back untouched.
 */
import type { Ipv4 } from '../../core/address.ts'
import { readOptionArea } from './option-area.ts'
import { address } from './option-kinds.ts'

export interface RelayAgent {
  /** 82.5: the subnet that the client is on, where giaddr is only how to reach the relay (RFC 3527). */
  readonly linkSelection: Ipv4 | undefined
  /** 82.11: the address that we shall call ourselves, so that renewals pass the relay (RFC 5107). */
  readonly serverIdOverride: Ipv4 | undefined
}

/** A malformed option 82 says nothing. */
export function decodeRelayAgent(octets: Uint8Array | undefined): RelayAgent {
  try {
    const found = readOptionArea(octets ?? new Uint8Array(), 'option 82')
    return {
      linkSelection: address.decode(found.get(5) ?? new Uint8Array()),
      serverIdOverride: address.decode(found.get(11) ?? new Uint8Array()),
    }
  } catch {
    return { linkSelection: undefined, serverIdOverride: undefined }
  }
}
