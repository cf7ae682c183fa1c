/** The API: what is known, as JSON, what machines tell us, and orders of the user's. */
import type { FastifyInstance } from 'fastify'
import { parseMac } from '../../core/address.ts'
import type { ServiceEvent } from '../../core/events.ts'
import type { Entry } from '../../boot/menu/catalog.ts'
import { type SeenMachine, splitBoots } from '../../boot/machine-table.ts'
import { tell } from '../../boot/story.ts'
import { parseReport, reportEvent, reportLimit } from '../boot/boot-report.ts'
import { peerAddress } from './http-client.ts'
import { hostsRoutes } from './hosts-api.ts'
import type { HttpServerOptions } from './http-options.ts'
import { tinyvmRoutes } from '../boot/tinyvm-api.ts'

/** The callers are the routes' scope: `fastify` is prefixed with `/api`. */
export async function apiRoutes(
  fastify: FastifyInstance,
  options: HttpServerOptions,
): Promise<void> {
  const { machines, catalog, leases, mirrors } = options
  fastify.get('/machines', () => ({ machines: machines.list().map(summaryOf) }))
  fastify.get<{ Querystring: { mac?: string } }>('/boots', ({ query }) => {
    const mac = query.mac === undefined ? undefined : parseMac(query.mac)
    const wanted = machines
      .list()
      .filter((machine) => query.mac === undefined || machine.mac === mac)
    return { machines: wanted.map(bootsOf) }
  })
  fastify.get('/leases', () => ({ leases: leases() }))
  fastify.get('/images', () => ({
    default: catalog.default,
    entries: catalog.entries.map(entryView),
  }))
  fastify.get('/mirrors', () => ({ mirrors: mirrors() }))
  await fastify.register((scope) => reportRoute(scope, options))
  const { tinyvm, hosts, hub } = options
  if (hosts !== undefined) {
    const orders = { ...hosts, emit: hub.emit }
    await fastify.register((scope) => hostsRoutes(scope, orders), { prefix: '/hosts' })
  }
  if (tinyvm === undefined) return
  const running = { ...tinyvm, emit: hub.emit }
  await fastify.register((scope) => tinyvmRoutes(scope, running), { prefix: '/tinyvm' })
}

/** Whatever type a small client gives its JSON, it is read as JSON. */
function reportRoute(fastify: FastifyInstance, { hub }: HttpServerOptions): Promise<void> {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser(
    '*',
    { parseAs: 'string', bodyLimit: reportLimit },
    (_request, body, done) => done(null, body),
  )
  fastify.post('/report', { bodyLimit: reportLimit }, (request, reply) => {
    const report = parseReport(request.body)
    const type = 'text/plain; charset=utf-8'
    if (typeof report === 'string') return reply.code(400).type(type).send(`${report}\n`)
    hub.emit(reportEvent(report, peerAddress(request)))
    return reply.type(type).send('ok\n')
  })
  return Promise.resolve()
}

/** Of what asks for a password neither the hash nor what it boots. */
function entryView(entry: Entry): object {
  const { type, name, title, key, lock } = entry
  if (lock !== undefined) return { type, name, title, key, isLocked: true }
  return 'entries' in entry ? { ...entry, entries: entry.entries.map(entryView) } : entry
}

function summaryOf({ steps, ...machine }: SeenMachine) {
  return { ...machine, boots: splitBoots(steps).length, last: stepOf(steps.at(-1)) }
}

function bootsOf({ mac, name, steps }: SeenMachine) {
  const boots = splitBoots(steps).map((boot) => ({
    begun: boot[0]?.at,
    isUp: boot.some((step) => step.type === 'machine.up'),
    steps: boot.map(stepOf),
  }))
  return { mac, name, boots }
}

/** An event with its sentence. */
function stepOf(event: ServiceEvent | undefined) {
  return event === undefined ? undefined : { ...event, text: tell(event) }
}
