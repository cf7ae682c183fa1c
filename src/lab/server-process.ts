/**
 * The service under test, as a child process in a namespace of the lab: exactly what a user starts,
 * read through its own log. Nothing of it runs in this process.
 */
import { writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SystemError } from '../core/errors.ts'
import { type EventType, type ServiceEvent, eventTypes } from '../core/events.ts'
import { type LabChild, isRunning, onLines, startIn, stop } from './processes.ts'

/** Where this project is. The service runs where the lab does: paths start there, as for a user. */
const home = fileURLToPath(new URL('../..', import.meta.url))

/** How long the service may take until everything is open, milliseconds. */
const patience = 20_000

export type Listener = (event: ServiceEvent) => void

/** A running service, seen through its log. */
export interface LabServer extends AsyncDisposable {
  readonly log: readonly string[]
  readonly complaints: readonly string[]
  listen(listener: Listener): () => void
}

export class ServerProcess implements LabServer {
  /** The log as it was written, line by line. */
  readonly log: string[] = []
  /** Lines of the log that are no events: our own bugs. */
  readonly complaints: string[] = []
  /** What it said outside its log: warnings of the runtime, its last words. */
  readonly #lastWords: string[] = []
  readonly #child: LabChild
  readonly #listeners = new Set<Listener>()
  #ready = false
  #stopping = false

  private constructor(child: LabChild) {
    this.#child = child
    onLines(child.stdout, (line) => this.#take(line))
    onLines(child.stderr, (line) => this.#lastWords.push(line))
    child.on('exit', () => this.#ended())
  }

  /** Starts the service with this configuration and waits until it says that it is ready. */
  static async start(
    namespace: string,
    configFile: string,
    config: object,
  ): Promise<ServerProcess> {
    await writeFile(configFile, JSON.stringify(config, null, 2)) // YAML takes JSON as it stands
    const node = `${home}node_modules/.bin/node`
    const unset = Object.keys(process.env).filter((name) => /^(BOOTLACE_|AUTO_DEPLOY$)/.test(name))
    const argv = [
      ['env', ...unset.flatMap((name) => ['-u', name])],
      [node, `${home}src/main.ts`, 'serve', '--verbose', '--config', configFile],
    ].flat()
    return ServerProcess.follow(namespace, argv)
  }

  /** Starts a program that writes a service's log, and waits until that says that it is ready. */
  static async follow(namespace: string, argv: readonly string[]): Promise<ServerProcess> {
    const server = new ServerProcess(startIn(namespace, argv))
    try {
      await server.#becomeReady()
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
    return server
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Hears every event from now on; answers with how to stop. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    await stop(this.#child)
  }

  #ended(): void {
    if (!this.#stopping) this.complaints.push(`it ended: ${this.#lastWords.slice(-8).join('\n')}`)
  }

  async #becomeReady(): Promise<void> {
    const deadline = Date.now() + patience
    while (!this.#ready) {
      const waited = Date.now() > deadline
      if (waited || !isRunning(this.#child)) {
        const said = [...this.log, ...this.#lastWords].slice(-8).join('\n')
        throw new SystemError(
          `the service ${waited ? 'is not ready after 20 s' : 'ended while starting'}:\n${said}`,
        )
      }
      await delay(20)
    }
  }

  #take(line: string): void {
    this.log.push(line)
    const event = parseLogLine(line)
    if (event === undefined) {
      this.complaints.push(line)
      return
    }
    if (event.type === 'service.ready') this.#ready = true
    for (const listener of this.#listeners) listener(event)
  }
}

/** An event out of its line in the log; undefined for anything else. */
export function parseLogLine(line: string): ServiceEvent | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { event, time, level: _level, ...fields }: LogLine = parsed
  if (typeof time !== 'number' || !isEventType(event)) return undefined
  return { ...fields, type: event, at: time }
}

type LogLine = Partial<Omit<ServiceEvent, 'type' | 'at'>> & {
  readonly event?: unknown
  readonly time?: unknown
  readonly level?: unknown
}

function isEventType(name: unknown): name is EventType {
  return typeof name === 'string' && name in eventTypes
}
