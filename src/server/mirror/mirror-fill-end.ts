/** Tells how a download ended, once, whoever followed it. */
import type { Fill, FillEnd } from '../../io/cache/fill.ts'
import type { MirrorParts } from './mirror-exchange.ts'

const endEvents = {
  stored: 'mirror.stored',
  unstored: 'mirror.unstored',
  broken: 'mirror.broken',
} as const satisfies Record<Exclude<FillEnd['type'], 'passed'>, string>

/** `file` is the path, without its query. */
export async function tellFillEnd(parts: MirrorParts, fill: Fill, file: string): Promise<void> {
  const startedAt = performance.now()
  const end = await fill.ended
  if (end.type === 'passed') return
  const { name: mirror, emit, counters } = parts
  counters.originBytes += end.bytes
  if (end.type === 'broken') counters.broken += 1
  const reason = end.type === 'stored' ? undefined : end.reason
  const ms = Math.round(performance.now() - startedAt)
  emit({ type: endEvents[end.type], mirror, file, bytes: end.bytes, ms, reason })
}
