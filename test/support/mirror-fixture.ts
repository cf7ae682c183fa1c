/** A mirror on a port of its own before a simulated origin, and raw requests to it. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { type FastifyInstance } from 'fastify'
import type { ServiceEvent } from '../../src/core/events.ts'
import { ContentStore } from '../../src/io/cache/content-store.ts'
import { type Mirror, type MirrorOptions, mirror } from '../../src/server/mirror/mirror.ts'
import { AutoDeployOrigin, type OriginOptions } from './origin.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The body ended as its framing promised. */
  readonly whole: boolean
}

export type AskOptions = Omit<RequestOptions, 'port'> & { body?: string | Buffer }

export interface Fixture extends AsyncDisposable {
  readonly origin: AutoDeployOrigin
  readonly store: ContentStore
  readonly mirror: Mirror
  readonly server: FastifyInstance
  readonly events: ServiceEvent[]
  readonly port: number
  /** The cache's folder. */
  readonly directory: string
  /** A folder for other files of the test. */
  readonly scratch: string
  get(path: string, options?: AskOptions): Promise<Answer>
}

export interface FixtureOptions {
  readonly origin?: OriginOptions
  readonly mirror?: Partial<MirrorOptions>
  readonly maxBytes?: number
  readonly prefix?: string
  /** Gets the started origin and the scratch folder. */
  readonly trust?: (origin: AutoDeployOrigin, scratch: string) => MirrorOptions['trust']
  /** An origin that is already there. */
  readonly startedOrigin?: AutoDeployOrigin
}

export async function mirrorFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const scratch = mkdtempSync(join(tmpdir(), 'bootlace-mirror-'))
  const directory = join(scratch, 'cache')
  const origin = options.startedOrigin ?? new AutoDeployOrigin({ plain: true, ...options.origin })
  if (options.startedOrigin === undefined) await origin.start()
  const store = await ContentStore.open({
    directory,
    maxBytes: options.maxBytes ?? 1 << 30,
    clock: Date.now,
  })
  const events: ServiceEvent[] = []
  const made = mirror({
    name: 'autodeploy',
    origin: origin.url,
    trust: options.trust?.(origin, scratch) ?? { insecure: true },
    hostHeader: 'client-no-port',
    profile: 'autodeploy',
    store,
    emit: (event) => void events.push({ ...event, at: 0 }),
    macOf: () => undefined,
    clock: Date.now,
    ...options.mirror,
  })
  const server = fastify()
  await server.register(made.plugin, options.prefix === undefined ? {} : { prefix: options.prefix })
  if (options.prefix === undefined) made.answerAhead(server)
  await server.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.server.address() as AddressInfo
  return {
    origin,
    store,
    mirror: made,
    server,
    events,
    port,
    directory,
    scratch,
    get: (path, more = {}) => ask({ port, path, ...more }),
    async [Symbol.asyncDispose]() {
      server.server.closeAllConnections()
      await server.close()
      await made.close()
      await store.close()
      if (options.startedOrigin === undefined) await origin.close()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}

export function ask(options: AskOptions & { port: number }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body, ...rest } = options
    const asked = request({ host: '127.0.0.1', agent: false, ...rest }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', () => {})
      response.on('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts),
          whole: response.complete,
        }),
      )
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Sends these octets as they are and answers all that comes back. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
    socket.on('data', (part) => parts.push(part))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')))
  })
}

/** Every octet of every file below a folder, and their names: to search for what must not be there. */
export function everythingUnder(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path}\n${readFileSync(path, 'latin1')}`)
    .join('\n')
}

export function caFile(origin: AutoDeployOrigin, scratch: string): string {
  const path = join(scratch, 'ca.pem')
  writeFileSync(path, origin.authority?.ca ?? '')
  return path
}
