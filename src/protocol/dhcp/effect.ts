/** What the rules want done; the server performs effects in their order and decides nothing. */
import type { Ipv4 } from '../../core/address.ts'
import type { EventType } from '../../core/events.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import type { Lease } from './lease.ts'

export type DhcpEffect =
  /** Must be durable before the next effect. */
  | { readonly type: 'persist'; readonly lease: Lease }
  | { readonly type: 'reply'; readonly message: DhcpMessage; readonly outcome: Outcome }
  /** Nothing to send; only to be told. */
  | { readonly type: 'note'; readonly outcome: Outcome }

/** How it ended, as an event without its time. */
export interface Outcome {
  readonly type: EventType
  readonly address?: Ipv4 | undefined
  readonly reason?: string | undefined
}

export function ignore(reason: string): readonly DhcpEffect[] {
  return [{ type: 'note', outcome: { type: 'dhcp.ignore', reason } }]
}
