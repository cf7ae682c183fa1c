/**
 * `/ks/TOKEN/FILE`: the answers of a machine that installs itself, and `/ks/TOKEN/done`, by which it
 * reports that it is installed. Nothing of the path is logged: who knows the token is half the machine.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Emit } from '../../core/events.ts'
import { type ClientRoute, clientOf } from '../http/http-client.ts'
import type { Asker, InstallAnswers } from './install-answers.ts'
import { urlFor } from './menu-context.ts'

export interface AnswersRouteOptions {
  readonly answers: Pick<InstallAnswers, 'hand' | 'report' | 'refuse'>
  readonly httpPort: number
  readonly emit: Emit
}

interface AnswersRoute extends ClientRoute {
  readonly Params: { readonly token: string; readonly '*': string }
}

type AnswersRequest = FastifyRequest<AnswersRoute>

const plain = 'text/plain; charset=utf-8'
/** What reports that it is done may say more, which nobody reads. Octets. */
const reportLimit = 64 * 1024

export function answersRoute(server: FastifyInstance, options: AnswersRouteOptions): void {
  void server.register((scope) => routes(scope, options), { prefix: '/ks' })
}

function routes(scope: FastifyInstance, options: AnswersRouteOptions): Promise<void> {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: reportLimit },
    (_request, _body, done) => done(null),
  )
  scope.all<AnswersRoute>('/:token/done', (request, reply) => {
    const isKnown = options.answers.report(request.params.token, askerOf(request, options))
    return say(reply, isKnown ? 200 : 403, isKnown ? 'ok' : refusal)
  })
  scope.route<AnswersRoute>({
    method: ['GET', 'HEAD'],
    url: '/:token/*',
    handler: (request, reply) => hand(request, reply, options),
  })
  // Without a file or without a token: nobody's, and not for the folder of files to look for.
  scope.route<AnswersRoute>({
    method: ['GET', 'HEAD'],
    url: '/*',
    handler: (request, reply) => {
      options.answers.refuse(askerOf(request, options))
      return say(reply, 403, refusal)
    },
  })
  return Promise.resolve()
}

const refusal = 'these are not your answers, or not now'

async function hand(
  request: AnswersRequest,
  reply: FastifyReply,
  options: AnswersRouteOptions,
): Promise<FastifyReply> {
  const { token, '*': name } = request.params
  const asker = askerOf(request, options)
  const isWanted = request.method !== 'HEAD'
  const handed = await options.answers.hand({ token, name }, asker, isWanted)
  if (handed.type === 'refused') return say(reply, 403, refusal)
  if (handed.type === 'missing') {
    return say(reply, 404, `there is no such file; there are: ${handed.names.join(', ')}`)
  }
  const { file, host } = handed
  if (isWanted) {
    options.emit({ type: 'answers.served', ip: asker.ip, mac: host.mac, file: file.name })
  }
  const { octets, text } = file
  const body = octets === undefined ? text : Buffer.from(octets)
  return reply.type(file.type).header('cache-control', 'no-store').send(body)
}

function askerOf(request: AnswersRequest, options: AnswersRouteOptions): Asker {
  const client = clientOf(request)
  return { ip: client.ip, url: urlFor(client, options) }
}

function say(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type(plain).header('cache-control', 'no-store').send(`${text}\n`)
}
