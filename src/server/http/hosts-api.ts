/**
 * `/api/hosts`: how each host stands, for everybody, and orders to them, which need the token that
 * lies in the data folder. A page somewhere cannot make a browser send that.
 */
import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Emit } from '../../core/events.ts'
import type { HostOrders, Ordered } from '../boot/host-orders.ts'
import { peerAddress } from './http-client.ts'

export interface HostsApiOptions {
  readonly orders: Pick<HostOrders, 'list' | 'arm' | 'disarm' | 'boot'>
  /** What `Authorization: Bearer` must bring. */
  readonly token: string
  readonly emit: Emit
}

interface HostRoute {
  readonly Params: { readonly name: string }
}

const bootOrder = z.strictObject({ entry: z.string() })
/** Octets. */
const orderLimit = 4096

/** `fastify` is prefixed with `/api/hosts`. */
export function hostsRoutes(fastify: FastifyInstance, options: HostsApiOptions): Promise<void> {
  const { orders } = options
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'GET' || request.method === 'HEAD' || hasToken(request, options.token)) {
      return done()
    }
    refuse(request, reply, options.emit)
  })
  fastify.get('/', () => ({ hosts: orders.list() }))
  fastify.post<HostRoute>('/:name/arm', { bodyLimit: orderLimit }, async ({ params }, reply) =>
    answer(reply, await orders.arm(params.name)),
  )
  fastify.post<HostRoute>('/:name/disarm', { bodyLimit: orderLimit }, ({ params }, reply) =>
    answer(reply, orders.disarm(params.name)),
  )
  fastify.post<HostRoute>('/:name/boot', { bodyLimit: orderLimit }, ({ params, body }, reply) => {
    const order = bootOrder.safeParse(body)
    if (order.success) return answer(reply, orders.boot(params.name, order.data.entry))
    return reply.code(400).send({ text: 'the body is not {"entry": "NAME"}' })
  })
  return Promise.resolve()
}

function answer(reply: FastifyReply, { status, text }: Ordered): FastifyReply {
  return reply.code(status).send({ text })
}

function refuse(request: FastifyRequest, reply: FastifyReply, emit: Emit): void {
  const [file = ''] = request.url.slice(1).split('?')
  emit({ type: 'api.refused', ip: peerAddress(request), method: request.method, file })
  const text = 'this needs "Authorization: Bearer TOKEN": the token is in data/api-token'
  void reply.code(401).header('www-authenticate', 'Bearer').send({ text })
}

/** RFC 6750 §2.1. Tells nothing by the time that it takes. */
function hasToken({ headers }: FastifyRequest, token: string): boolean {
  const [, given = ''] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
  const [one, other] = [Buffer.from(given), Buffer.from(token)]
  return one.length === other.length && timingSafeEqual(one, other)
}
