/**
 * Entries and groups that ask for a password, for iPXE: `GET /menu/NAME.ipxe` with the password in
 * its `Authorization` header (RFC 7617) is answered by the script that boots it. The password is
 * checked against the hash in the catalog, and neither kept nor told to anybody.
 *
 * Each address may be wrong five times in a minute, and all together sixty times: whoever guesses may
 * have many addresses, and a hash takes time in which nobody is served. What is tried beyond that is
 * not looked at.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { Lock } from '../../boot/menu/catalog.ts'
import { renderIpxeOpened } from '../../boot/menu/menu-ipxe.ts'
import { type MenuContext, findEntry } from '../../boot/menu/menu.ts'
import { opens } from '../../io/password-hash.ts'
import { type ClientRoute, clientOf } from '../http/http-client.ts'
import { type MenuSite, macFor, menuContext } from './menu-context.ts'

interface MenuRoute extends ClientRoute {
  readonly Params: { readonly name: string }
}

type Verdict =
  | { readonly type: 'opened' }
  | { readonly type: 'refused'; readonly status: number; readonly reason: string }

export function lockedMenuRoute(
  server: FastifyInstance,
  options: MenuSite & { readonly clock: Clock },
): void {
  const guard = new Guard(options.clock)
  server.get<MenuRoute>('/menu/:name(^[\\w.-]+).ipxe', async (request, reply) => {
    const { name } = request.params
    const client = clientOf(request)
    const context = menuContext(macFor(client, options), client, options)
    // As this machine sees it: another processor's entry of the same name has another password.
    const lock = findEntry(name, context)?.lock
    if (lock === undefined) return say(reply, 404, 'no entry of this name asks for a password')
    const password = passwordIn(request)
    if (password === undefined) {
      void reply.header('www-authenticate', `Basic realm="${name}", charset="UTF-8"`)
      return say(reply, 401, 'this entry asks for a password')
    }
    const about = { mac: context.mac, ip: client.ip, entry: name }
    const verdict = await guard.judge(client.ip, lock, password)
    if (verdict.type === 'refused') {
      options.emit({ type: 'menu.refused', ...about, reason: verdict.reason })
      return say(reply, verdict.status, verdict.reason)
    }
    options.emit({ type: 'menu.opened', ...about })
    return script(reply, name, context)
  })
}

function script(reply: FastifyReply, name: string, context: MenuContext): FastifyReply {
  const text = renderIpxeOpened(name, context)
  return text === undefined
    ? say(reply, 404, 'this machine cannot boot that')
    : reply.type(plain).header('cache-control', 'no-store').send(text)
}

const plain = 'text/plain; charset=utf-8'

function say(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type(plain).send(`${text}\n`)
}

/** RFC 7617 §2: a name, which does not matter here, a colon, the password. */
function passwordIn({ headers }: FastifyRequest<MenuRoute>): string | undefined {
  const [, encoded] = /^basic +([a-z0-9+/]+=*)$/i.exec(headers.authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  return /:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1]
}

/** Wrong ones within `triesAge`. */
const triesAllowed = { fromAddress: 5, fromAll: 60 } as const
/** Milliseconds. */
const triesAge = 60_000

interface Try {
  readonly ip: string
  readonly at: number
}

/**
 * Checks passwords, and counts the wrong ones. A right one takes back only itself: who knows the
 * password of one entry must not be able to guess that of another without end.
 */
class Guard {
  readonly #clock: Clock
  #wrong: readonly Try[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async judge(ip: string, lock: Lock, password: string): Promise<Verdict> {
    const now = this.#clock()
    const wrong = this.#wrong.filter(({ at }) => now - at < triesAge)
    const own = wrong.filter((each) => each.ip === ip)
    if (own.length >= triesAllowed.fromAddress || wrong.length >= triesAllowed.fromAll) {
      return { type: 'refused', status: 429, reason: 'too many wrong passwords: wait a minute' }
    }
    // Counted before it is looked at: several at once are several tries.
    const attempt = { ip, at: now }
    this.#wrong = [...wrong, attempt]
    if (!(await opens(lock, password))) {
      return { type: 'refused', status: 403, reason: 'wrong password' }
    }
    this.#wrong = this.#wrong.filter((each) => each !== attempt)
    return { type: 'opened' }
  }
}
