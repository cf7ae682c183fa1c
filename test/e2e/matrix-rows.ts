/** The rows of the matrix that CI boots, and what each must show besides its report. */
import { expect } from 'vitest'
import type { LabResult } from '../../src/lab/boot-run.ts'
import { type Cell, labOf, possibleCells } from '../../src/lab/matrix.ts'
import { nameOfCell } from '../../src/lab/matrix-text.ts'
import { choosePairs } from '../../src/lab/pairs.ts'
import { boot, deliveries, eventsOf } from './lab-boot.ts'

/** ARM64 is translated and slow, and how it starts has nothing to do with who gives addresses. */
function isWorthIt({ start, mode }: Cell): boolean {
  return mode === 'full' || (start !== 'arm64 secure' && start !== 'arm64 http')
}

/** Every pair of values that can meet does so in one of these. */
const chosen = choosePairs(possibleCells.filter(isWorthIt))

/** The rows of these starts, each with its name as a test. */
export function rowsOf(...starts: Cell['start'][]): (readonly [string, Cell])[] {
  return chosen
    .filter(({ start }) => starts.includes(start))
    .map((cell) => [nameOfCell(cell), cell])
}

/** Some cards lose much, and cost a stage more than its usual time. Milliseconds. */
const timeout = 200_000

export async function bootCell(cell: Cell): Promise<void> {
  const name = nameOfCell(cell).replaceAll(/\W+/g, '-')
  const result = await boot(name, { ...labOf(cell), timeout })
  expectAddresses(cell, result)
  expect(deliveries(result).join('\n')).toMatch(loaderFiles[cell.loader])
  if (labOf(cell).firmware === 'uefi-http') expect(eventsOf(result, 'tftp.done')).toEqual([])
}

/** Where somebody else gives addresses Bootlace gives none; where nobody does, it does. */
function expectAddresses({ mode }: Cell, result: LabResult): void {
  const given = eventsOf(result, 'dhcp.offer', 'dhcp.ack', 'dhcp.nak')
  if (mode === 'full' || mode === 'auto') expect(given).not.toEqual([])
  else expect(given).toEqual([])
}

/** What must have been delivered for this loader to be the one that booted. */
const loaderFiles: Readonly<Record<Cell['loader'], RegExp>> = {
  auto: /boot\/tinyvm/,
  pxelinux: /^tftp pxelinux\.0$/m,
  lpxelinux: /^tftp lpxelinux\.0$/m,
  // By HTTP where the card's ROM is an iPXE: its menu script changes over.
  undionly: /^(?:tftp|http) undionly\.kpxe$/m,
  snponly: /^(?:tftp|http) (?:snponly|ipxe)[-\w]*\.efi$/m,
  ipxe: /^(?:tftp|http) (?:ipxe[-\w]*\.efi|ipxe\.pxe|undionly\.kpxe)$/m,
  grub: /^(?:tftp|http) grub\w+\.efi$/m,
  syslinux: /^(?:tftp|http) efi\d+\/syslinux\.efi$/m,
}
