import { readdirSync, readFileSync } from 'node:fs'
import { hex } from './hex.ts'

const folder = new URL('../fixtures/dhcp/', import.meta.url)

/** Names of all captured DHCP packets. */
export const dhcpFixtures = readdirSync(folder)
  .filter((name) => name.endsWith('.hex'))
  .map((name) => name.slice(0, -4))

/** The octets of one captured packet; its file says which device sent it and what is odd. */
export function dhcpFixture(name: string): Uint8Array {
  return hex(readFileSync(new URL(`${name}.hex`, folder), 'utf8'))
}
