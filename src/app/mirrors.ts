/** The configured mirrors: one store for all, a port for each, and what they are trusted by. */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Mac } from '../core/address.ts'
import { InputError, unreadable } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { Emit } from '../core/events.ts'
import { ContentStore } from '../io/cache/content-store.ts'
import type { IndexEntry } from '../io/cache/index-entry.ts'
import type { OriginTrust } from '../io/cache/origin-trust.ts'
import { Scrubber } from '../io/cache/scrubber.ts'
import { pathOf, spaceOf } from '../protocol/cache/policy.ts'
import { refuseInPlainWords } from '../server/http/http-server.ts'
import { type Mirror, mirror } from '../server/mirror/mirror.ts'
import type { Config } from './config/config-schema.ts'
import type { LiveConfig } from './config/live-config.ts'
import { openingFolder } from './config/folders.ts'

export interface OpenMirror {
  readonly mirror: Mirror
  readonly port: number
  readonly tlsPort?: number | undefined
  /** Answers on the mirror's own port; not yet listening. */
  readonly server: FastifyInstance
}

export interface MirrorsOptions {
  readonly config: Config
  /** What is trusted may change while we serve. */
  readonly live: LiveConfig
  readonly macOf: (ip: string) => Mac | undefined
  readonly emit: Emit
  readonly clock: Clock
}

export interface OpenMirrors {
  readonly all: readonly OpenMirror[]
  /** Undefined where no mirror is configured. */
  readonly store?: ContentStore
  /** Ports first, then what is running, then the store. */
  close(): Promise<void>
}

/** Throws InputError when a CA file cannot be read. */
export async function openMirrors(options: MirrorsOptions): Promise<OpenMirrors> {
  const { config, clock } = options
  const configured = Object.entries(config.mirrors)
  if (configured.length === 0) return { all: [], close: () => Promise.resolve() }
  await using opened = new AsyncDisposableStack()
  const { directory, size: maxBytes, memory, reserve } = config.cache
  const shares = sharesOf(config)
  const store = await openingFolder({ setting: 'cache.directory', folder: directory }, () =>
    ContentStore.open({ directory, maxBytes, memory, reserve, shares, clock }),
  )
  opened.defer(() => store.close())
  openScrubber(options, store, opened)
  const all: OpenMirror[] = []
  for (const [name, settings] of configured) {
    const mirrored = openMirror(name, settings, options, store)
    opened.defer(() => mirrored.close())
    const server = await ownServer(mirrored)
    opened.defer(() => server.close())
    const { port, tlsPort } = settings
    all.push({ mirror: mirrored, port, tlsPort, server })
  }
  const open = opened.move()
  return { all, store, close: () => open.disposeAsync() }
}

function sharesOf({ mirrors }: Config): ReadonlyMap<string, number> {
  const sized = Object.entries(mirrors).flatMap(([name, { size }]) =>
    size === undefined ? [] : [[name, size] as const],
  )
  return new Map(sized)
}

function openScrubber(
  { config, emit }: MirrorsOptions,
  store: ContentStore,
  opened: AsyncDisposableStack,
): void {
  const { directory, scrub } = config.cache
  if (scrub === 0) return
  const damaged = ({ key, size: bytes }: IndexEntry) => {
    const { name, target } = spaceOf(key)
    emit({ type: 'mirror.damaged', mirror: name, file: pathOf(target), bytes })
  }
  const scrubber = new Scrubber({ store, directory, interval: scrub * 1000, damaged })
  opened.defer(() => scrubber.close())
}

/** The mirror alone, at the root of a port. */
async function ownServer({ plugin, answerAhead }: Mirror): Promise<FastifyInstance> {
  const server = Fastify({
    forceCloseConnections: true,
    frameworkErrors: refuseInPlainWords,
  })
  await server.register(plugin)
  answerAhead(server)
  return server
}

/** Remembers the certificate of the first connection, where nothing else is said. */
export function pinFileOf({ data }: Config, mirrorName: string): string {
  return join(data, 'mirrors', `${mirrorName}.pin`)
}

function openMirror(
  name: string,
  settings: Config['mirrors'][string],
  options: MirrorsOptions,
  store: ContentStore,
): Mirror {
  const { emit, macOf, clock } = options
  // The nginx recipe for Auto Deploy sends the client's; any other origin expects its own name.
  const usual = settings.profile === 'autodeploy' ? 'client-no-port' : 'upstream'
  const { hostHeader = usual } = settings
  const trust = trustOf(name, options)
  try {
    return mirror({ ...settings, name, hostHeader, trust, store, emit, macOf, clock })
  } catch (error) {
    const said = settings.trust
    const file = said !== undefined && 'ca' in said ? `.ca: ${said.ca}` : ''
    throw new InputError([`mirrors.${name}.trust${file}: ${unreadable(error)}`])
  }
}

/** As `mirrors.NAME.trust` says at the moment. */
function trustOf(name: string, { config, live, emit }: MirrorsOptions): () => OriginTrust {
  const pinned: OriginTrust = { pinFile: pinFileOf(config, name) }
  const hint = (reason: string): void => emit({ type: 'service.hint', mirror: name, reason })
  let current = config.mirrors[name]?.trust ?? pinned
  return () => {
    const { mirrors } = live(hint)
    const now = mirrors[name] === undefined ? current : (mirrors[name].trust ?? pinned)
    if (!isDeepStrictEqual(now, current)) current = now
    return current
  }
}
