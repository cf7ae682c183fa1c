/** The page at `/`, with a policy that lets only its own script run. */
import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { HttpServerOptions } from './http-options.ts'
import { pageScript, renderPage } from './page.ts'

export function pageRoute(server: FastifyInstance, options: HttpServerOptions): void {
  const { serving, machines, leases, mirrors, catalog, hosts } = options
  server.get('/', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('content-security-policy', policy)
      .header('x-content-type-options', 'nosniff')
      .send(
        renderPage({
          serving: serving(),
          hosts: hosts?.orders.list() ?? [],
          machines: machines.list(),
          leases: leases(),
          mirrors: mirrors(),
          catalog,
        }),
      ),
  )
}

const scriptHash = createHash('sha256').update(pageScript).digest('base64')

const policy = [
  "default-src 'none'",
  `script-src 'sha256-${scriptHash}'`,
  "style-src 'unsafe-inline'",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')
