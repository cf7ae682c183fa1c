/**
 * The log: every event once, as a JSON line for programs, or as a plain line where a person is
 * watching. pino writes both; nothing else in Bootlace prints while it serves.
 */
import { type DestinationStream, type Logger, pino } from 'pino'
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
      else writeJson(logger, level, event)
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

/** One line per event: `time` in epoch milliseconds, the event's name as `event`. */
function writeJson(logger: Logger, level: 'debug' | 'info' | 'warn', event: ServiceEvent): void {
  const { type, at, ...fields } = event
  logger[level]({ time: at, event: type, ...fields })
}

function plainLine(event: ServiceEvent, level: string, sentence: string): string {
  const time = new Date(event.at).toTimeString().slice(0, 8)
  const mark = level === 'warn' ? '! ' : ''
  const who = event.name ?? event.mac ?? event.ip
  return `${time}  ${who === undefined ? '' : `${who}  `}${mark}${sentence}\n`
}
