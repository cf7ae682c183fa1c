/** The configured mirrors: one store for all, a port for each, and what they are trusted by. */
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Mac } from '../core/address.ts'
import { InputError, messageOf } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { Emit } from '../core/events.ts'
import { ContentStore } from '../io/content-store.ts'
import type { OriginTrust } from '../io/origin-trust.ts'
import { type Mirror, mirror } from '../server/mirror.ts'
import type { Config } from './config-schema.ts'

export interface OpenMirror {
  readonly mirror: Mirror
  readonly port: number
  /** Answers on the mirror's own port; not yet listening. */
  readonly server: FastifyInstance
}

export interface MirrorsOptions {
  readonly config: Config
  readonly macOf: (ip: string) => Mac | undefined
  readonly emit: Emit
  readonly clock: Clock
}

/** Throws InputError when a CA file cannot be read. */
export async function openMirrors(options: MirrorsOptions): Promise<readonly OpenMirror[]> {
  const { config, clock } = options
  const configured = Object.entries(config.mirrors)
  if (configured.length === 0) return []
  const { directory, size } = config.cache
  const store = await ContentStore.open({ directory, maxBytes: size, clock })
  return await Promise.all(
    configured.map(async ([name, settings]) => {
      const opened = openMirror(name, settings, options, store)
      const server = Fastify({ forceCloseConnections: true })
      await server.register(opened.plugin)
      return { mirror: opened, port: settings.port, server }
    }),
  )
}

function openMirror(
  name: string,
  settings: Config['mirrors'][string],
  { config, emit, macOf }: MirrorsOptions,
  store: ContentStore,
): Mirror {
  const { origin, servername, hostHeader, profile } = settings
  const trust: OriginTrust = settings.trust ?? { pinFile: join(config.data, 'origins', name) }
  try {
    return mirror({ name, origin, trust, servername, hostHeader, profile, store, emit, macOf })
  } catch (error) {
    throw new InputError([`mirrors.${name}.trust: ${messageOf(error)}`])
  }
}
