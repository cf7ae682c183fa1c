/** A plain web server whose every answer the test writes itself, and that counts what it is asked. */
import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type FixtureOptions, mirrorFixture } from './mirror-fixture.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => unknown

export interface WebOrigin extends AsyncDisposable {
  readonly url: URL
  /** `GET /path`, in the order in which they came. */
  readonly asked: string[]
  readonly headers: IncomingMessage['headers'][]
  /** Answers from now on. `count` is how often this path was asked for, from 1 on. */
  handler: Handler
  close(): Promise<void>
}

export async function webOrigin(handler: Handler): Promise<WebOrigin> {
  const counts = new Map<string, number>()
  const server: Server = createServer((request, response) => {
    const { method, url = '' } = request
    origin.asked.push(`${method} ${url}`)
    origin.headers.push(request.headers)
    response.sendDate = false // tests move the mirror's clock
    counts.set(url, (counts.get(url) ?? 0) + 1)
    return origin.handler(request, response, counts.get(url) ?? 0)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  const origin: WebOrigin = {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    asked: [],
    headers: [],
    handler,
    close,
    [Symbol.asyncDispose]: close,
  }
  return origin
}

/** A mirror with the profile `generic` before it. */
export function mirrorOf(origin: WebOrigin, options: FixtureOptions = {}) {
  return mirrorFixture({
    ...options,
    mirror: { origin: origin.url, profile: 'generic', hostHeader: 'upstream', ...options.mirror },
  })
}
