/**
 * Which Ethernet address an IP address has on our networks: the kernel's neighbour tables. Beside
 * another DHCP server we have no leases, and this is how a request for a file is known to come from
 * a machine. Linux, proc(5): /proc/net/arp for IPv4; netlink for IPv6, which /proc leaves out.
 */
import { readFileSync } from 'node:fs'
import { type Mac, parseMac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { isIpv6, splitZone } from '../../core/ipv6.ts'
import { interfaceIndex } from './interface-index.ts'
import { askKernel } from './native.ts'
import { neighbourQuestion, parseNeighbourAnswer } from './neighbour-messages.ts'

/** The two tables as they are now, by address; a link-local one has its zone as a number behind it. */
export interface NeighbourTables {
  readonly ipv4: () => ReadonlyMap<string, Mac>
  readonly ipv6: () => ReadonlyMap<string, Mac>
}

/** Where the system shows none, nobody is known. */
export const kernelTables: NeighbourTables = {
  ipv4: () => parseNeighbours(arpTable() ?? ''),
  ipv6: () => {
    const all = askKernel(neighbourQuestion()).flatMap((part) => parseNeighbourAnswer(part))
    return new Map(
      all.flatMap(({ address, link, mac }) => [
        [address, mac],
        [`${address}%${link}`, mac],
      ]),
    )
  },
}

/** How old an answer for an event may be, milliseconds. */
const memory = 1000
/** Who is not in the table may have come since it was read; not oftener than this, milliseconds. */
const pause = 20

/**
 * One memory for everybody who asks whose address it is. A machine that boots asks for hundreds of
 * files, and a stranger may send thousands of datagrams: the tables are read some times a second,
 * not once for each.
 */
export class Neighbours {
  readonly #clock: Clock
  readonly #tables: NeighbourTables
  readonly #read = new Map<keyof NeighbourTables, TableRead>()

  constructor(clock: Clock, tables: NeighbourTables = kernelTables) {
    this.#clock = clock
    this.#tables = tables
  }

  /** As it was within the last second: good enough for a log line. */
  recent(ip: string): Mac | undefined {
    const now = this.#clock()
    const last = this.#read.get(familyOf(ip))
    const age = last === undefined ? Infinity : Math.abs(now - last.at)
    const mac = age < memory ? last?.macs.get(keyOf(ip)) : undefined
    return mac ?? (age < pause ? undefined : this.now(ip))
  }

  /** As it is: for what decides which menu, and so which system, a machine gets. */
  now(ip: string): Mac | undefined {
    const family = familyOf(ip)
    const macs = this.#tables[family]()
    this.#read.set(family, { at: this.#clock(), macs })
    return macs.get(keyOf(ip))
  }
}

interface TableRead {
  readonly at: number
  readonly macs: ReadonlyMap<string, Mac>
}

function familyOf(ip: string): keyof NeighbourTables {
  return isIpv6(ip) ? 'ipv6' : 'ipv4'
}

/** Two links may have the same link-local address; the tables know links by number. */
function keyOf(ip: string): string {
  const { address, zone } = splitZone(ip)
  return zone === undefined ? address : `${address}%${interfaceIndex(zone)}`
}

/** Everybody with IPv4 on one interface; undefined where the system does not tell. */
export function neighboursOn(device: string): ReadonlyMap<string, Mac> | undefined {
  const table = arpTable()
  return table === undefined ? undefined : parseNeighbours(table, device)
}

function arpTable(): string | undefined {
  try {
    return readFileSync('/proc/net/arp', 'utf8')
  } catch {
    return undefined // not Linux, or no /proc
  }
}

/** Complete entries only: the others have no address yet. All interfaces, or one. */
export function parseNeighbours(table: string, device?: string): ReadonlyMap<string, Mac> {
  const rows = table.split('\n').slice(1)
  return new Map(
    rows.flatMap((row) => {
      const [ip = '', , flags = '0', address = '', , on] = row.split(/\s+/)
      if (device !== undefined && on !== device) return []
      const isComplete = (Number(flags) & arpFlagComplete) !== 0
      const mac = isComplete ? parseMac(address) : undefined
      return mac === undefined || mac === '00:00:00:00:00:00' ? [] : [[ip, mac] as const]
    }),
  )
}

/** ATF_COM in <linux/if_arp.h>. */
const arpFlagComplete = 2
