/** What the end-to-end tests share: a boot in the lab, and how its story is read. */
import type { EventType, ServiceEvent } from '../../src/core/events.ts'
import type { LabResult } from '../../src/lab/boot-run.ts'
import { type LabOptions, runLab } from '../../src/lab/lab.ts'
import { stepLine } from '../../src/lab/report.ts'

/** Milliseconds for one boot on two busy cores. */
export const timeout = 120_000

/** A folder for pictures and captures of each boot, when someone wants them. */
const keep = process.env['BOOTLACE_E2E_KEEP']

/** Boots a machine; a boot that fails is told whole, with its console. */
export async function boot(
  name: string,
  options: Omit<LabOptions, 'mode' | 'timeout'> & Partial<LabOptions>,
): Promise<LabResult> {
  const result = await runLab({ mode: 'full', timeout, ...kept(name), ...options })
  if (!result.ok) throw new Error(story(result))
  return result
}

function kept(name: string): Partial<LabOptions> {
  return keep === undefined
    ? {}
    : { screenshot: `${keep}/${name}.png`, pcap: `${keep}/${name}.pcap` }
}

/** The events of one type, in order. */
export function eventsOf(result: LabResult, ...types: EventType[]): ServiceEvent[] {
  return result.steps.flatMap(({ event }) =>
    event !== undefined && types.includes(event.type) ? event : [],
  )
}

/** Names of the files that were delivered, by which way, in order: `tftp pxelinux.0`. */
export function deliveries(result: LabResult): string[] {
  return eventsOf(result, 'tftp.done', 'http.done').map(
    ({ type, file = '' }) => `${type.slice(0, 4)} ${file.replace(/^\/+/, '')}`,
  )
}

/** Whether the lab saw the menu on the machine's console. */
export function sawMenu(result: LabResult): boolean {
  return result.steps.some(({ says }) => says.includes('menu is on the screen'))
}

export function story(result: LabResult): string {
  const steps = result.steps.flatMap((step) => stepLine(step) ?? [])
  return [result.reason, '', ...steps, '', result.serial.slice(-3000)].join('\n')
}
