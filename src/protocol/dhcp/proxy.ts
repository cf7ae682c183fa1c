/**
 * The proxy: boot data beside somebody else's DHCP server. PXE 2.1 §2.2 and §2.4, and what firmware
 * makes of it. It never gives an address: every answer has `yiaddr` 0 and no lease options, here by
 * construction.
 *
 * On port 67 only a DISCOVER is answered (and an INFORM of a PXE client): a REQUEST there is for the
 * server that gave the address. On port 4011 the firmware asks once more, by REQUEST or INFORM.
 */
import { anyAddress, type Ipv4 } from '../../core/address.ts'
import type { DhcpMessage } from '../../wire/dhcp/dhcp-message.ts'
import { dhcpOption } from '../../wire/dhcp/dhcp-options.ts'
import { type BootItem, decodeBootItem, encodeBootItem } from '../../wire/dhcp/pxe-options.ts'
import { addProxyBoot } from './boot-options.ts'
import type { BootReply } from './boot-reply.ts'
import { bootClassOf } from './client.ts'
import { type DhcpEffect, ignore } from './effect.ts'
import { emptyReply, newOptions } from './reply.ts'

export interface ProxyContext {
  /** What we call ourselves (54). */
  readonly server: Ipv4
  readonly boot: BootReply | undefined
}

/** What to do about one message on port 67. */
export function respondProxy(request: DhcpMessage, context: ProxyContext): readonly DhcpEffect[] {
  if (request.operation !== 'request') return ignore('a reply, not a request')
  const bootClass = bootClassOf(request)
  if (bootClass === undefined) return ignore('not a network boot client')
  if (context.boot === undefined) return ignore('nothing to boot for this machine')
  const type = request.options.get(dhcpOption.messageType)
  if (type === 'discover') return [offer(request, context.server, context.boot)]
  if (type === 'inform' && bootClass === 'PXEClient') {
    return [acknowledge(request, context.server, context.boot)]
  }
  return ignore('for the server that gives the address')
}

/** What to do about one message on port 4011. */
export function respondBootServer(
  request: DhcpMessage,
  context: ProxyContext,
): readonly DhcpEffect[] {
  if (request.operation !== 'request') return ignore('a reply, not a request')
  if (bootClassOf(request) === undefined) return ignore('not a network boot client')
  const type = request.options.get(dhcpOption.messageType)
  if (type !== 'request' && type !== 'inform') return ignore(`a ${type ?? 'message'} on port 4011`)
  const item = decodeBootItem(request.options.get(dhcpOption.vendorSpecific))
  if (item !== undefined && asksForCredentials(item)) {
    return ignore('asks for credentials, which no boot server has')
  }
  if (context.boot === undefined) return ignore('nothing to boot for this machine')
  return [acknowledge(request, context.server, context.boot)]
}

/** The client has no address yet, so the flag says broadcast whatever it asked for. */
function offer(request: DhcpMessage, server: Ipv4, boot: BootReply): DhcpEffect {
  const options = newOptions(request, 'offer', server)
  const fields = addProxyBoot(options, request, boot)
  return {
    type: 'reply',
    message: { ...emptyReply(request, options), ...fields, broadcast: true },
    outcome: { type: 'proxy.offer' },
  }
}

/** An item of a menu that was asked for is named again, or the client drops the answer. */
function acknowledge(request: DhcpMessage, server: Ipv4, boot: BootReply): DhcpEffect {
  const options = newOptions(request, 'ack', server)
  const fields = addProxyBoot(options, request, boot)
  const item = decodeBootItem(request.options.get(dhcpOption.vendorSpecific))
  if (item !== undefined) options.set(dhcpOption.vendorSpecific, encodeBootItem(item))
  const { clientAddress } = request
  const address = clientAddress === anyAddress ? undefined : clientAddress
  return {
    type: 'reply',
    message: { ...emptyReply(request, options), ...fields, clientAddress },
    outcome: { type: 'proxy.ack', address },
  }
}

/** PXE 2.1 §2.4: bit 15 of the layer. */
function asksForCredentials(item: BootItem): boolean {
  return (item.layer & 0x8000) !== 0
}
