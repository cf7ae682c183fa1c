/**
 * How far a boot got, told from the server's events alone: the stages of a boot in their order,
 * each with the time it may take. A boot that stalls is told by the first stage it did not reach.
 *
 * The limits are twice the worst that was seen with translated guests on two busy cores.
 */
import type { EventType, ServiceEvent } from '../core/events.ts'
import { type LabFirmware, isUefi } from './boards.ts'

export interface Stage {
  /** What the machine has done when it is here. */
  readonly name: string
  /** What is wrong when it does not come here. */
  readonly missing: string
  /** How long it may take from the stage before, seconds. */
  readonly limit: number
}

interface StageRow extends Stage {
  readonly events: readonly EventType[]
  /** Only events about such a file. */
  readonly file?: RegExp
}

const delivered: readonly EventType[] = ['tftp.done', 'http.done']

/** By its file's name; `lpxelinux.0` and `ldlinux.c32` are none. */
const kernelName = /(?:^|\/)(?:vmlinu[xz]|linux|bzimage|kernel)[^/]*$/i

const rows: readonly StageRow[] = [
  {
    name: 'asked for an address',
    missing: 'it has not asked for an address',
    limit: 20,
    events: ['dhcp.discover', 'dhcp.offer', 'proxy.offer'],
  },
  {
    name: 'was told what to boot',
    missing: 'it did not accept an address and a boot file',
    limit: 20,
    events: ['dhcp.ack', 'proxy.ack'],
  },
  {
    name: 'fetched its boot program',
    missing: 'it did not fetch its boot program',
    limit: 40,
    events: ['tftp.probe', ...delivered],
  },
  {
    name: 'got its menu or boot script',
    missing: 'its boot program did not ask for a menu or a boot script',
    limit: 40,
    events: ['menu.served'],
  },
  {
    name: 'fetched the kernel',
    missing: 'it did not fetch the kernel',
    limit: 40,
    events: delivered,
    file: kernelName,
  },
  {
    name: 'is up',
    missing: 'the booted system did not report that it is up',
    limit: 60,
    events: ['machine.up'],
  },
]

/** The stages of a boot with this firmware: UEFI takes its time until it asks for an address. */
function bootStages(firmware: LabFirmware, patience: number): readonly Stage[] {
  return rows.map((row, index) => {
    const limit = index === 0 && isUefi(firmware) ? 40 : row.limit
    return { ...row, limit: Math.round(limit * patience) }
  })
}

/** Follows one machine through the stages; later ones count the earlier ones as reached. */
export class Progress {
  readonly #stages: readonly Stage[]
  #reached = 0
  /** Since when the machine is where it is, seconds from power-on. */
  #since = 0
  #kernels = 0

  /** `patience`: how many times as long as usual each stage may take. */
  constructor(firmware: LabFirmware, patience = 1) {
    this.#stages = bootStages(firmware, patience)
  }

  /** Takes note of an event, `seconds` after power-on. */
  observe(event: ServiceEvent, seconds: number): void {
    if (isAbout(rows[4], event)) this.#kernels += 1
    const stage = rows.findLastIndex((row) => isAbout(row, event)) + 1
    if (stage <= this.#reached) return
    this.#reached = stage
    this.#since = seconds
  }

  get isUp(): boolean {
    return this.#reached === this.#stages.length
  }

  /** The first stage that was not reached; undefined when the machine is up. */
  get missing(): Stage | undefined {
    return this.#stages[this.#reached]
  }

  /** Why it makes no sense to wait any longer; undefined while it does. */
  stalled(seconds: number): string | undefined {
    if (this.#kernels > 2 && !this.isUp) {
      return 'it fetches the kernel again and again: is its memory too small?'
    }
    const next = this.missing
    if (next === undefined || seconds < this.#since + next.limit) return undefined
    return `${next.missing} within ${next.limit} s`
  }
}

function isAbout(row: StageRow | undefined, event: ServiceEvent): boolean {
  if (row === undefined || !row.events.includes(event.type)) return false
  return row.file === undefined || row.file.test(event.file ?? '')
}
