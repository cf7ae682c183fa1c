/**
 * The kernel's number of an interface. A tap that was removed and made again has its old name and
 * a new number, and a socket that was tied to the old one hears nothing more.
 */
import { readFileSync } from 'node:fs'

/** Undefined where the system does not tell. */
export function interfaceIndex(name: string): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'))
  } catch {
    return undefined
  }
}
