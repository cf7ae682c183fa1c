/**
 * The log: every event once, as a JSON line for programs, or as a plain line where a person is
 * watching, in pino's form and by its levels. Nothing else in Bootlace prints while it serves.
 */
import { type DestinationStream, pino } from 'pino'
import { type ServiceEvent, eventTypes } from '../core/events.ts'

export interface LogOptions {
  /** Plain lines for people instead of JSON. */
  readonly plain: boolean
  readonly level: 'debug' | 'info' | 'warn'
  /** Says an event in one sentence; used by plain lines. */
  readonly tell: (event: ServiceEvent) => string
  readonly write?: (line: string) => void
}

/** What the service logs with: events, and errors that are our own bugs. */
export interface Log {
  event(event: ServiceEvent): void
  bug(error: unknown, where: string): void
}

export function createLog(options: LogOptions): Log {
  const write = options.write ?? gathered((lines) => void process.stdout.write(lines))
  const logger = pino({ level: options.level, base: null, timestamp: false }, destination(write))
  return {
    event: (event) => {
      const [level] = eventTypes[event.type]
      if (!logger.isLevelEnabled(level)) return
      if (options.plain) write(plainLine(event, level, options.tell(event)))
      else write(jsonLine(event, logger.levels.values[level]))
    },
    bug: (error, where) => {
      const err = error instanceof Error ? error : new Error(String(error))
      if (options.plain) write(`error in ${where}: ${err.stack ?? err.message}\n`)
      else logger.error({ time: Date.now(), err, where }, `error in ${where}: ${err.message}`)
    },
  }
}

/** The lines of one turn of the event loop leave in one write; those of the last, at the exit. */
function gathered(write: (lines: string) => void): (line: string) => void {
  let lines = ''
  const flush = (): void => {
    if (lines !== '') write(lines)
    lines = ''
  }
  process.once('exit', flush)
  return (line) => {
    if (lines === '') setImmediate(flush)
    lines += line
  }
}

function destination(write: (line: string) => void): DestinationStream {
  return { write }
}

/**
 * One line per event: `time` in epoch milliseconds, the event's name as `event`. What pino would
 * write, in 40 % of its time: a mirror writes tens of thousands in a second.
 */
function jsonLine({ type, at, ...fields }: ServiceEvent, level: number | undefined): string {
  return `${JSON.stringify({ level, time: at, event: type, ...fields })}\n`
}

function plainLine(event: ServiceEvent, level: string, sentence: string): string {
  const time = new Date(event.at).toTimeString().slice(0, 8)
  const mark = level === 'warn' ? '! ' : ''
  const who = event.name ?? event.mac ?? event.ip
  return `${time}  ${who === undefined ? '' : `${who}  `}${mark}${sentence}\n`
}
