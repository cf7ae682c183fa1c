/**
 * The origin behind the mirrors: `node origin.ts PORT` serves `/vmw/cache/SIZE/…` with SIZE octets.
 * A program of its own, so that it runs in the bench's namespace.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

const bodies = new Map<number, Buffer>()

createServer((request, response) => {
  const size = Number(/^\/vmw\/cache\/(\d+)\//.exec(request.url ?? '')?.[1] ?? Number.NaN)
  if (Number.isNaN(size)) return void response.writeHead(404).end()
  const body = bodies.get(size) ?? randomBytes(size)
  bodies.set(size, body)
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': size,
    'last-modified': 'Sat, 21 Nov 2026 10:00:00 GMT',
  })
  response.end(body)
}).listen(Number(process.argv[2]), '127.0.0.1')
