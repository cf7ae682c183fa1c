/**
 * What a running TinyVM asks of us: the password that people log in with, and to remember its static
 * addresses. Both only for a machine of our networks, about itself: who it is follows from the
 * address that it asks from, never from what it says.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Mac } from '../../core/address.ts'
import type { Emit } from '../../core/events.ts'
import { type AddressBook, addressWords } from './address-book.ts'
import { parseAddressChange } from './address-request.ts'
import { peerAddress } from '../http/http-client.ts'

export interface TinyvmApiOptions {
  /** SHA-512 crypt hash; without one each TinyVM makes a password of its own. */
  readonly password?: string | undefined
  readonly addresses: AddressBook
  /** By lease or as a neighbour: who gets the password, and whose addresses it may change. */
  readonly macOf: (ip: string) => Mac | undefined
  readonly emit: Emit
}

const plainText = 'text/plain; charset=utf-8'
const stranger = 'only a machine that Bootlace knows by its lease or its neighbours is answered\n'

/** `fastify` is prefixed with `/api/tinyvm`. */
export function tinyvmRoutes(fastify: FastifyInstance, options: TinyvmApiOptions): Promise<void> {
  const { password, addresses, macOf, emit } = options
  const macFrom = (request: FastifyRequest) => macOf(peerAddress(request))

  fastify.get('/password', (request, reply) => {
    reply.header('cache-control', 'no-store').type(plainText)
    if (macFrom(request) === undefined) return reply.code(403).send(stranger)
    return password === undefined ? reply.code(204).send() : reply.send(`${password}\n`)
  })

  // Only JSON is read here: a web page somewhere cannot make a browser send that to us.
  fastify.post('/addresses', { bodyLimit: 4096 }, (request, reply) => {
    reply.type(plainText)
    const mac = macFrom(request)
    if (mac === undefined) return reply.code(403).send(stranger)
    const change = parseAddressChange(request.body)
    if (typeof change === 'string') return reply.code(400).send(`${change}\n`)
    const refusal = addresses.change(mac, change)
    if (refusal !== undefined) return reply.code(409).send(`${refusal}\n`)
    const detail = addressWords(addresses.of(mac))
    emit({ type: 'tinyvm.addresses', mac, ip: peerAddress(request), detail })
    return reply.send(`Bootlace remembers for ${mac}: ${detail}\n`)
  })
  return Promise.resolve()
}
