/**
 * Boot files over HTTP: the boot tree at the root and the user's folder under `/files/`. Says in
 * events what each machine loaded, and answers what is not there at once and in plain words.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { messageOf } from '../../core/errors.ts'
import { nearest } from '../../boot/nearest.ts'
import { isOptional } from '../../boot/loader/optional-files.ts'
import type { Client, FileTree } from '../../io/files/file-tree.ts'
import { type ClientRoute, clientOf } from './http-client.ts'
import type { HttpServerOptions } from './http-options.ts'
import { sendFile } from './send-file.ts'

export function fileRoutes(server: FastifyInstance, options: HttpServerOptions): void {
  const files = new FileRoutes(options)
  const { tree, userFiles } = options
  if (userFiles !== undefined) {
    server.route<TreeRoute>({
      method: ['GET', 'HEAD'],
      url: '/files/*',
      handler: (request, reply) => files.serve(request, reply, userFiles),
    })
  }
  server.route<TreeRoute>({
    method: ['GET', 'HEAD'],
    url: '/*',
    handler: (request, reply) => files.serve(request, reply, tree),
  })
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).type(plain).send('nothing here answers this method\n'),
  )
}

interface TreeRoute extends ClientRoute {
  readonly Params: { readonly '*': string }
}

type TreeRequest = FastifyRequest<TreeRoute>

const plain = 'text/plain; charset=utf-8'

class FileRoutes {
  readonly #options: HttpServerOptions
  readonly #listings = new Map<FileTree, Listing>()

  constructor(options: HttpServerOptions) {
    this.#options = options
  }

  async serve(request: TreeRequest, reply: FastifyReply, tree: FileTree): Promise<unknown> {
    const path = request.params['*']
    const client = clientOf(request)
    const file = await tree.open(path, client)
    if (file === undefined) return this.#miss(request, reply, tree, client)
    const { hub, clock } = this.#options
    const begun = clock()
    const about = this.#about(request, client)
    try {
      const sent = await sendFile(request, reply, file, {
        'content-type': contentType(path),
        // Stored by nobody without asking again: what a name means here changes with the settings.
        'cache-control': 'no-cache',
      })
      if (request.method === 'HEAD') return reply
      const { status, bytes, complete } = sent
      const type = complete ? 'http.done' : 'http.abort'
      hub.emit({ type, ...about, status, bytes, ms: clock() - begun })
    } catch (error) {
      hub.emit({ type: 'http.abort', ...about, reason: messageOf(error) })
    }
    return reply
  }

  #about(request: TreeRequest, { mac, ip }: Client) {
    const agent = request.headers['user-agent']?.slice(0, 100)
    // The path alone: what stands behind `?` may be a secret.
    const [path = ''] = request.url.split('?')
    const file = decoded(path).replace(/^\//, '')
    return { mac: mac ?? this.#options.macOf(ip), ip, file, method: request.method, agent }
  }

  async #miss(
    request: TreeRequest,
    reply: FastifyReply,
    tree: FileTree,
    client: Client,
  ): Promise<unknown> {
    const path = request.params['*']
    const lines = [`no such file: ${path}`]
    if (!isOptional(path) && path.length <= longestPath) {
      const close = nearest(path, await this.#paths(tree))
      const about = this.#about(request, client)
      this.#options.hub.emit({ type: 'http.missing', ...about, status: 404, nearest: close })
      if (close !== undefined) lines.push(`nearest: ${close}`)
    }
    return reply
      .code(404)
      .type(plain)
      .send(`${lines.join('\n')}\n`)
  }

  /** Listed anew every few seconds at most: a folder may be large, and a miss must be quick. */
  #paths(tree: FileTree): Promise<readonly string[]> {
    const at = this.#options.clock()
    const known = this.#listings.get(tree)
    if (known !== undefined && at - known.at < listingAge) return known.paths
    const paths = tree.list().then((all) => all.slice(0, mostCompared))
    this.#listings.set(tree, { at, paths })
    return paths
  }
}

interface Listing {
  readonly at: number
  readonly paths: Promise<readonly string[]>
}

const listingAge = 5000
/** Longer ones are nobody's typing slip. */
const longestPath = 200
/** Comparing takes time with each path. */
const mostCompared = 2000

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** UEFI HTTP boot goes by the type (UEFI 2.10 §24.7.3); for the others anything will do. */
const contentTypes: Readonly<Record<string, string>> = {
  efi: 'application/efi',
  iso: 'application/vnd.efi-iso',
  img: 'application/vnd.efi-img',
  ipxe: plain,
  cfg: plain,
  txt: plain,
  html: 'text/html; charset=utf-8',
  json: 'application/json',
}

function contentType(path: string): string {
  const name = path.split('/').at(-1)?.toLowerCase() ?? ''
  const known = contentTypes[/\.([a-z]+)$/.exec(name)?.[1] ?? '']
  const isMenu = path.includes('pxelinux.cfg/') || name === 'tramp'
  return known ?? (isMenu ? plain : 'application/octet-stream')
}
