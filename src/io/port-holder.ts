/**
 * Who holds a UDP port, for the error message: read from Linux's `/proc`, which shows other users'
 * processes only to root. Never fails: what cannot be seen is "another program".
 *
 * Source: proc(5), `/proc/net/udp` and `/proc/[pid]/fd`.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** E.g. `dnsmasq (process 812)`; several are joined by commas. */
export function udpPortHolder(port: number): string {
  const sockets = new Set(
    ['/proc/net/udp', '/proc/net/udp6'].flatMap((table) => socketsOn(port, contentOf(table))),
  )
  const holders = sockets.size === 0 ? [] : processIds().filter((id) => holdsOne(id, sockets))
  return holders.map(describe).join(', ') || 'another program'
}

/** Inode numbers of the sockets in a `/proc/net/udp` table that are bound to this port. */
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

function describe(processId: string): string {
  const name = contentOf(`/proc/${processId}/comm`).trim() || 'a program'
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
