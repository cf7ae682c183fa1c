/** A lab run for people, a line per step; and for programs, an object per step. */
import type { EventType } from '../core/events.ts'
import { isOptional } from '../boot/loader/optional-files.ts'
import type { LabResult, LabStep } from './boot-run.ts'

/** Steps that programs want and that only repeat to people what the next line says. */
const details: ReadonlySet<EventType> = new Set([
  'dhcp.ignore',
  'tftp.start',
  'tftp.probe',
  'interface.open',
])

/** `  2.31 s  got the address 192.168.50.100, to boot lpxelinux.0`; undefined for mere details. */
export function stepLine({ seconds, says, event }: LabStep): string | undefined {
  if (event !== undefined && details.has(event.type)) return undefined
  if (event?.type.endsWith('.missing') && isOptional(event.file ?? '')) return undefined
  return `${seconds.toFixed(2).padStart(6)} s  ${says}`
}

/** One JSON object: `seconds`, `says` and, for an event of the service, its fields as in the log. */
export function stepJson({ seconds, says, event }: LabStep): string {
  const { type, at: _at, ...fields } = event ?? {}
  return JSON.stringify({ seconds: rounded(seconds), says, event: type, ...fields })
}

export function resultLine(result: LabResult): string {
  const seconds = result.seconds.toFixed(1)
  if (result.ok)
    return `done in ${seconds} s (the machine took ${result.processorSeconds} s of CPU)`
  return `failed after ${seconds} s: ${result.reason ?? 'for no known reason'}`
}

export function resultJson({ ok, seconds, processorSeconds, reason }: LabResult): string {
  return JSON.stringify({ ok, seconds: rounded(seconds), processorSeconds, reason })
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
