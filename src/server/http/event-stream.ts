/**
 * `/events`: every event as it happens, as server-sent events (HTML standard §9.2): one `data:`
 * line of JSON each. Nothing is kept for those who come later, and who reads too slowly is let go.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { EventHub } from '../event-hub.ts'

export function eventStream(server: FastifyInstance, hub: EventHub): void {
  const listeners = new Set<ServerResponse>()
  server.route({
    method: ['GET', 'HEAD'],
    url: '/events',
    handler: (request, reply) => {
      reply.hijack()
      const response = reply.raw
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      if (request.method === 'HEAD') return void response.end()
      if (listeners.size >= mostListeners) return void response.end('retry: 30000\n\n')
      // A browser that lost us comes back after this many milliseconds.
      response.write('retry: 2000\n\n')
      follow(response, hub, listeners)
    },
  })
  server.addHook('preClose', (done) => {
    for (const response of listeners) response.end()
    done()
  })
}

const mostListeners = 100
/** Octets that may wait for a slow reader. */
const mostWaiting = 1024 * 1024
/** A comment now and then shows both sides that the connection lives, milliseconds. */
const heartbeat = 20_000

function follow(response: ServerResponse, hub: EventHub, listeners: Set<ServerResponse>): void {
  const send = (text: string) => {
    if (response.writableLength > mostWaiting) response.destroy()
    else if (!response.writableEnded) response.write(text)
  }
  listeners.add(response)
  const stop = hub.subscribe((event) => send(`data: ${JSON.stringify(event)}\n\n`))
  const beat = setInterval(() => send(': \n\n'), heartbeat).unref()
  response.once('close', () => {
    stop()
    clearInterval(beat)
    listeners.delete(response)
  })
}
