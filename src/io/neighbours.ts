/**
 * Which Ethernet address an IPv4 address has on our networks: the kernel's neighbour table. Beside
 * another DHCP server we have no leases, and this is how a request for a file is known to come from
 * a machine. Linux, proc(5): /proc/net/arp.
 */
import { readFileSync } from 'node:fs'
import { type Mac, parseMac } from '../core/address.ts'

/** Read at each call: the file is made by the kernel in memory, and an old answer would be wrong. */
export function neighbourMac(ip: string): Mac | undefined {
  try {
    return parseNeighbours(readFileSync('/proc/net/arp', 'utf8')).get(ip)
  } catch {
    return undefined // not Linux, or no /proc: then nobody is known
  }
}

/** Everybody who is known on one interface; undefined where the system does not tell. */
export function neighboursOn(device: string): ReadonlyMap<string, Mac> | undefined {
  try {
    return parseNeighbours(readFileSync('/proc/net/arp', 'utf8'), device)
  } catch {
    return undefined
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
