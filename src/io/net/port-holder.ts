/**
 * Why a port cannot be opened, in words that say what to do: who holds it, read from Linux's
 * `/proc` (which shows other users' processes only to root), or which permission is lacking. Never
 * fails: what cannot be seen is "another program".
 *
 * Source: proc(5), `/proc/net/udp`, `/proc/net/tcp` and `/proc/[pid]/fd`.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { SystemError, codeOf, messageOf } from '../../core/errors.ts'

type Transport = 'udp' | 'tcp'

export interface PortPlace {
  readonly transport: Transport
  readonly port: number
  readonly address: string
  /** The interface that a socket was to be bound to. */
  readonly device?: string | undefined
}

/** Every address of the machine: by one socket for both families, or by IPv4 alone. */
export const everyAddress = { both: '::', ipv4: '0.0.0.0' } as const

/** Why `everyAddress.both` was refused: IPv6 is switched off on this machine. */
export function lacksIpv6(error: unknown): boolean {
  return ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error))
}

/** The system's error as ours, to be thrown. */
export function portError(error: unknown, where: PortPlace): SystemError {
  return new SystemError(portRefusal(error, where), { cause: error })
}

/** The system's error as a sentence: which port, why not, and what to do. */
function portRefusal(error: unknown, where: PortPlace): string {
  const { transport, port, address, device } = where
  const at = device ?? (everywhere.has(address) ? undefined : address)
  const place = `${transport.toUpperCase()} port ${port}${at === undefined ? '' : ` on ${at}`}`
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `${place} is in use by ${portHolder(transport, port)}: stop it, or choose another port`
    case 'EACCES':
    case 'EPERM':
      return (
        `no permission for ${place}: run as root, or once: setcap cap_net_bind_service,cap_net_raw,cap_net_admin=+ep ${process.execPath}; ` +
        'in a container: --cap-add NET_BIND_SERVICE --cap-add NET_RAW --cap-add NET_ADMIN'
      )
    case 'EADDRNOTAVAIL':
      return `${place} cannot be opened: ${address} is not an address of this machine`
    case 'ENODEV':
      return `${place} cannot be opened: there is no interface ${device}`
    default:
      return `${place} cannot be opened: ${messageOf(error)}`
  }
}

const everywhere: ReadonlySet<string> = new Set(Object.values(everyAddress))

/** E.g. `dnsmasq (process 812)`; several are joined by commas. */
function portHolder(transport: Transport, port: number): string {
  const tables = [`/proc/net/${transport}`, `/proc/net/${transport}6`]
  const sockets = new Set(tables.flatMap((table) => socketsOn(port, contentOf(table))))
  const holders = sockets.size === 0 ? [] : processIds().filter((id) => holdsOne(id, sockets))
  return holders.map(describe).join(', ') || 'another program'
}

/** Inode numbers of the sockets in a `/proc/net` table that are bound to this port. */
export function socketsOn(port: number, table: string): string[] {
  const rows = table.split('\n').slice(1)
  return rows.flatMap((row) => {
    const columns = row.trim().split(/\s+/)
    const localPort = Number.parseInt(columns[1]?.split(':')[1] ?? '', 16)
    return localPort === port ? (columns[9] ?? []) : []
  })
}

function processIds(): string[] {
  return listOf('/proc').filter((name) => /^\d+$/.test(name))
}

function holdsOne(processId: string, sockets: ReadonlySet<string>): boolean {
  const folder = `/proc/${processId}/fd`
  return listOf(folder).some((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${fd}`))?.[1]
    return inode !== undefined && sockets.has(inode)
  })
}

/** By the file that was started: the short name in `comm` is every Node program's `MainThread`. */
function describe(processId: string): string {
  const [file = ''] = contentOf(`/proc/${processId}/cmdline`).split('\0', 1)
  const name = basename(file) || contentOf(`/proc/${processId}/comm`).trim() || 'a program'
  return `${name} (process ${processId})`
}

// A process may end, or be another user's, between two looks: that is an empty answer here.

function listOf(folder: string): string[] {
  return orElse([], () => readdirSync(folder))
}

function contentOf(file: string): string {
  return orElse('', () => readFileSync(file, 'utf8'))
}

function linkOf(file: string): string {
  return orElse('', () => readlinkSync(file))
}

function orElse<T>(fallback: T, look: () => T): T {
  try {
    return look()
  } catch {
    return fallback
  }
}
