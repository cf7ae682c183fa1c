/** What a booted system says of itself in `POST /api/report`: checked, bounded, as one event. */
import { z } from 'zod'
import { type Mac, parseMac } from '../../core/address.ts'
import type { Emit } from '../../core/events.ts'
import { parseJson } from '../../core/json.ts'
import { formatDuration } from '../../boot/story.ts'

/** Octets of a report at most. */
export const reportLimit = 8 * 1024

/** One line; control characters would let a machine write lines of its own into the log. */
const word = z.string().regex(/^[^\p{C}]{1,80}$/u)

const report = z.object({
  mac: z.string().transform((text, context): Mac => {
    const mac = parseMac(text)
    if (mac !== undefined) return mac
    context.addIssue({ code: 'custom', message: 'a MAC address' })
    return z.NEVER
  }),
  system: word,
  version: word.optional(),
  kernel: word.optional(),
  addresses: z.array(word).max(16).default([]),
  /** Seconds. */
  uptime: z.number().nonnegative().max(1e9).optional(),
})

export type BootReport = z.output<typeof report>

/** The report, or what is wrong with it in one line. */
export function parseReport(body: unknown): BootReport | string {
  const result = report.safeParse(typeof body === 'string' ? parseJson(body) : body)
  if (result.success) return result.data
  const places = result.error.issues.map((issue) => issue.path.join('.') || 'the body')
  return `not a report; wrong or missing: ${[...new Set(places)].join(', ')}`
}

/**
 * `ip` is where the report came from: what it says of its addresses is shown, but not believed, since
 * an address decides whose menu a later request gets.
 */
export function reportEvent(told: BootReport, ip: string): Parameters<Emit>[0] {
  const { mac, system, version, kernel, addresses, uptime } = told
  const detail = [
    version === undefined ? system : `${system} ${version}`,
    ...(kernel === undefined ? [] : [`kernel ${kernel}`]),
    ...addresses,
    ...(uptime === undefined ? [] : [`${formatDuration(uptime * 1000)} after its start`]),
  ].join(', ')
  return { type: 'machine.up', mac, ip, entry: system, detail }
}
