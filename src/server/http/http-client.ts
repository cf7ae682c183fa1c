/** Who sends a request, and by which name and port it reached us: what the menus need to know. */
import { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import { parseMac } from '../../core/address.ts'
import { plainAddress, withoutZone } from '../../core/ipv6.ts'
import { serverUrl } from '../../boot/plan.ts'
import { firmwareOfPlatform } from '../../boot/menu/platform-names.ts'
import type { Client } from '../../io/files/file-tree.ts'

/** What our scripts let a loader say of itself. */
export interface ClientRoute {
  readonly Querystring: {
    readonly mac?: string | readonly string[]
    readonly arch?: string | readonly string[]
  }
}

export function clientOf(request: FastifyRequest<ClientRoute>): Client {
  const { mac, arch } = request.query
  return {
    via: 'http',
    ip: peerAddress(request),
    mac: typeof mac === 'string' ? parseMac(mac) : undefined,
    firmware: typeof arch === 'string' ? firmwareOfPlatform(arch) : undefined,
    ...serverOf(request),
    // The URLs of menus are plain HTTP: who came by TLS is led to the configured port.
    ...(request.socket instanceof TLSSocket ? { port: undefined } : {}),
  }
}

/** Where a request comes from, as text of either family; empty when its connection has just broken. */
export function peerAddress({ socket }: Pick<FastifyRequest, 'socket'>): string {
  return plainAddress(socket.remoteAddress ?? '')
}

/**
 * The name and port by which the client reached us, for the URLs in its menu: the `Host` it sent,
 * since the socket's own address may lie behind a container's port mapping. Only the client that
 * sent it gets it back. Without a zone: no loader needs it, and a URL cannot hold it (WHATWG URL).
 */
function serverOf({
  headers,
  socket,
}: FastifyRequest<ClientRoute>): Pick<Client, 'server' | 'port'> {
  const named = hostIn(headers.host ?? '')
  if (named === undefined) {
    return { server: withoutZone(plainAddress(socket.localAddress ?? '127.0.0.1')) }
  }
  const unsaid = leavesPortOut.test(headers['user-agent'] ?? '') ? undefined : 80
  return { port: unsaid, ...named }
}

/** Undefined for what no URL can hold, as 999.1.1.1 or port 99999. */
function hostIn(header: string): Pick<Client, 'server' | 'port'> | undefined {
  const { ipv6, name = ipv6, port } = hostHeader.exec(header)?.groups ?? {}
  if (name === undefined || !URL.canParse(serverUrl(name, Number(port ?? 80)))) return undefined
  return port === undefined ? { server: name } : { server: name, port: Number(port) }
}

/** GRUB 2.12 and ESXi's mboot name no port, wherever they ask; of others, none means 80. */
const leavesPortOut = /^(?:GRUB |esx-boot\/)/

/** RFC 9110 §7.2; a zone is written `%25net0` (RFC 6874), by some only `%net0`. */
const hostHeader =
  /^(?:\[(?<ipv6>[\da-f:.]+)(?:%[\w.~-]+)?\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/i
