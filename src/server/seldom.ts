/**
 * Events that anybody can cause as often as he likes, told once in a while, so that nobody can fill
 * the log. What was left out is counted in the next one of its kind.
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../core/clock.ts'
import type { Emit } from '../core/events.ts'

interface Told {
  readonly at: number
  leftOut: number
}

/** More than are told at once on any site; what is forgotten is told anew. */
const mostRemembered = 1024

/** Of one type, reason and machine one event in each `interval`, milliseconds. */
export function seldom(emit: Emit, clock: Clock, interval = 60_000): Emit {
  const said = new LRUCache<string, Told>({ max: mostRemembered })
  return (event) => {
    const { type, ip, mac, reason = '' } = event
    const key = JSON.stringify([type, ip, mac, reason])
    const [now, last] = [clock(), said.get(key)]
    if (last !== undefined && Math.abs(now - last.at) < interval) {
      last.leftOut += 1
      return
    }
    said.set(key, { at: now, leftOut: 0 })
    emit(
      last?.leftOut ? { ...event, reason: `${reason} (and ${last.leftOut} times before)` } : event,
    )
  }
}
