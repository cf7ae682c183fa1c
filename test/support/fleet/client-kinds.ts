/**
 * What boots: how each kind of machine asks, what it refuses, and how long it waits. Sources: iPXE
 * (core/http*.c, net/tcp/httpcore.c), esx-boot (UEFI HTTP), busybox wget, curl.
 */
import type { Stop } from './http-connection.ts'

export interface ClientKind {
  readonly agent: string
  readonly version: '1.0' | '1.1'
  readonly host: 'with port' | 'without port' | 'none'
  /** Milliseconds without an octet until it gives up. */
  readonly timeout: number
  /** How often it asks for one file before it gives up; each time over a new connection. */
  readonly tries: number
  /** Asks for the size of every module first; refuses what has no Content-Length. */
  readonly sizesFirst?: boolean
  /** In so many pieces it fetches a file. */
  readonly ranges?: number
  /** How likely it hangs up in the middle of a file, and begins that file again. */
  readonly leaves?: number
  /** Octets per second that it takes. */
  readonly rate?: number
  readonly stop?: Stop | undefined
}

const plain = { version: '1.1', host: 'with port', timeout: 120_000, tries: 1 } as const

export const clientKinds = {
  ipxe: { ...plain, agent: 'iPXE/1.0.0+ (43ddf)' },
  'esx-boot': {
    ...plain,
    agent: 'esx-boot/2.0',
    host: 'without port',
    timeout: 10_000,
    tries: 3,
    sizesFirst: true,
  },
  http10: { ...plain, agent: 'Wget', version: '1.0', host: 'none' },
  ranges: { ...plain, agent: 'curl/7.88.1', ranges: 3 },
  leaver: { ...plain, agent: 'iPXE/1.0.0+ (43ddf)', leaves: 0.1 },
  slow: { ...plain, agent: 'iPXE/1.0.0+ (43ddf)', rate: 4_000_000 },
} as const satisfies Record<string, ClientKind>

export type ClientKindName = keyof typeof clientKinds

export const clientKindNames = Object.keys(clientKinds) as readonly ClientKindName[]
