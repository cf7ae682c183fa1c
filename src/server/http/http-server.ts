/**
 * The HTTP service: boot files, menus, the API, the event stream and the page for people. Puts the
 * parts together; each has its own file. Never compresses, never redirects, always says how long an
 * answer is: boot loaders need the first and fear the others.
 *
 * Mirrors are plugins that the application registers on the instance, before it listens.
 */
import type { ServerResponse } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import { messageOf } from '../../core/errors.ts'
import { originForm } from '../../protocol/cache/policy.ts'
import { eventStream } from './event-stream.ts'
import { apiRoutes } from './http-api.ts'
import { fileRoutes } from './http-files.ts'
import type { HttpServerOptions } from './http-options.ts'
import { pageRoute } from './page-route.ts'

/** Not yet listening: register the mirrors, then `listen`. */
export function buildHttpServer(options: HttpServerOptions): FastifyInstance {
  const server = Fastify({
    rewriteUrl: ({ url }) => singleSlashes(url ?? '/'),
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: refuseInPlainWords,
    requestTimeout: 300_000,
    // Transfers that are running may end; see `closeInTime`.
    forceCloseConnections: 'idle',
  })
  server.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error)
    // What went wrong inside is for the log alone: a message may hold paths.
    if (status >= 500)
      options.hub.emit({ type: 'service.hint', reason: `http: ${messageOf(error)}` })
    return reply
      .code(status)
      .type(plain)
      .send(status >= 500 ? 'internal error\n' : `${messageOf(error)}\n`)
  })
  closeInTime(server)
  healthRoutes(server, options)
  pageRoute(server, options)
  void server.register((scope) => apiRoutes(scope, options), { prefix: '/api' })
  eventStream(server, options.hub)
  fileRoutes(server, options)
  return server
}

const plain = 'text/plain; charset=utf-8'

/** For what fastify refuses before any route, such as a broken `%` in a path. */
export function refuseInPlainWords(
  _error: unknown,
  _request: unknown,
  reply: { hijack(): unknown; readonly raw: ServerResponse },
): void {
  reply.hijack()
  const text = 'the request cannot be understood\n'
  reply.raw.writeHead(400, { 'content-type': plain, 'content-length': text.length }).end(text)
}

/**
 * The path of a request target, which proxies and some loaders send with scheme and host in front.
 * Firmware joins a folder and a name with one slash too many (`/t13//grubx64.efi`). A mirrored path
 * is the origin's: there, only the slashes that keep it from being found are taken away.
 */
export function singleSlashes(url: string): string {
  const found = originForm(url).replace(/^\/{2,}/, '/')
  if (found.startsWith('/vmw/')) return found
  const [path = '', ...query] = found.split('?')
  return [path.replaceAll(/\/{2,}/g, '/'), ...query].join('?')
}

function healthRoutes(server: FastifyInstance, { isReady, metrics }: HttpServerOptions): void {
  if (metrics !== undefined) {
    server.get('/metrics', async (_request, reply) => {
      return await reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics())
    })
  }
  server.get('/healthz', (_request, reply) => reply.type(plain).send('ok\n'))
  server.get('/readyz', (_request, reply) => {
    const ready = isReady()
    return reply
      .code(ready ? 200 : 503)
      .type(plain)
      .send(ready ? 'ready\n' : 'starting\n')
  })
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500
  return typeof status === 'number' && status >= 400 ? status : 500
}

/** A running transfer may take this long to end when the service stops, milliseconds. */
const closingTime = 5000

function closeInTime(server: FastifyInstance): void {
  server.addHook('preClose', (done) => {
    setTimeout(() => server.server.closeAllConnections(), closingTime).unref()
    done()
  })
}
